#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace mr::hog {

// A variable of an enclosing function that a function captures: a local of the function right
// around it, or one that this function captures itself.
struct Upvalue {
  bool is_local;
  size_t index;

  auto operator<=>(const Upvalue&) const = default;
};

// The variables of one function while it is compiled. A local's index is its place on the machine's
// stack, counted from the function's frame; blocks open and close scopes inside of it. Names are
// views that must outlive the scope.
class FunctionScope {
 public:
  explicit FunctionScope(FunctionScope* enclosing) : enclosing_(enclosing) {}

  void open() { ++depth_; }

  // Ends the innermost scope. For each variable that goes, newest first, whether some function has
  // captured it.
  std::vector<bool> close();

  // A new variable in the innermost scope; nothing if that name is taken there.
  std::optional<size_t> declare(std::string_view name);

  // The variable of that name, the innermost if there are several.
  std::optional<size_t> find_local(std::string_view name) const;

  // The place among this function's upvalues of a variable of the enclosing functions; makes one
  // when it is captured for the first time, here and in the functions between.
  std::optional<size_t> find_upvalue(std::string_view name);

  // A variable whose first value is being computed must not be read in that computation.
  void set_initialising(size_t index, bool is) { locals_[index].initialising = is; }
  bool is_initialising(size_t index) const { return locals_[index].initialising; }

  const std::vector<Upvalue>& upvalues() const { return upvalues_; }

  // Appends the names that can be seen from here, those of the enclosing functions as well.
  void append_names(std::vector<std::string_view>& names) const;

 private:
  struct Local {
    std::string_view name;
    int depth;
    bool captured;
    bool initialising;
  };

  size_t add_upvalue(Upvalue upvalue);

  FunctionScope* enclosing_;
  int depth_ = 0;
  std::vector<Local> locals_;
  // The places of each name's variables, the innermost last.
  std::map<std::string_view, std::vector<size_t>> places_;
  std::vector<Upvalue> upvalues_;
  std::map<Upvalue, size_t> upvalue_places_;
};

}  // namespace mr::hog
