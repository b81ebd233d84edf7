#pragma once

#include <string_view>
#include <vector>

#include "hog/parser.h"
#include "hog/program.h"
#include "hog/scope.h"

namespace mr::hog {

// How many cells a program may be compiled to. Some forms repeat an operand (`between`), so a short
// source could otherwise become a huge program.
inline constexpr size_t compiled_cells_max = 1'000'000;
inline constexpr size_t warnings_max = 100;

// What the compiler may be told about the world that the program will run in.
struct CompileOptions {
  // The functions and the globals that there will be; when given, unknown ones are warned of.
  std::vector<std::string_view> functions;
  std::vector<std::string_view> globals;
};

struct Compilation {
  Program program;
  std::vector<CompileWarning> warnings;
};

// All stages: source in, bytecode out. Every form but a program leaves the expression's value as
// the result.
Compiled<Compilation> compile(std::string_view source, SourceForm form,
                              const CompileOptions& options = {});

// Third stage: syntax tree in, bytecode out, in one walk over the tree.
//
// The machine has a stack; each local variable is a place on it. So an expression leaves one value
// on the stack, a statement none but the variables that it declares, and the end of a block removes
// these again. Bytecode is made in exactly the order in which the reference makes it, so that both
// give the same cells.
class Compiler {
 public:
  explicit Compiler(const CompileOptions& options) : options_(options), scope_(&root_) {}

  Compiled<Compilation> compile(const SyntaxTree& tree);

 private:
  using Code = std::vector<Cell>;

  // One way through a choice: `when`, or whether the subject equals it, and the result.
  struct Branch {
    const Expression* subject;
    const Expression* when;
    const Expression* then;
  };

  // Statements (compiler_statements.cc).
  Compiled<void> block(const Block& block);
  Compiled<void> statements(const Block& block);
  Compiled<void> statement(const Statement& node);
  Compiled<void> visit(const Let& let, Span span);
  Compiled<void> visit(const Assign& assign, Span span);
  Compiled<void> visit(const ExpressionStatement& statement, Span span);
  Compiled<void> visit(const Return& statement, Span span);
  Compiled<void> visit(const Throw& statement, Span span);
  Compiled<void> visit(const If& choice, Span span);
  Compiled<void> visit(const While& loop, Span span);
  Compiled<void> visit(const For& loop, Span span);
  Compiled<void> visit(const ForIn& loop, Span span);
  Compiled<void> visit(const Function& function, Span span);
  Compiled<void> visit(const Try& attempt, Span span);
  Compiled<void> visit(const Block& inner, Span span);
  // `whole`: the variable itself is assigned to, not a place inside of it.
  Compiled<void> assign_field(const Field& field, const Expression& value, bool whole, Span span);
  Compiled<void> for_in_hidden(const ForIn& loop, std::vector<size_t>* slots);
  Compiled<void> catch_clause(const Catch& handler, size_t error_slot, size_t type_slot,
                              std::vector<size_t>* ends);

