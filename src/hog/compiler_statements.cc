#include "hog/compiler.h"

namespace mr::hog {
namespace {

// The variables that the reference makes for every `catch`.
constexpr std::string_view error_name = "e";
constexpr std::string_view error_type_name = "type";
constexpr std::string_view catches_all = "Error";

bool ends_with_return(const Block& block) {
  return !block.statements.empty() && std::holds_alternative<Return>(block.statements.back()->form);
}

}  // namespace

Compiled<void> Compiler::block(const Block& block) {
  scope_->open();
  MR_CHECK(statements(block));
  close_scope();
  return {};
}

Compiled<void> Compiler::statements(const Block& block) {
  for (const Statement* node : block.statements) MR_CHECK(statement(*node));
  return {};
}

Compiled<void> Compiler::statement(const Statement& node) {
  MR_CHECK(check_size(node.span));
  return std::visit([&](const auto& form) { return visit(form, node.span); }, node.form);
}

Compiled<void> Compiler::visit(const Block& inner, Span /*span*/) {
  return block(inner);
}

// The variable is the place where its value is left. It exists before its value does: that lets a
// lambda call itself.
Compiled<void> Compiler::visit(const Let& let, Span /*span*/) {
  MR_TRY(const size_t index, declare(let.name.text, let.name.span));
  if (let.value == nullptr) {
    emit(Opcode::push_null);
    return {};
  }
  scope_->set_initialising(index, true);
  MR_CHECK(expression(*let.value));
  scope_->set_initialising(index, false);
  return {};
}

Compiled<void> Compiler::visit(const Assign& assign, Span /*span*/) {
  const Expression& target = *assign.target;
  if (const auto* field = std::get_if<Field>(&target.form)) {
    return assign_field(*field, *assign.value, field->chain.size() == 1, target.span);
  }
  const auto* access = std::get_if<Access>(&target.form);
  if (access == nullptr) {
    return semantic_error(target.span, "Can not assign to this type of expression",
                          "the left side is a variable, or a place inside of one");
  }
  // Writing into a global would change a copy that nobody sees.
  const Expression* root = access->object;
  while (const auto* outer = std::get_if<Access>(&root->form)) root = outer->object;
  const auto* field = std::get_if<Field>(&root->form);
  if (field != nullptr && !is_variable(field->chain.front())) {
    return assign_field(*field, *assign.value, false, root->span);
  }
  MR_CHECK(expression(*access->object));
  MR_CHECK(expression(*access->key));
  MR_CHECK(expression(*assign.value));
  emit(Opcode::set_property);
  return {};
}

Compiled<void> Compiler::assign_field(const Field& field, const Expression& value, bool whole,
                                      Span span) {
  const std::string& name = field.chain.front();
  const auto local = scope_->find_local(name);
  const auto upvalue = local ? std::nullopt : scope_->find_upvalue(name);
  if (!local && !upvalue) {
    const std::string near = nearest_variable(name);
    std::string hint = "copy the global first, `let copy := " + name + "`, and change the copy";
    if (whole) hint = "declare it first: `let " + name + " := …`";
    if (!near.empty()) hint = "did you mean `" + near + "`?";
    return semantic_error(
        span, "Variable \"" + name + "\" not declared in this scope. Can not assign to globals.",
        std::move(hint));
  }
  if (field.chain.size() == 1) {
    MR_CHECK(expression(value));
    local ? emit_index(Opcode::set_local, *local) : emit_index(Opcode::set_upvalue, *upvalue);
    return {};
  }
  local ? emit_index(Opcode::get_local, *local) : emit_index(Opcode::get_upvalue, *upvalue);
  for (size_t i = 1; i < field.chain.size(); ++i) {
    emit(Opcode::string, field.chain[i]);
    if (i + 1 < field.chain.size()) emit(Opcode::get_property);
  }
  MR_CHECK(expression(value));
  emit(Opcode::set_property);
  return {};
}

Compiled<void> Compiler::visit(const ExpressionStatement& statement, Span span) {
  const auto* binary = std::get_if<Binary>(&statement.expression->form);
  if (binary != nullptr && binary->operation == Opcode::equal) {
    warn(span, "this compares and does nothing with the answer", "assignment is written `:=`");
  }
  MR_CHECK(expression(*statement.expression));
  emit(Opcode::pop);
  return {};
}

Compiled<void> Compiler::visit(const Return& statement, Span /*span*/) {
  if (statement.value == nullptr) {
    emit(Opcode::push_null);
  } else {
    MR_CHECK(expression(*statement.value));
  }
  emit(Opcode::return_value);
  return {};
}

Compiled<void> Compiler::visit(const Throw& statement, Span /*span*/) {
  MR_CHECK(expression(*statement.value));
  emit(Opcode::throw_error);
  return {};
}

Compiled<void> Compiler::visit(const If& choice, Span /*span*/) {
  MR_CHECK(expression(*choice.condition));
  const size_t to_otherwise = jump(Opcode::jump_if_false);
  MR_CHECK(statement(*choice.then));
  if (choice.otherwise == nullptr) {
    land(to_otherwise);
    return {};
  }
  MR_TRY(Code otherwise, apart([&] { return statement(*choice.otherwise); }));
  // Nothing to jump over when that does nothing.
  const bool needed = !otherwise.empty();
  const size_t to_end = needed ? jump(Opcode::jump) : 0;
  land(to_otherwise);
  append(std::move(otherwise));
  if (needed) land(to_end);
  return {};
}

Compiled<void> Compiler::visit(const While& loop, Span /*span*/) {
  const size_t start = code_.size();
  MR_CHECK(expression(*loop.condition));
  const size_t to_end = jump(Opcode::jump_if_false);
  ++loops_;
  MR_CHECK(statement(*loop.body));
  --loops_;
  jump_back(start);
  land(to_end);
  return {};
}

// start; condition, body and step again and again. The step is compiled before the body that it
// stands behind.
Compiled<void> Compiler::visit(const For& loop, Span /*span*/) {
  if (loop.start != nullptr) {
    scope_->open();
    MR_CHECK(statement(*loop.start));
  }
  const size_t start = code_.size();
  if (loop.condition == nullptr) {
    emit(Opcode::push_true);
  } else {
    MR_CHECK(expression(*loop.condition));
  }
  const size_t to_end = jump(Opcode::jump_if_false);
  Code step;
  if (loop.step != nullptr) {
    MR_TRY(step, apart([&] { return statement(*loop.step); }));
  }
  ++loops_;
  MR_CHECK(statement(*loop.body));
  --loops_;
  append(std::move(step));
  jump_back(start);
  land(to_end);
  if (loop.start != nullptr) close_scope();
  return {};
}

// The variables behind `for (let k, v in x)`: x, [its keys,] its values, the index, how many there
// are, [k,] v. Their slots, in that order; with 0 for what is missing.
Compiled<void> Compiler::for_in_hidden(const ForIn& loop, std::vector<size_t>* slots) {
  const Span span = loop.container->span;
  const auto call = [&](size_t slot, const char* function) {
    emit_index(Opcode::get_local, slot);
    emit(Opcode::call_global, function, 1);
  };
  MR_TRY(const size_t container, declare("__H_expr_H__", span));
  MR_CHECK(expression(*loop.container));
  size_t keys = 0;
  if (!loop.key.text.empty()) {
    MR_TRY(keys, declare("__H_keys_H__", span));
    call(container, "keys");
  }
  MR_TRY(const size_t values, declare("__H_values_H__", span));
  call(container, "values");
  MR_TRY(const size_t index, declare("__H_index_H__", span));
  emit(Opcode::integer, 1);
  MR_TRY(const size_t limit, declare("__H_limit_H__", span));
  call(values, "length");
  size_t key = 0;
  if (!loop.key.text.empty()) {
    MR_TRY(key, declare(loop.key.text, loop.key.span));
    emit(Opcode::push_null);
  }
  MR_TRY(const size_t value, declare(loop.value.text, loop.value.span));
  emit(Opcode::push_null);
  *slots = {keys, values, index, limit, key, value};
  return {};
}

Compiled<void> Compiler::visit(const ForIn& loop, Span /*span*/) {
  scope_->open();
  std::vector<size_t> slots;
  MR_CHECK(for_in_hidden(loop, &slots));
  const auto [keys, values, index, limit, key, value] =
      std::tuple(slots[0], slots[1], slots[2], slots[3], slots[4], slots[5]);

  const size_t start = code_.size();
  emit_index(Opcode::get_local, limit);
  emit_index(Opcode::get_local, index);
  emit(Opcode::less_or_equal);
  const size_t to_end = jump(Opcode::jump_if_false);

  const auto fetch = [&, index = index](size_t from, size_t to) {
    emit_index(Opcode::get_local, from);
    emit_index(Opcode::get_local, index);
    emit(Opcode::get_property);
    emit_index(Opcode::set_local, to);
  };
  if (!loop.key.text.empty()) fetch(keys, key);
  fetch(values, value);
  ++loops_;
  MR_CHECK(statement(*loop.body));
  --loops_;

  emit_index(Opcode::get_local, index);
  emit(Opcode::integer, 1, Opcode::plus);
  emit_index(Opcode::set_local, index);
  jump_back(start);
  land(to_end);
  close_scope();
  return {};
}

// A variable that holds a closure. It returns null where the source ends without a return.
Compiled<void> Compiler::visit(const Function& function, Span /*span*/) {
  MR_CHECK(declare(function.name.text, function.name.span));
  return closure(function.name.text, function.parameters, [&]() -> Compiled<void> {
    scope_->open();
    MR_CHECK(statements(function.body));
    if (!ends_with_return(function.body)) emit(Opcode::push_null, Opcode::return_value);
    close_scope();
    return {};
  });
}

Compiled<void> Compiler::visit_expression(const Lambda& lambda, Span /*span*/) {
  return closure("lambda", lambda.parameters, [&]() -> Compiled<void> {
    if (lambda.expression != nullptr) {
      MR_CHECK(expression(*lambda.expression));
      emit(Opcode::return_value);
      return {};
    }
    scope_->open();
    MR_CHECK(statements(lambda.block));
    if (!ends_with_return(lambda.block)) emit(Opcode::push_null, Opcode::return_value);
    close_scope();
    return {};
  });
}

// The machine pushes the error where the handler begins; the handler asks for its type and tries
// the clauses in turn. What no clause wants is thrown again.
Compiled<void> Compiler::visit(const Try& attempt, Span span) {
  const size_t to_handler = jump(Opcode::push_try);
  MR_CHECK(block(attempt.body));
  emit(Opcode::pop_try);
  const size_t to_end = jump(Opcode::jump);
  // The machine counts this one distance from the operand itself.
  code_[to_handler] = static_cast<int64_t>(code_.size() - to_handler);

  scope_->open();
  MR_TRY(const size_t error_slot, declare(error_name, span));
  emit_index(Opcode::get_local, error_slot);
  emit(Opcode::string, "type", Opcode::get_property);
  MR_TRY(const size_t type_slot, declare(error_type_name, span));
  std::vector<size_t> ends;
  for (const Catch& handler : attempt.catches) {
    MR_CHECK(catch_clause(handler, error_slot, type_slot, &ends));
  }
  emit(Opcode::pop, Opcode::throw_error);
  for (const size_t end : ends) land(end);
  close_scope();
  land(to_end);
  return {};
}

Compiled<void> Compiler::catch_clause(const Catch& handler, size_t error_slot, size_t type_slot,
                                      std::vector<size_t>* ends) {
  const bool catches_every = handler.type.text.empty() || handler.type.text == catches_all;
  size_t to_next = 0;
  if (!catches_every) {
    emit(Opcode::string, handler.type.text);
    emit_index(Opcode::get_local, type_slot);
    emit(Opcode::equal);
    to_next = jump(Opcode::jump_if_false);
  }
  scope_->open();
  if (!handler.name.text.empty() && handler.name.text != error_name) {
    MR_CHECK(declare(handler.name.text, handler.name.span));
    emit_index(Opcode::get_local, error_slot);
  }
  MR_CHECK(block(handler.body));
  close_scope();
  ends->push_back(jump(Opcode::jump));
  if (!catches_every) land(to_next);
  return {};
}

}  // namespace mr::hog
