#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/json_reader.h"

namespace mr::json {

// A key, unescaped, and the exact JSON text of its value.
struct Member {
  std::string_view key;
  std::string_view raw;
};

// One JSON object, shallow and ordered: keys with the raw text of their values. What nobody sets
// leaves exactly as it came, so numbers keep their digits and strings their escapes. A repeated key
// keeps its first place and its last value.
//
// Views given out (keys and raw values) hold as long as the object lives, also when it is moved,
// changed or the member is erased; `set` therefore never frees what it replaces. One owner, one
// thread at a time (find may build an index).
class Object {
 public:
  Object() = default;
  Object(Object&& other) noexcept : Object() { swap(other); }
  Object& operator=(Object&& other) noexcept {
    swap(other);
    return *this;
  }
  // A copy owns all of its text.
  Object(const Object& other) : Object() { *this = other; }
  Object& operator=(const Object& other);

  // Reads exactly one object in valid UTF-8 within depth_max. `parse` keeps a copy of the text,
  // `parse_borrowed` points into it: the text must then outlive the object and its moves.
  // Errors: invalid_input, naming the byte.
  static Result<Object> parse(std::string_view text);
  static Result<Object> parse_borrowed(std::string_view text);
  // Reads the object that comes next in a larger text, borrowing from it. On failure the reader is
  // not ok() and the object is partial. UTF-8 is the caller's matter, as everywhere with a Reader.
  static Object read(Reader& reader);

  size_t size() const { return members_.size(); }
  bool empty() const { return members_.empty(); }
  // In order of first appearance. Invalidated by set and erase, the views inside are not.
  auto begin() const { return members_.begin(); }
  auto end() const { return members_.end(); }

  bool contains(std::string_view key) const { return find(key).has_value(); }
  // The raw value of the key.
  std::optional<std::string_view> find(std::string_view key) const;
  // The text of the key's value if that is a string, unescaped.
  std::optional<std::string> find_text(std::string_view key) const;

  // Puts a copy of the well-formed value `raw` under the key: in place, or at the end.
  void set(std::string_view key, std::string_view raw);
  // The same for a value made from plain text.
  void set_text(std::string_view key, std::string_view text);
  // Removes the key; false if it was not there. Linear in the size of the object.
  bool erase(std::string_view key);
  // Removes every key for which the predicate holds, in one pass.
  template <typename Predicate>
  void erase_if(Predicate predicate) {
    std::erase_if(members_, [&](const Member& member) { return predicate(member); });
    index_.clear();
  }
  // Puts every member of `other` over this object's.
  void overlay(const Object& other);

  // Compact between members; values as they are.
  std::string to_json() const;
  void append_json(std::string& out) const;
  // The same without the braces.
  void append_members(std::string& out) const;

  void swap(Object& other) noexcept;

 private:
  static constexpr size_t absent = static_cast<size_t>(-1);

  size_t position_of(std::string_view key) const;
  std::string_view keep(std::string_view text);
  void put(std::string_view key, std::string_view raw, bool key_is_kept);
  bool may_contain(std::string_view key) const;
  void read_members(Reader& reader);
  Result<void> read_text(std::string_view text);

  std::vector<Member> members_;
  // Texts that the views point into, apart from a borrowed source. A chunk never moves.
  std::vector<std::unique_ptr<char[]>> chunks_;
  size_t chunk_left_ = 0;
  char* chunk_next_ = nullptr;
  // Key to position, built by need once the object is large; empty when stale.
  // A tree and not a hash table: keys come from outside, and nobody can choose them to make it
  // slow.
  mutable std::map<std::string_view, size_t> index_;
  // A set bit for each key's summary: a clear one means that the key is not there. Bits of erased
  // keys stay.
  std::array<uint64_t, 4> seen_{};
};

}  // namespace mr::json