  // Expressions (compiler_expressions.cc).
  Compiled<void> expression(const Expression& node);
  Compiled<void> expressions(const ExpressionList& list);
  Compiled<void> visit_expression(const Constant& constant, Span span);
  Compiled<void> visit_expression(const Field& field, Span span);
  Compiled<void> visit_expression(const Binary& binary, Span span);
  Compiled<void> visit_expression(const Logical& logical, Span span);
  Compiled<void> visit_expression(const Not& negation, Span span);
  Compiled<void> visit_expression(const Negate& negation, Span span);
  Compiled<void> visit_expression(const Concatenation& concatenation, Span span);
  Compiled<void> visit_expression(const Between& between, Span span);
  Compiled<void> visit_expression(const IsNull& question, Span span);
  Compiled<void> visit_expression(const Conditional& conditional, Span span);
  Compiled<void> visit_expression(const Coalesce& coalesce, Span span);
  Compiled<void> visit_expression(const Case& choice, Span span);
  Compiled<void> visit_expression(const Access& access, Span span);
  Compiled<void> visit_expression(const Call& call, Span span);
  Compiled<void> visit_expression(const CallValue& call, Span span);
  Compiled<void> visit_expression(const ArrayLiteral& array, Span span);
  Compiled<void> visit_expression(const TupleLiteral& tuple, Span span);
  Compiled<void> visit_expression(const DictLiteral& dict, Span span);
  Compiled<void> visit_expression(const Lambda& lambda, Span span);
  Compiled<void> visit_expression(const Template& pieces, Span span);
  Compiled<void> visit_expression(const Tag& tag, Span span);
  Compiled<bool> inlined_call(const Call& call, Span span);
  Compiled<void> choose(const std::vector<Branch>& branches, const Expression* otherwise);
  Compiled<void> condition(const Branch& branch);
  Compiled<void> coalesce(const Expression& left, const Expression& right);
  Compiled<void> compare(Opcode operation, const Expression& left, const Expression& right);
  Compiled<bool> variable(std::string_view name, Span span);
  bool is_variable(std::string_view name);

  // Emitting (compiler.cc).
  template <typename... Cells>
  void emit(Cells&&... cells) {
    (code_.emplace_back(std::forward<Cells>(cells)), ...);
  }
  void emit_index(Opcode opcode, size_t index) { emit(opcode, static_cast<int64_t>(index)); }
  void append(Code code);
  size_t jump(Opcode opcode);
  void land(size_t operand);
  void jump_back(size_t target);
  void close_scope();
  Compiled<size_t> declare(std::string_view name, Span span);
  template <typename Body>
  Compiled<void> closure(std::string_view name, const std::vector<Identifier>& parameters,
                         Body body);
  template <typename Work>
  Compiled<Code> apart(Work work);
  Compiled<void> check_size(Span span) const;
  void warn(Span span, std::string message, std::string hint = {});
  std::string nearest_variable(std::string_view name) const;

  const CompileOptions& options_;
  Code code_;
  size_t cells_apart_ = 0;  // in pieces that are not yet part of code_
  FunctionScope root_{nullptr};
  FunctionScope* scope_;
  int loops_ = 0;  // around the place that is compiled
  std::vector<CompileWarning> warnings_;
};

// Compiles a piece that is not appended yet: the reference looks at some pieces in another order
// than it puts them.
template <typename Work>
Compiled<Compiler::Code> Compiler::apart(Work work) {
  cells_apart_ += code_.size();
  Code piece;
  piece.swap(code_);
  const Compiled<void> done = work();
  piece.swap(code_);
  cells_apart_ -= code_.size();
  if (!done) return std::unexpected(done.error());
  return piece;
}

// A function value: its body, behind a header, and what it captures.
template <typename Body>
Compiled<void> Compiler::closure(std::string_view name, const std::vector<Identifier>& parameters,
                                 Body body) {
  FunctionScope inner(scope_);
  FunctionScope* const outer = std::exchange(scope_, &inner);
  const int loops = std::exchange(loops_, 0);
  emit(Opcode::callable, std::string(name), static_cast<int64_t>(parameters.size()));
  const size_t counts = code_.size();
  emit(Cell(), Cell());  // how many upvalues, how long the body: known afterwards
  Compiled<void> done;
  for (const Identifier& parameter : parameters) {
    const auto declared = declare(parameter.text, parameter.span);
    if (!declared && done) done = std::unexpected(declared.error());
  }
  if (done) done = body();
  scope_ = outer;
  loops_ = loops;
  MR_CHECK(done);
  code_[counts] = static_cast<int64_t>(inner.upvalues().size());
  code_[counts + 1] = static_cast<int64_t>(code_.size() - counts - 2);
  emit_index(Opcode::closure, inner.upvalues().size());
  for (const Upvalue& upvalue : inner.upvalues()) {
    emit(upvalue.is_local, static_cast<int64_t>(upvalue.index));
  }
  return {};
}

}  // namespace mr::hog
