#include <optional>

#include "hog/literal.h"
#include "hog/parser.h"

namespace mr::hog {
namespace {

struct Operator {
  Opcode operation;
  Binding binding;
};

std::optional<Operator> operator_of(TokenKind kind) {
  switch (kind) {
    case TokenKind::plus:
      return Operator{Opcode::plus, Binding::sum};
    case TokenKind::minus:
      return Operator{Opcode::minus, Binding::sum};
    case TokenKind::star:
      return Operator{Opcode::multiply, Binding::product};
    case TokenKind::slash:
      return Operator{Opcode::divide, Binding::product};
    case TokenKind::percent:
      return Operator{Opcode::modulo, Binding::product};
    case TokenKind::equal:
      return Operator{Opcode::equal, Binding::comparison};
    case TokenKind::not_equal:
      return Operator{Opcode::not_equal, Binding::comparison};
    case TokenKind::less:
      return Operator{Opcode::less, Binding::comparison};
    case TokenKind::less_or_equal:
      return Operator{Opcode::less_or_equal, Binding::comparison};
    case TokenKind::greater:
      return Operator{Opcode::greater, Binding::comparison};
    case TokenKind::greater_or_equal:
      return Operator{Opcode::greater_or_equal, Binding::comparison};
    case TokenKind::regex:
      return Operator{Opcode::regex, Binding::comparison};
    case TokenKind::not_regex:
      return Operator{Opcode::not_regex, Binding::comparison};
    case TokenKind::iregex:
      return Operator{Opcode::iregex, Binding::comparison};
    case TokenKind::not_iregex:
      return Operator{Opcode::not_iregex, Binding::comparison};
    default:
      return std::nullopt;
  }
}

// `like`, or `not like` when negated.
std::optional<Opcode> word_operator(Word word, bool negated) {
  switch (word) {
    case Word::in:
      return negated ? Opcode::not_in : Opcode::in;
    case Word::like:
      return negated ? Opcode::not_like : Opcode::like;
    case Word::ilike:
      return negated ? Opcode::not_ilike : Opcode::ilike;
    default:
      return std::nullopt;
  }
}

// The level that the right side of an operator from left to right must reach.
Binding tighter(Binding binding) {
  return static_cast<Binding>(static_cast<uint8_t>(binding) + 1);
}

}  // namespace

// An operand and every operator behind it that binds at least as tightly as `loosest`.
Parser::ExpressionResult Parser::expression(Binding loosest) {
  const Level level(*this);
  MR_CHECK(enter());
  MR_TRY(const Expression* left, operand());
  return continue_expression(left, loosest);
}

Parser::ExpressionResult Parser::continue_expression(const Expression* left, Binding loosest) {
  for (bool found = true; found;) {
    found = false;
    MR_TRY(left, infix(left, loosest, &found));
  }
  return left;
}

// One operator with what follows it; `left` itself if there is none.
Parser::ExpressionResult Parser::infix(const Expression* left, Binding loosest, bool* found) {
  return at(TokenKind::name) ? infix_word(left, loosest, found)
                             : infix_symbol(left, loosest, found);
}

Parser::ExpressionResult Parser::infix_symbol(const Expression* left, Binding loosest,
                                              bool* found) {
  const TokenKind kind = peek().kind;
  const auto binds = [&](Binding binding) { return *found = binding >= loosest; };
  switch (kind) {
    case TokenKind::dot:
    case TokenKind::question_dot:
    case TokenKind::left_bracket:
    case TokenKind::left_parenthesis:
      *found = true;
      return postfix(left);
    case TokenKind::double_colon:
      return semantic_error(peek().span, "casts are not supported",
                            "use toString, toInt, toFloat or toDateTime");
    case TokenKind::question:
      return binds(Binding::ternary) ? conditional(left) : left;
    case TokenKind::concatenate:
      return binds(Binding::sum) ? concatenation(left) : left;
    case TokenKind::double_question: {
      if (!binds(Binding::coalesce)) return left;
      take();
      MR_TRY(const Expression* right, expression(tighter(Binding::coalesce)));
      return make(from(left->span.begin), Coalesce{left, right}, height_of({left, right}));
    }
    default: {
      const auto known = operator_of(kind);
      if (!known || !binds(known->binding)) return left;
      take();
      return binary(left, known->operation, known->binding);
    }
  }
}

Parser::ExpressionResult Parser::infix_word(const Expression* left, Binding loosest, bool* found) {
  const auto binds = [&](Binding binding) { return *found = binding >= loosest; };
  const Word word = peek().word;
  if (word == Word::and_) {
    return binds(Binding::and_) ? logical(left, Opcode::logical_and, Binding::and_) : left;
  }
  if (word == Word::or_) {
    return binds(Binding::or_) ? logical(left, Opcode::logical_or, Binding::or_) : left;
  }
  if (word == Word::is) return binds(Binding::comparison) ? is_null(left) : left;
  const bool negated = word == Word::not_ && peek(1).kind == TokenKind::name;
  const Word verb = negated ? peek(1).word : word;
  if (verb == Word::between) return binds(Binding::between) ? between(left, negated) : left;
  const auto operation = word_operator(verb, negated);
  if (!operation || !binds(Binding::comparison)) return left;
  if (negated) take();
  take();
  if (verb == Word::in && at_word(Word::cohort) && begins_operand(1)) {
    return semantic_error(peek().span, "Can't use cohorts in real-time filters",
                          "write what makes the cohort's persons out, as a condition");
  }
  return binary(left, *operation, Binding::comparison);
}

Parser::ExpressionResult Parser::binary(const Expression* left, Opcode operation, Binding binding) {
  MR_TRY(const Expression* right, expression(tighter(binding)));
  return make(from(left->span.begin), Binary{operation, left, right}, height_of({left, right}));
}

// All operands of one chain in one node; chains in parentheses join it.
Parser::ExpressionResult Parser::logical(const Expression* left, Opcode operation,
                                         Binding binding) {
  ExpressionList items;
  const auto add = [&](const Expression* item) {
    const auto* inner = std::get_if<Logical>(&item->form);
    if (inner != nullptr && inner->operation == operation) {
      items.insert(items.end(), inner->items.begin(), inner->items.end());
    } else {
      items.push_back(item);
    }
  };
  add(left);
  const Word word = peek().word;
  while (take_if_word(word)) {
    MR_TRY(const Expression* right, expression(tighter(binding)));
    add(right);
  }
  const uint32_t below = height_of(items);
  return make(from(left->span.begin), Logical{operation, std::move(items)}, below);
}

Parser::ExpressionResult Parser::concatenation(const Expression* left) {
  ExpressionList items;
  const auto add = [&](const Expression* item) {
    if (const auto* inner = std::get_if<Concatenation>(&item->form)) {
      items.insert(items.end(), inner->items.begin(), inner->items.end());
    } else {
      items.push_back(item);
    }
  };
  add(left);
  while (take_if(TokenKind::concatenate)) {
    MR_TRY(const Expression* right, expression(tighter(Binding::sum)));
    add(right);
  }
  const uint32_t below = height_of(items);
  return make(from(left->span.begin), Concatenation{std::move(items)}, below);
}

Parser::ExpressionResult Parser::conditional(const Expression* condition) {
  take();
  MR_TRY(const Expression* then, expression());
  MR_CHECK(expect(TokenKind::colon, " and what holds otherwise"));
  MR_TRY(const Expression* otherwise, expression());
  return make(from(condition->span.begin), Conditional{condition, then, otherwise},
              height_of({condition, then, otherwise}));
}

// operand [not] between low and high
Parser::ExpressionResult Parser::between(const Expression* operand, bool negated) {
  if (negated) take();
  take();
  MR_TRY(const Expression* low, expression(Binding::between));
  if (!take_if_word(Word::and_)) return unexpected_here("`and` and the upper bound");
  MR_TRY(const Expression* high, expression(tighter(Binding::between)));
  return make(from(operand->span.begin), Between{operand, low, high, negated},
              height_of({operand, low, high}));
}

// operand is [not] null
Parser::ExpressionResult Parser::is_null(const Expression* operand) {
  take();
  const bool negated = take_if_word(Word::not_);
  if (!take_if_word(Word::null)) return unexpected_here("`null`");
  return make(from(operand->span.begin), IsNull{operand, negated}, height_of({operand}));
}

Parser::ExpressionResult Parser::postfix(const Expression* left) {
  if (at(TokenKind::left_bracket)) return bracket(left, false);
  if (at(TokenKind::left_parenthesis)) {
    const Token opening = take();
    MR_TRY(ExpressionList arguments, list(TokenKind::right_parenthesis, opening));
    const uint32_t below = height_of(arguments);
    return make(from(left->span.begin), CallValue{left, std::move(arguments)},
                std::max(left->height, below));
  }
  const bool nullish = take().kind == TokenKind::question_dot;
  if (nullish && at(TokenKind::left_bracket)) return bracket(left, true);
  return access(left, nullish);
}

// The name or the number behind a dot.
Parser::ExpressionResult Parser::access(const Expression* object, bool nullish) {
  if (!at(TokenKind::name) && !at(TokenKind::number)) return unexpected_here("a name or an index");
  const Token token = take();
  const bool index = token.kind == TokenKind::number;
  const Cell key = index ? read_number(text_of(token)) : Cell(name_of(token));
  MR_TRY(const Expression* constant, make(token.span, Constant{key}));
  return make(from(object->span.begin),
              Access{object, constant, index ? AccessStyle::index : AccessStyle::name, nullish},
              height_of({object}));
}

Parser::ExpressionResult Parser::bracket(const Expression* object, bool nullish) {
  const Token opening = take();
  MR_TRY(const Expression* key, expression());
  MR_CHECK(expect_close(TokenKind::right_bracket, opening));
  return make(from(object->span.begin), Access{object, key, AccessStyle::bracket, nullish},
              height_of({object, key}));
}

// Expressions separated by commas, one of which may trail, and the closing bracket.
Compiled<ExpressionList> Parser::list(TokenKind closing, const Token& opening) {
  ExpressionList items;
  while (!at(closing)) {
    MR_TRY(const Expression* item, expression());
    items.push_back(item);
    if (!take_if(TokenKind::comma)) break;
  }
  MR_CHECK(expect_close(closing, opening));
  return items;
}

}  // namespace mr::hog
