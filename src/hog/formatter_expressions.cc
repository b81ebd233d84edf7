#include <algorithm>

#include "hog/formatter.h"
#include "hog/literal.h"

namespace mr::hog {
namespace {

constexpr size_t indentation_step = 2;

Binding binding_of(Opcode operation) {
  switch (operation) {
    case Opcode::multiply:
    case Opcode::divide:
    case Opcode::modulo:
      return Binding::product;
    case Opcode::plus:
    case Opcode::minus:
      return Binding::sum;
    default:
      return Binding::comparison;
  }
}

// How tightly the outermost operator of an expression binds.
Binding binding_of(const Expression& node) {
  if (const auto* form = std::get_if<Binary>(&node.form)) return binding_of(form->operation);
  if (const auto* form = std::get_if<Logical>(&node.form)) {
    return form->operation == Opcode::logical_and ? Binding::and_ : Binding::or_;
  }
  if (std::holds_alternative<Not>(node.form)) return Binding::not_;
  if (std::holds_alternative<Negate>(node.form)) return Binding::sign;
  if (std::holds_alternative<Concatenation>(node.form)) return Binding::sum;
  if (std::holds_alternative<Between>(node.form)) return Binding::between;
  if (std::holds_alternative<IsNull>(node.form)) return Binding::comparison;
  if (std::holds_alternative<Coalesce>(node.form)) return Binding::coalesce;
  if (std::holds_alternative<Conditional>(node.form) || std::holds_alternative<Lambda>(node.form)) {
    return Binding::ternary;
  }
  return Binding::postfix;
}

Binding tighter(Binding binding) {
  return static_cast<Binding>(static_cast<uint8_t>(binding) + 1);
}

std::string_view symbol_of(Opcode operation) {
  switch (operation) {
    case Opcode::plus:
      return "+";
    case Opcode::minus:
      return "-";
    case Opcode::multiply:
      return "*";
    case Opcode::divide:
      return "/";
    case Opcode::modulo:
      return "%";
    case Opcode::equal:
      return "=";
    case Opcode::not_equal:
      return "!=";
    case Opcode::greater:
      return ">";
    case Opcode::greater_or_equal:
      return ">=";
    case Opcode::less:
      return "<";
    case Opcode::less_or_equal:
      return "<=";
    case Opcode::like:
      return "like";
    case Opcode::ilike:
      return "ilike";
    case Opcode::not_like:
      return "not like";
    case Opcode::not_ilike:
      return "not ilike";
    case Opcode::in:
      return "in";
    case Opcode::not_in:
      return "not in";
    case Opcode::regex:
      return "=~";
    case Opcode::not_regex:
      return "!~";
    case Opcode::iregex:
      return "=~*";
    default:
      return "!~*";
  }
}

bool is_number(const Expression& node) {
  const auto* constant = std::get_if<Constant>(&node.form);
  return constant != nullptr &&
         (constant->value.integer() != nullptr || constant->value.floating() != nullptr);
}

bool is_bare(const Expression& node) {
  const auto* constant = std::get_if<Constant>(&node.form);
  return constant != nullptr && constant->bare;
}

// Behind a dot every word is a name; only what the reference refuses there gets quotes.
std::string member_name(const std::string& name) {
  const Word word = word_of(name);
  return word != Word::none && !is_reserved(word) ? name : write_name(name);
}

// A function whose name is a word needs no quotes, unless its call would be something else.
std::string called_name(const Call& call) {
  const std::string& name = call.name.text;
  switch (word_of(name)) {
    case Word::if_:
      return call.arguments.size() > 1 ? name : write_name(name);
    case Word::and_:
    case Word::or_:
    case Word::not_:
    case Word::in:
    case Word::like:
    case Word::ilike:
    case Word::interval:
      return name;
    default:
      return write_name(name);
  }
}

}  // namespace

// Tries a piece on one line; whether it fits. What did not is taken back.
template <typename Piece>
bool Formatter::on_one_line(Piece piece) {
  if (trying_) {
    piece();
    return true;
  }
  const size_t begin = out_.size();
  const size_t line_begin = line_begin_;
  trying_ = true;
  piece();
  trying_ = false;
  if (!failed_) return true;
  failed_ = false;
  out_.resize(begin);
  line_begin_ = line_begin;
  return false;
}

void Formatter::expression(const Expression& node, Binding loosest) {
  if (failed_) return;
  const bool wrapped = binding_of(node) < loosest;
  if (wrapped) write("(");
  std::visit([&](const auto& form) { visit_expression(form, node.span); }, node.form);
  if (wrapped) write(")");
}

// Numbers and texts as the source has them: people choose 0xFF and '\x41' for a reason.
void Formatter::visit_expression(const Constant& constant, Span span) {
  const std::string_view raw = source_.substr(span.begin, span.end - span.begin);
  const bool number = constant.value.integer() != nullptr || constant.value.floating() != nullptr;
  const bool verbatim = constant.value.text() != nullptr ||
                        (number && raw.find_first_of(" \t\r\n/*") == std::string_view::npos);
  write(verbatim ? std::string(raw) : write_constant(constant.value));
}

void Formatter::visit_expression(const Field& field, Span /*span*/) {
  write(write_name(field.chain.front()));
  for (size_t i = 1; i < field.chain.size(); ++i) write("." + member_name(field.chain[i]));
}

void Formatter::visit_expression(const Binary& binary, Span /*span*/) {
  const Binding binding = binding_of(binary.operation);
  expression(*binary.left, binding);
  write(" " + std::string(symbol_of(binary.operation)) + " ");
  expression(*binary.right, tighter(binding));
}

// Operands with the same operator between all of them; broken before each operator.
void Formatter::chain(const ExpressionList& items, std::string_view joint, Binding first,
                      Binding others) {
  const auto write_items = [&](bool broken) {
    for (size_t i = 0; i < items.size() && !failed_; ++i) {
      if (i > 0 && broken) new_line();
      if (i > 0) write(std::string(broken ? "" : " ") + std::string(joint) + " ");
      expression(*items[i], i == 0 ? first : others);
    }
  };
  if (on_one_line([&] { write_items(false); })) return;
  indentation_ += indentation_step;
  write_items(true);
  indentation_ -= indentation_step;
}

void Formatter::visit_expression(const Logical& logical, Span /*span*/) {
  const bool both = logical.operation == Opcode::logical_and;
  const Binding binding = tighter(both ? Binding::and_ : Binding::or_);
  chain(logical.items, both ? "and" : "or", binding, binding);
}

void Formatter::visit_expression(const Concatenation& concatenation, Span /*span*/) {
  chain(concatenation.items, "||", Binding::sum, Binding::product);
}

// With a parenthesis behind it, `not` is a function, which means the same.
void Formatter::visit_expression(const Not& negation, Span /*span*/) {
  write("not ");
  const size_t begin = out_.size();
  expression(*negation.operand, Binding::not_);
  if (failed_ || out_[begin] != '(') return;
  out_.insert(begin, "(");
  write(")");
}

// A sign right before a number would belong to it, and two signs would begin a comment.
void Formatter::visit_expression(const Negate& negation, Span /*span*/) {
  write("-");
  const size_t begin = out_.size();
  expression(*negation.operand, Binding::sign);
  if (failed_) return;
  const char first = out_[begin];
  const std::string_view word =
      std::string_view(out_).substr(begin).substr(0, sizeof "infinity" - 1);
  const Word meaning = word_of(word.substr(0, word.find_first_of(" ().[?")));
  const bool number = (first >= '0' && first <= '9') || first == '.' || meaning == Word::inf ||
                      meaning == Word::infinity || meaning == Word::nan;
  if (first == '-') {
    out_.insert(begin, " ");
  } else if (number) {
    out_.insert(begin, "(");
    write(")");
  }
}

void Formatter::visit_expression(const Between& between, Span /*span*/) {
  expression(*between.operand, Binding::between);
  write(between.negated ? " not between " : " between ");
  expression(*between.low, Binding::coalesce);
  write(" and ");
  expression(*between.high, Binding::coalesce);
}

void Formatter::visit_expression(const IsNull& question, Span /*span*/) {
  expression(*question.operand, Binding::comparison);
  write(question.negated ? " is not null" : " is null");
}

void Formatter::visit_expression(const Conditional& conditional, Span /*span*/) {
  const auto write_parts = [&](bool broken) {
    expression(*conditional.condition, Binding::or_);
    broken ? new_line() : write(" ");
    write("? ");
    expression(*conditional.then, Binding::or_);
    broken ? new_line() : write(" ");
    write(": ");
    expression(*conditional.otherwise, Binding::ternary);
  };
  if (on_one_line([&] { write_parts(false); })) return;
  indentation_ += indentation_step;
  write_parts(true);
  indentation_ -= indentation_step;
}

void Formatter::visit_expression(const Coalesce& coalesce, Span /*span*/) {
  expression(*coalesce.left, Binding::coalesce);
  write(" ?? ");
  expression(*coalesce.right, tighter(Binding::coalesce));
}

void Formatter::visit_expression(const Case& choice, Span /*span*/) {
  const auto write_parts = [&](bool broken) {
    const auto part = [&](std::string_view word, const Expression* node) {
      if (node == nullptr || failed_) return;
      broken ? new_line() : write(" ");
      write(word);
      expression(*node, Binding::ternary);
    };
    write("case");
    if (choice.subject != nullptr) {
      write(" ");
      const size_t begin = out_.size();
      expression(*choice.subject, Binding::or_);
      // `case (x)` alone would be a call.
      if (!failed_ && out_[begin] == '(') {
        out_.insert(begin, "(");
        write(")");
      }
    }
    indentation_ += indentation_step;
    for (const CaseArm& arm : choice.arms) {
      part("when ", arm.when);
      write(" then ");
      expression(*arm.then, Binding::ternary);
      if (failed_) break;
    }
    part("else ", choice.otherwise);
    indentation_ -= indentation_step;
    broken ? new_line() : write(" ");
    write("end");
  };
  if (!on_one_line([&] { write_parts(false); })) write_parts(true);
}

void Formatter::visit_expression(const Access& access, Span /*span*/) {
  // Without parentheses a name's path would be longer and a number have a fraction.
  const bool dotted = access.style != AccessStyle::bracket;
  const bool wrapped = std::holds_alternative<DictLiteral>(access.object->form) ||
                       (dotted && is_number(*access.object)) ||
                       (access.style == AccessStyle::name && !access.nullish &&
                        std::holds_alternative<Field>(access.object->form));
  if (wrapped) write("(");
  expression(*access.object, wrapped ? Binding::ternary : Binding::postfix);
  if (wrapped) write(")");
  if (dotted) {
    write(access.nullish ? "?." : ".");
    const auto& key = std::get<Constant>(access.key->form).value;
    const Span span = access.key->span;
    write(key.text() != nullptr ? member_name(*key.text())
                                : std::string(source_.substr(span.begin, span.end - span.begin)));
    return;
  }
  write(access.nullish ? "?.[" : "[");
  expression(*access.key, Binding::ternary);
  write("]");
}

// Items between brackets, on one line or each on its own. `item` writes the one of that number.
template <typename Item>
void Formatter::items(std::string_view opening, size_t count, std::string_view closing, Item item) {
  const auto on_lines = [&] {
    write(opening);
    for (size_t i = 0; i < count && !failed_; ++i) {
      if (i > 0) write(", ");
      item(i);
    }
    write(closing);
  };
  if (count == 0 || on_one_line(on_lines)) {
    if (count == 0) write(std::string(opening) + std::string(closing));
    return;
  }
  write(opening);
  indentation_ += indentation_step;
  for (size_t i = 0; i < count; ++i) {
    new_line();
    item(i);
    if (i + 1 < count) write(",");
  }
  indentation_ -= indentation_step;
  new_line();
  write(closing);
}

// One of a list. The parameter of a lambda would join a list of names before it.
void Formatter::item(const Expression& node, bool first) {
  const auto* form = std::get_if<Lambda>(&node.form);
  if (form != nullptr && !first) {
    lambda(*form, true);
  } else {
    expression(node, Binding::ternary);
  }
}

void Formatter::list(std::string_view opening, const ExpressionList& nodes,
                     std::string_view closing) {
  // A single function with a body, or a single list, stays with the brackets around it.
  if (nodes.size() == 1) {
    write(opening);
    item(*nodes.front(), true);
    write(closing);
    return;
  }
  items(opening, nodes.size(), closing, [&](size_t i) { item(*nodes[i], i == 0); });
}

void Formatter::visit_expression(const Call& call, Span /*span*/) {
  write(called_name(call));
  // Before a condition in parentheses people write it as the operator that it also is.
  const bool apart = word_of(call.name.text) == Word::not_ && call.name.span.end < source_.size() &&
                     source_[call.name.span.end] == ' ';
  if (apart) write(" ");
  list("(", call.arguments, ")");
}

void Formatter::visit_expression(const CallValue& call, Span /*span*/) {
  const auto* field = std::get_if<Field>(&call.callee->form);
  const bool wrapped = (field != nullptr && field->chain.size() == 1) || is_number(*call.callee) ||
                       std::holds_alternative<DictLiteral>(call.callee->form);
  if (wrapped) write("(");
  expression(*call.callee, wrapped ? Binding::ternary : Binding::postfix);
  if (wrapped) write(")");
  list("(", call.arguments, ")");
}

void Formatter::visit_expression(const ArrayLiteral& array, Span /*span*/) {
  list("[", array.items, "]");
}

void Formatter::visit_expression(const TupleLiteral& tuple, Span /*span*/) {
  list("(", tuple.items, tuple.items.size() == 1 ? ",)" : ")");
}

// Keys in parentheses where something else could be read: a statement, or a lambda's list of names.
void Formatter::visit_expression(const DictLiteral& dict, Span /*span*/) {
  items("{", dict.items.size(), "}", [&](size_t i) {
    const Expression& key = *dict.items[i].key;
    const auto* call = std::get_if<Call>(&key.form);
    const bool wrapped = call != nullptr && word_of(call->name.text) != Word::none;
    if (wrapped) write("(");
    expression(key, wrapped ? Binding::ternary : Binding::or_);
    if (wrapped) write(")");
    write(": ");
    expression(*dict.items[i].value, Binding::ternary);
  });
}

void Formatter::visit_expression(const Lambda& node, Span /*span*/) {
  lambda(node, node.parameters.size() != 1);
}

void Formatter::lambda(const Lambda& lambda, bool in_parentheses) {
  if (in_parentheses) {
    parameters(lambda.parameters);
  } else {
    write(write_name(lambda.parameters.front().text));
  }
  write(" -> ");
  if (lambda.expression != nullptr) {
    expression(*lambda.expression, Binding::ternary);
  } else if (lambda.block.statements.empty()) {
    write("{ ; }");  // empty braces are a dict here
  } else {
    block(lambda.block);
  }
}

// {code}; a dict keeps its braces apart from those of the hole.
void Formatter::hole(const Expression& code) {
  write("{");
  const size_t begin = out_.size();
  expression(code, Binding::ternary);
  if (!failed_ && out_[begin] == '{') {
    out_.insert(begin, " ");
    write(" ");
  }
  write("}");
}

void Formatter::visit_expression(const Template& pieces, Span /*span*/) {
  if (!pieces.full) write("f'");
  for (const Expression* piece : pieces.pieces) {
    is_bare(*piece) ? expression(*piece, Binding::ternary) : hole(*piece);
  }
  if (!pieces.full) write("'");
}

void Formatter::visit_expression(const Tag& tag, Span /*span*/) {
  write("<" + tag.name);
  for (const TagAttribute& attribute : tag.attributes) {
    write(" " + attribute.name);
    if (is_bare(*attribute.value)) continue;
    const auto* constant = std::get_if<Constant>(&attribute.value->form);
    const bool quoted = constant != nullptr && constant->value.text() != nullptr;
    write("=");
    quoted ? expression(*attribute.value, Binding::ternary) : hole(*attribute.value);
  }
  if (tag.children.empty()) {
    write(" />");
    return;
  }
  write(">");
  for (const Expression* child : tag.children) {
    const bool as_is = is_bare(*child) || std::holds_alternative<Tag>(child->form);
    as_is ? expression(*child, Binding::ternary) : hole(*child);
  }
  write("</" + tag.name + ">");
}

}  // namespace mr::hog
