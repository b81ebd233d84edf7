#include "hog/compiler.h"

namespace mr::hog {

Compiled<Compilation> compile(std::string_view source, SourceForm form,
                              const CompileOptions& options) {
  MR_TRY(const SyntaxTree tree, parse(source, form));
  return Compiler(options).compile(tree);
}

Compiled<Compilation> Compiler::compile(const SyntaxTree& tree) {
  code_.reserve(512);
  emit(std::string(program_marker), program_version);
  MR_CHECK(tree.expression != nullptr ? expression(*tree.expression) : block(tree.program));
  MR_CHECK(check_size({}));
  return Compilation{{std::move(code_)}, std::move(warnings_)};
}

void Compiler::append(Code code) {
  code_.insert(code_.end(), std::make_move_iterator(code.begin()),
               std::make_move_iterator(code.end()));
}

// Emits a jump to a place that is not known yet; gives the operand for land().
size_t Compiler::jump(Opcode opcode) {
  emit(opcode, Cell());
  return code_.size() - 1;
}

// Makes that jump lead here.
void Compiler::land(size_t operand) {
  code_[operand] = static_cast<int64_t>(code_.size() - operand - 1);
}

void Compiler::jump_back(size_t target) {
  emit(Opcode::jump);
  emit(static_cast<int64_t>(target) - static_cast<int64_t>(code_.size()) - 1);
}

// Removes the innermost scope's variables from the stack; captured ones live on in their closures.
void Compiler::close_scope() {
  for (const bool captured : scope_->close()) {
    emit(captured ? Opcode::close_upvalue : Opcode::pop);
  }
}

Compiled<size_t> Compiler::declare(std::string_view name, Span span) {
  if (const auto index = scope_->declare(name)) return *index;
  return semantic_error(span, "Variable `" + std::string(name) + "` already declared in this scope",
                        "assign to it with `:=`, or choose another name");
}

Compiled<void> Compiler::check_size(Span span) const {
  if (code_.size() + cells_apart_ <= compiled_cells_max) return {};
  return std::unexpected(CompileError{
      CompileErrorKind::limit,
      "this compiles to more than " + std::to_string(compiled_cells_max) + " cells of bytecode",
      span, "give parts of it names with `let`"});
}

void Compiler::warn(Span span, std::string message, std::string hint) {
  if (warnings_.size() < warnings_max) {
    warnings_.push_back({std::move(message), span, std::move(hint)});
  }
}

// The declared variable that was probably meant.
std::string Compiler::nearest_variable(std::string_view name) const {
  std::vector<std::string_view> names;
  scope_->append_names(names);
  std::erase_if(names, [](std::string_view known) { return known.starts_with("__H_"); });
  return nearest_name(name, names);
}

}  // namespace mr::hog
