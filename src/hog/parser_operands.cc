#include <limits>

#include "hog/literal.h"
#include "hog/parser.h"

namespace mr::hog {
namespace {

// What a word stands for as a value; only asked for words that do.
double special_number(Word word) {
  return word == Word::nan ? std::numeric_limits<double>::quiet_NaN()
                           : std::numeric_limits<double>::infinity();
}

bool is_special_number(Word word) {
  return word == Word::inf || word == Word::infinity || word == Word::nan;
}

}  // namespace

// Whether the token there can begin an expression.
bool Parser::begins_operand(size_t ahead) const {
  const Token& token = peek(ahead);
  switch (token.kind) {
    case TokenKind::name:
      if (token.word == Word::null || is_special_number(token.word)) return true;
      if (token.word == Word::for_) return peek(ahead + 1).kind != TokenKind::left_parenthesis;
      return !is_reserved(token.word) && token.word != Word::else_;
    case TokenKind::number:
    case TokenKind::string:
    case TokenKind::template_begin:
    case TokenKind::tag_begin:
    case TokenKind::left_parenthesis:
    case TokenKind::left_bracket:
    case TokenKind::left_brace:
    case TokenKind::plus:
    case TokenKind::minus:
      return true;
    default:
      return false;
  }
}

Parser::ExpressionResult Parser::operand() {
  const uint32_t begin = peek().span.begin;
  if (begins_lambda()) return lambda();
  switch (peek().kind) {
    case TokenKind::name:
      return word_operand(peek().word);
    case TokenKind::number:
      return number_operand();
    case TokenKind::string: {
      const Token token = take();
      return make(token.span, Constant{read_quoted(text_of(token))});
    }
    case TokenKind::plus:
    case TokenKind::minus:
      return signed_operand();
    case TokenKind::template_begin:
      take();
      return template_pieces(begin, TokenKind::template_end, false);
    case TokenKind::tag_begin:
      return tag();
    case TokenKind::left_parenthesis:
      return parenthesised();
    case TokenKind::left_bracket: {
      const Token opening = take();
      MR_TRY(ExpressionList items, list(TokenKind::right_bracket, opening));
      const uint32_t below = height_of(items);
      return make(from(begin), ArrayLiteral{std::move(items)}, below);
    }
    case TokenKind::left_brace: {
      const Token opening = take();
      if (at(TokenKind::right_brace)) return finish_dict(begin, opening, nullptr);
      MR_TRY(const Expression* key, expression());
      if (at(TokenKind::right_brace)) {
        return syntax_error(opening.span, "Placeholders are not allowed in this context",
                            "a hole has one pair of braces; a dict is written {'key': value}");
      }
      return finish_dict(begin, opening, key);
    }
    default:
      return unexpected_here("an expression");
  }
}

Parser::ExpressionResult Parser::word_operand(Word word) {
  switch (word) {
    case Word::null:
      return make(take().span, Constant{});
    case Word::inf:
    case Word::infinity:
    case Word::nan:
      return make(take().span, Constant{special_number(word)});
    case Word::not_:
      return not_operand();
    case Word::case_:
      return case_operand();
    default:
      return is_reserved(word) ? unexpected_here("an expression") : named_operand();
  }
}

Parser::ExpressionResult Parser::number_operand() {
  const Token token = take();
  return make(token.span, Constant{read_number(text_of(token))});
}

// A sign before a number belongs to it; before anything else a minus is an operation.
Parser::ExpressionResult Parser::signed_operand() {
  const Token sign = take();
  const bool minus = sign.kind == TokenKind::minus;
  if (at(TokenKind::number)) {
    const Token token = take();
    const std::string_view text = text_of(token);
    return make(from(sign.span.begin), Constant{minus ? negated(text) : read_number(text)});
  }
  if (at(TokenKind::name) && is_special_number(peek().word)) {
    const double value = special_number(take().word);
    return make(from(sign.span.begin), Constant{minus ? -value : value});
  }
  if (!minus) return unexpected_here("a number behind the `+`");
  MR_TRY(const Expression* operand, expression(Binding::sign));
  return make(from(sign.span.begin), Negate{operand}, height_of({operand}));
}

// `not x`; with a parenthesis right behind it, it is a function.
Parser::ExpressionResult Parser::not_operand() {
  const bool called = peek(1).kind == TokenKind::left_parenthesis && !begins_lambda(1);
  if (called || !begins_operand(1)) return named_operand();
  const uint32_t begin = take().span.begin;
  MR_TRY(const Expression* operand, expression(Binding::not_));
  return make(from(begin), Not{operand}, height_of({operand}));
}

// A variable with the names behind its dots, a call, or a word that is a constant.
Parser::ExpressionResult Parser::named_operand() {
  const Token first = take();
  if (at(TokenKind::left_parenthesis)) return call(first);
  Field field{{name_of(first)}};
  while (at(TokenKind::dot) && peek(1).kind == TokenKind::name) {
    take();
    field.chain.push_back(name_of(take()));
  }
  const bool constant = first.word == Word::true_ || first.word == Word::false_;
  if (constant && field.chain.size() == 1) {
    return make(first.span, Constant{first.word == Word::true_});
  }
  return make(from(first.span.begin), std::move(field));
}

Parser::ExpressionResult Parser::call(const Token& name) {
  const Token opening = take();
  MR_TRY(ExpressionList arguments, list(TokenKind::right_parenthesis, opening));
  const uint32_t below = height_of(arguments);
  return make(from(name.span.begin), Call{{name_of(name), name.span}, std::move(arguments)}, below);
}

// (expression), or a tuple as soon as there is a comma.
Parser::ExpressionResult Parser::parenthesised() {
  const Token opening = take();
  if (at(TokenKind::name) && peek().word == Word::select && begins_operand(1)) {
    return semantic_error(peek().span, "queries are not supported in Hog",
                          "a filter sees one event at a time");
  }
  MR_TRY(const Expression* first, expression());
  if (!take_if(TokenKind::comma)) {
    MR_CHECK(expect_close(TokenKind::right_parenthesis, opening));
    return first;
  }
  MR_TRY(ExpressionList items, list(TokenKind::right_parenthesis, opening));
  items.insert(items.begin(), first);
  const uint32_t below = height_of(items);
  return make(from(opening.span.begin), TupleLiteral{std::move(items)}, below);
}

// case when a then b else c end, case x when a then b end; or something that is called `case`.
Parser::ExpressionResult Parser::case_operand() {
  const uint32_t begin = peek().span.begin;
  if (peek(1).kind == TokenKind::left_parenthesis) {
    MR_TRY(const Expression* called, named_operand());
    const auto* arguments = std::get_if<Call>(&called->form);
    if (!at_word(Word::when) || arguments == nullptr || arguments->arguments.size() != 1) {
      return called;
    }
    return case_arms(begin, arguments->arguments.front());
  }
  if (!begins_operand(1)) return named_operand();
  take();
  if (at_word(Word::when)) return case_arms(begin, nullptr);
  MR_TRY(const Expression* subject, expression());
  return case_arms(begin, subject);
}

Parser::ExpressionResult Parser::case_arms(uint32_t begin, const Expression* subject) {
  Case choice{subject, {}, nullptr};
  uint32_t below = 0;
  if (!at_word(Word::when)) return unexpected_here("`when`");
  while (take_if_word(Word::when)) {
    MR_TRY(const Expression* when, expression());
    if (!take_if_word(Word::then)) return unexpected_here("`then`");
    MR_TRY(const Expression* then, expression());
    choice.arms.push_back({when, then});
    below = std::max({below, when->height, then->height});
  }
  if (take_if_word(Word::else_)) {
    MR_TRY(choice.otherwise, expression());
  }
  if (!take_if_word(Word::end)) return unexpected_here("`end`");
  const Expression* otherwise = choice.otherwise;
  return make(from(begin), std::move(choice), std::max(below, height_of({subject, otherwise})));
}

// Whether names and an arrow follow: x ->, x, y ->, (x, y) ->, () ->. What was found not to be so
// is remembered, so that a long list of names is looked over only once.
bool Parser::begins_lambda(size_t ahead) {
  const bool bracketed = peek(ahead).kind == TokenKind::left_parenthesis;
  if (!bracketed && (!is_name(ahead) || next_ + ahead < no_lambda_before_)) return false;
  if (bracketed) ++ahead;
  while (is_name(ahead)) {
    ++ahead;
    if (peek(ahead).kind != TokenKind::comma) break;
    ++ahead;
  }
  if (bracketed) {
    return peek(ahead).kind == TokenKind::right_parenthesis &&
           peek(ahead + 1).kind == TokenKind::arrow;
  }
  if (peek(ahead).kind == TokenKind::arrow) return true;
  no_lambda_before_ = next_ + ahead;
  return false;
}

Parser::ExpressionResult Parser::lambda() {
  const uint32_t begin = peek().span.begin;
  const bool bracketed = take_if(TokenKind::left_parenthesis);
  std::vector<Identifier> parameters;
  while (is_name()) {
    MR_TRY(Identifier name, declared_name());
    parameters.push_back(std::move(name));
    if (!take_if(TokenKind::comma)) break;
  }
  if (bracketed) take();
  MR_CHECK(expect(TokenKind::arrow, ""));
  return lambda_body(begin, std::move(parameters));
}

Parser::ExpressionResult Parser::lambda_body(uint32_t begin, std::vector<Identifier> parameters) {
  Lambda lambda{std::move(parameters), nullptr, {}};
  if (at(TokenKind::left_brace)) {
    MR_TRY(BlockOrDict found, block_or_dict(true));
    if (found.dict == nullptr) {
      if (found.height >= height_max) return std::unexpected(too_high(from(begin)));
      lambda.block = std::move(found.block);
      return tree_.add(Expression{std::move(lambda), from(begin), found.height + 1});
    }
    MR_TRY(lambda.expression, continue_expression(found.dict, Binding::ternary));
  } else {
    MR_TRY(lambda.expression, expression());
  }
  const Expression* body = lambda.expression;
  return make(from(begin), std::move(lambda), height_of({body}));
}

// Texts and holes up to `closing`, which is taken unless it is the source's end.
Parser::ExpressionResult Parser::template_pieces(uint32_t begin, TokenKind closing, bool full) {
  Template pieces{{}, full};
  while (!at(closing)) {
    if (at(TokenKind::template_text)) {
      const Token token = take();
      const std::string_view text = text_of(token);
      MR_TRY(const Expression* constant,
             make(token.span,
                  Constant{full ? read_full_template_text(text) : read_template_text(text), true},
                  {}));
      pieces.pieces.push_back(constant);
    } else {
      MR_TRY(const Expression* code, hole());
      pieces.pieces.push_back(code);
    }
  }
  if (closing != TokenKind::end) take();
  const uint32_t below = height_of(pieces.pieces);
  return make(from(begin), std::move(pieces), below);
}

// {expression} inside a template or a tag.
Parser::ExpressionResult Parser::hole() {
  MR_TRY(const Token opening, expect(TokenKind::hole_begin, ""));
  MR_TRY(const Expression* code, expression());
  MR_CHECK(expect_close(TokenKind::hole_end, opening));
  return code;
}

// <name attribute='x'>children</name>
Parser::ExpressionResult Parser::tag() {
  const Level level(*this);
  MR_CHECK(enter());
  const Token opening = take();
  Tag tag{std::string(text_of(opening).substr(1)), {}, {}};
  uint32_t below = 0;
  bool has_children = false;
  while (!at(TokenKind::tag_end) && !at(TokenKind::tag_self_close)) {
    MR_TRY(TagAttribute attribute, tag_attribute());
    has_children |= attribute.name == "children";
    below = std::max(below, attribute.value->height);
    tag.attributes.push_back(std::move(attribute));
  }
  if (take().kind == TokenKind::tag_self_close) {
    return make(from(opening.span.begin), std::move(tag), below);
  }
  while (!at(TokenKind::tag_close)) {
    const Expression* child = nullptr;
    if (at(TokenKind::tag_text)) {
      const Token text = take();
      MR_TRY(child, make(text.span, Constant{std::string(text_of(text)), true}));
    } else if (at(TokenKind::tag_begin)) {
      MR_TRY(child, this->tag());
    } else {
      MR_TRY(child, hole());
    }
    tag.children.push_back(child);
    below = std::max(below, child->height);
  }
  const Token closing = take();
  std::string_view name = text_of(closing).substr(2);
  name = name.substr(0, name.find_first_of("> \t\r\n"));
  if (name != tag.name) {
    return syntax_error(closing.span, "Opening and closing HogQLX tags must match. Got " +
                                          tag.name + " and " + std::string(name));
  }
  if (has_children && !tag.children.empty()) {
    return semantic_error(opening.span,
                          "Can't have a HogQLX tag with both children and a 'children' attribute");
  }
  return make(from(opening.span.begin), std::move(tag), below);
}

// name, name='text' or name={expression}
Compiled<TagAttribute> Parser::tag_attribute() {
  MR_TRY(const Token name, expect(TokenKind::tag_attribute, ""));
  TagAttribute attribute{std::string(text_of(name)), nullptr};
  if (!take_if(TokenKind::tag_equals)) {
    MR_TRY(attribute.value, make(name.span, Constant{true, true}));
  } else if (at(TokenKind::string)) {
    const Token text = take();
    MR_TRY(attribute.value, make(text.span, Constant{read_quoted(text_of(text))}));
  } else {
    MR_TRY(attribute.value, hole());
  }
  return attribute;
}

}  // namespace mr::hog
