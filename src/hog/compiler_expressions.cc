#include <cmath>
#include <limits>

#include "hog/compiler.h"

namespace mr::hog {
namespace {

// A template of one hole is what is in it.
const Expression& unwrapped(const Expression& node) {
  const Expression* inner = &node;
  for (const auto* pieces = std::get_if<Template>(&inner->form);
       pieces != nullptr && pieces->pieces.size() == 1;
       pieces = std::get_if<Template>(&inner->form)) {
    inner = pieces->pieces.front();
  }
  return *inner;
}

// The arguments of what joins texts: they become arguments of the `||` around it.
const ExpressionList* joined_texts(const Expression& node) {
  if (const auto* call = std::get_if<Call>(&node.form)) {
    return call->name.text == "concat" ? &call->arguments : nullptr;
  }
  if (const auto* inner = std::get_if<Concatenation>(&node.form)) return &inner->items;
  const auto* pieces = std::get_if<Template>(&node.form);
  return pieces != nullptr && pieces->pieces.size() > 1 ? &pieces->pieces : nullptr;
}

bool is_text(const Expression& node) {
  const auto* constant = std::get_if<Constant>(&node.form);
  if (constant != nullptr) return constant->value.text() != nullptr;
  return joined_texts(node) != nullptr;
}

bool is_zero(const Expression& node) {
  const auto* constant = std::get_if<Constant>(&node.form);
  return constant != nullptr && constant->value == Cell(0);
}

}  // namespace

Compiled<void> Compiler::expression(const Expression& node) {
  MR_CHECK(check_size(node.span));
  return std::visit([&](const auto& form) { return visit_expression(form, node.span); }, node.form);
}

Compiled<void> Compiler::expressions(const ExpressionList& list) {
  for (const Expression* item : list) MR_CHECK(expression(*item));
  return {};
}

Compiled<void> Compiler::visit_expression(const Constant& constant, Span /*span*/) {
  const Cell& value = constant.value;
  if (const bool* boolean = value.boolean()) {
    emit(*boolean ? Opcode::push_true : Opcode::push_false);
  } else if (value.is_null()) {
    emit(Opcode::push_null);
  } else if (value.text() != nullptr) {
    emit(Opcode::string, value);
  } else if (value.integer() != nullptr) {
    emit(Opcode::integer, value);
  } else if (std::isnan(*value.floating())) {
    // JSON has no form for it, but for infinity: 1e999.
    const double infinity = std::numeric_limits<double>::infinity();
    emit(Opcode::floating, infinity, Opcode::floating, infinity, Opcode::minus);
  } else {
    emit(Opcode::floating, value);
  }
  return {};
}

// Emits the reading of a variable; false when there is none of that name.
Compiled<bool> Compiler::variable(std::string_view name, Span span) {
  if (const auto local = scope_->find_local(name)) {
    if (scope_->is_initialising(*local)) {
      return semantic_error(span, "`" + std::string(name) + "` is read before it has a value",
                            "the new variable hides everything else of that name: give it another");
    }
    emit_index(Opcode::get_local, *local);
    return true;
  }
  if (const auto upvalue = scope_->find_upvalue(name)) {
    emit_index(Opcode::get_upvalue, *upvalue);
    return true;
  }
  return false;
}

bool Compiler::is_variable(std::string_view name) {
  return scope_->find_local(name) || scope_->find_upvalue(name);
}

// A path from a variable goes step by step; one from a global is asked for at once.
Compiled<void> Compiler::visit_expression(const Field& field, Span span) {
  const std::string& root = field.chain.front();
  MR_TRY(const bool found, variable(root, span));
  if (found) {
    for (size_t i = 1; i < field.chain.size(); ++i) {
      emit(Opcode::string, field.chain[i], Opcode::get_property);
    }
    return {};
  }
  if (loops_ > 0 && field.chain.size() == 1 && (root == "break" || root == "continue")) {
    warn(span, "there is no `" + root + "`: this reads a global of that name",
         root == "break" ? "end a loop by its condition, or leave its function with `return`"
                         : "put the rest of the loop's body into an `if`");
  } else if (!options_.globals.empty() && warnings_.size() < warnings_max &&
             std::ranges::count(options_.globals, root) == 0 &&
             std::ranges::count(options_.functions, root) == 0) {
    std::vector<std::string_view> names = options_.globals;
    scope_->append_names(names);
    const std::string near = nearest_name(root, names);
    warn(span, "unknown global `" + root + "`", near.empty() ? "" : "did you mean `" + near + "`?");
  }
  for (auto name = field.chain.rbegin(); name != field.chain.rend(); ++name) {
    emit(Opcode::string, *name);
  }
  emit_index(Opcode::get_global, field.chain.size());
  return {};
}

// The right side first, so that the left one is on top.
Compiled<void> Compiler::compare(Opcode operation, const Expression& left,
                                 const Expression& right) {
  MR_CHECK(expression(right));
  MR_CHECK(expression(left));
  emit(operation);
  return {};
}

Compiled<void> Compiler::visit_expression(const Binary& binary, Span span) {
  if (binary.operation == Opcode::plus && (is_text(*binary.left) || is_text(*binary.right))) {
    warn(span, "`+` adds numbers: with a text the result is not a number",
         "join texts with `||`, or write f'…{x}…'");
  }
  return compare(binary.operation, *binary.left, *binary.right);
}

Compiled<void> Compiler::visit_expression(const Logical& logical, Span /*span*/) {
  MR_CHECK(expressions(logical.items));
  emit_index(logical.operation, logical.items.size());
  return {};
}

Compiled<void> Compiler::visit_expression(const Not& negation, Span /*span*/) {
  MR_CHECK(expression(*negation.operand));
  emit(Opcode::logical_not);
  return {};
}

// 0 - x
Compiled<void> Compiler::visit_expression(const Negate& negation, Span /*span*/) {
  MR_CHECK(expression(*negation.operand));
  emit(Opcode::integer, 0, Opcode::minus);
  return {};
}

Compiled<void> Compiler::visit_expression(const Concatenation& concatenation, Span /*span*/) {
  size_t count = 0;
  const auto add = [&](const Expression& item) -> Compiled<void> {
    const Expression& inner = unwrapped(item);
    const ExpressionList* joined = joined_texts(inner);
    count += joined == nullptr ? 1 : joined->size();
    return joined == nullptr ? expression(inner) : expressions(*joined);
  };
  for (const Expression* item : concatenation.items) MR_CHECK(add(*item));
  emit(Opcode::call_global, "concat", static_cast<int64_t>(count));
  return {};
}

// Two comparisons; the operand is computed for each.
Compiled<void> Compiler::visit_expression(const Between& between, Span /*span*/) {
  MR_CHECK(compare(between.negated ? Opcode::less : Opcode::greater_or_equal, *between.operand,
                   *between.low));
  MR_CHECK(compare(between.negated ? Opcode::greater : Opcode::less_or_equal, *between.operand,
                   *between.high));
  emit(between.negated ? Opcode::logical_or : Opcode::logical_and, 2);
  return {};
}

Compiled<void> Compiler::visit_expression(const IsNull& question, Span /*span*/) {
  emit(Opcode::push_null);
  MR_CHECK(expression(*question.operand));
  emit(question.negated ? Opcode::not_equal : Opcode::equal);
  return {};
}

Compiled<void> Compiler::visit_expression(const Conditional& conditional, Span /*span*/) {
  return choose({{nullptr, conditional.condition, conditional.then}}, conditional.otherwise);
}

Compiled<void> Compiler::visit_expression(const Case& choice, Span /*span*/) {
  std::vector<Branch> branches;
  for (const CaseArm& arm : choice.arms) branches.push_back({choice.subject, arm.when, arm.then});
  return choose(branches, choice.otherwise);
}

Compiled<void> Compiler::condition(const Branch& branch) {
  if (branch.subject == nullptr) return expression(*branch.when);
  return compare(Opcode::equal, *branch.subject, *branch.when);
}

// Tests the branches in turn; only the result of the first that holds is computed, or `otherwise`
// (null when there is none). Several branches are compiled from the last to the first.
Compiled<void> Compiler::choose(const std::vector<Branch>& branches, const Expression* otherwise) {
  const auto last = [&]() -> Compiled<void> {
    if (otherwise != nullptr) return expression(*otherwise);
    emit(Opcode::push_null);
    return {};
  };
  if (branches.size() == 1) {
    MR_CHECK(condition(branches.front()));
    const size_t to_otherwise = jump(Opcode::jump_if_false);
    MR_CHECK(expression(*branches.front().then));
    const size_t to_end = jump(Opcode::jump);
    land(to_otherwise);
    MR_CHECK(last());
    land(to_end);
    return {};
  }
  std::vector<Code> pieces;
  const auto add_piece = [&](auto work) -> Compiled<void> {
    MR_TRY(Code piece, apart(work));
    cells_apart_ += piece.size();
    pieces.push_back(std::move(piece));
    return {};
  };
  MR_CHECK(add_piece(last));
  for (size_t i = branches.size(); i-- > 0;) {
    MR_CHECK(add_piece([&]() -> Compiled<void> {
      MR_CHECK(condition(branches[i]));
      const size_t to_next = jump(Opcode::jump_if_false);
      MR_CHECK(expression(*branches[i].then));
      emit(Opcode::jump, Cell());
      land(to_next);
      return {};
    }));
  }
  std::vector<size_t> to_end;
  while (!pieces.empty()) {
    cells_apart_ -= pieces.back().size();
    append(std::move(pieces.back()));
    pieces.pop_back();
    if (!pieces.empty()) to_end.push_back(code_.size() - 1);
  }
  for (const size_t operand : to_end) land(operand);
  return {};
}

Compiled<void> Compiler::coalesce(const Expression& left, const Expression& right) {
  MR_CHECK(expression(left));
  const size_t to_end = jump(Opcode::jump_if_not_null);
  emit(Opcode::pop);
  MR_CHECK(expression(right));
  land(to_end);
  return {};
}

Compiled<void> Compiler::visit_expression(const Coalesce& node, Span /*span*/) {
  return coalesce(*node.left, *node.right);
}

Compiled<void> Compiler::visit_expression(const Access& access, Span /*span*/) {
  if (access.style == AccessStyle::bracket && is_zero(*access.key)) {
    return semantic_error(access.key->span, "Array access starts from 1",
                          "the first item is [1], the last [-1]");
  }
  MR_CHECK(expression(*access.object));
  MR_CHECK(expression(*access.key));
  emit(access.nullish ? Opcode::get_property_or_null : Opcode::get_property);
  return {};
}

// Calls that are no calls: the operations of these names. False when this is none of them.
Compiled<bool> Compiler::inlined_call(const Call& call, Span span) {
  const std::string& name = call.name.text;
  const ExpressionList& arguments = call.arguments;
  const size_t count = arguments.size();
  if (name == "not" && count == 1) {
    MR_CHECK(expression(*arguments[0]));
    emit(Opcode::logical_not);
    return true;
  }
  if ((name == "and" || name == "or") && count > 1) {
    MR_CHECK(expressions(arguments));
    emit_index(name == "and" ? Opcode::logical_and : Opcode::logical_or, count);
    return true;
  }
  if (name == "ifNull" && count == 2) {
    MR_CHECK(coalesce(*arguments[0], *arguments[1]));
    return true;
  }
  if (name == "if" || name == "multiIf") {
    if (count < 3 || count % 2 == 0 || (name == "if" && count != 3)) {
      return semantic_error(
          span, name + " needs a value for when no condition holds",
          name == "if" ? "write if(condition, a, b)" : "write multiIf(condition, a, …, otherwise)");
    }
    std::vector<Branch> branches;
    for (size_t i = 0; i + 1 < count; i += 2) {
      branches.push_back({nullptr, arguments[i], arguments[i + 1]});
    }
    MR_CHECK(choose(branches, arguments.back()));
    return true;
  }
  if (name == "sql") {
    return semantic_error(span, "queries are not supported in Hog",
                          "a program sees what it is given, not the warehouse");
  }
  return false;
}

Compiled<void> Compiler::visit_expression(const Call& call, Span span) {
  MR_TRY(const bool inlined, inlined_call(call, span));
  if (inlined) return {};
  MR_CHECK(expressions(call.arguments));
  const auto count = static_cast<int64_t>(call.arguments.size());
  const std::string& name = call.name.text;
  MR_TRY(const bool found, variable(name, call.name.span));
  if (found) {
    emit(Opcode::call_local, count);
    return {};
  }
  if (!options_.functions.empty() && warnings_.size() < warnings_max &&
      std::ranges::count(options_.functions, name) == 0 &&
      std::ranges::count(options_.globals, name) == 0) {
    std::vector<std::string_view> names = options_.functions;
    scope_->append_names(names);
    const std::string near = nearest_name(name, names);
    warn(call.name.span, "unknown function `" + name + "`",
         near.empty() ? "" : "did you mean `" + near + "`?");
  }
  emit(Opcode::call_global, name, count);
  return {};
}

Compiled<void> Compiler::visit_expression(const CallValue& call, Span /*span*/) {
  MR_CHECK(expressions(call.arguments));
  MR_CHECK(expression(*call.callee));
  emit_index(Opcode::call_local, call.arguments.size());
  return {};
}

Compiled<void> Compiler::visit_expression(const ArrayLiteral& array, Span /*span*/) {
  MR_CHECK(expressions(array.items));
  emit_index(Opcode::array, array.items.size());
  return {};
}

Compiled<void> Compiler::visit_expression(const TupleLiteral& tuple, Span /*span*/) {
  MR_CHECK(expressions(tuple.items));
  emit_index(Opcode::tuple, tuple.items.size());
  return {};
}

Compiled<void> Compiler::visit_expression(const DictLiteral& dict, Span /*span*/) {
  for (const DictItem& item : dict.items) {
    MR_CHECK(expression(*item.key));
    MR_CHECK(expression(*item.value));
  }
  emit_index(Opcode::dict, dict.items.size());
  return {};
}

Compiled<void> Compiler::visit_expression(const Template& pieces, Span /*span*/) {
  if (pieces.pieces.empty()) {
    emit(Opcode::string, "");
    return {};
  }
  MR_CHECK(expressions(pieces.pieces));
  if (pieces.pieces.size() > 1) {
    emit(Opcode::call_global, "concat", static_cast<int64_t>(pieces.pieces.size()));
  }
  return {};
}

// A dict of the tag's name, its attributes and its children. A tag that is named like a variable
// calls that with the attributes instead.
Compiled<void> Compiler::visit_expression(const Tag& tag, Span span) {
  const bool called = is_variable(tag.name);
  size_t count = tag.attributes.size() + (called ? 0 : 1);
  if (!called) emit(Opcode::string, "__hx_tag", Opcode::string, tag.name);
  for (const TagAttribute& attribute : tag.attributes) {
    emit(Opcode::string, attribute.name);
    MR_CHECK(expression(*attribute.value));
  }
  if (!tag.children.empty()) {
    ++count;
    emit(Opcode::string, "children");
    MR_CHECK(expressions(tag.children));
    emit_index(Opcode::array, tag.children.size());
  }
  emit_index(Opcode::dict, count);
  if (!called) return {};
  MR_CHECK(variable(tag.name, span));
  emit(Opcode::call_local, 1);
  return {};
}

}  // namespace mr::hog
