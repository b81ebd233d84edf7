#include "hog/parser.h"

namespace mr::hog {

// Up to `closing`, which stays, or to where no statement can begin.
Compiled<Block> Parser::statements(TokenKind closing, uint32_t* height) {
  Block block;
  const uint32_t begin = peek().span.begin;
  while (take_if(TokenKind::semicolon)) {
  }
  while (!at(closing) && !at(TokenKind::end)) {
    MR_TRY(const Statement* next, statement());
    *height = std::max(*height, next->height);
    block.statements.push_back(next);
    while (take_if(TokenKind::semicolon)) {
    }
  }
  block.span = from(begin);
  return block;
}

Compiled<Block> Parser::block(uint32_t* height) {
  MR_TRY(const Token opening, expect(TokenKind::left_brace, ""));
  MR_TRY(Block inner, statements(TokenKind::right_brace, height));
  MR_CHECK(expect_close(TokenKind::right_brace, opening));
  inner.span = from(opening.span.begin);
  return inner;
}

Parser::StatementResult Parser::statement() {
  const Level level(*this);
  MR_CHECK(enter());
  const uint32_t begin = peek().span.begin;
  if (take_if(TokenKind::semicolon)) return make_statement(begin, Block{{}, from(begin)}, 0);
  if (at(TokenKind::left_brace)) return brace_statement();
  // `if := 1` is about a variable, whatever it is called.
  const bool word = at(TokenKind::name) && peek(1).kind != TokenKind::assign;
  return word ? statement_of(peek().word) : expression_statement();
}

Parser::StatementResult Parser::statement_of(Word word) {
  const bool called = peek(1).kind == TokenKind::left_parenthesis;
  switch (word) {
    case Word::let:
      return let_statement();
    case Word::return_:
      // `return ()` calls a function of that name.
      if (called && peek(2).kind == TokenKind::right_parenthesis &&
          peek(3).kind != TokenKind::arrow) {
        return expression_statement();
      }
      return return_statement();
    case Word::throw_:
      return throw_statement();
    case Word::if_:
      return called ? if_statement() : expression_statement();
    case Word::while_:
      return while_statement();
    case Word::for_:
      return called ? for_statement() : expression_statement();
    case Word::fn:
    case Word::fun:
      return function_statement();
    case Word::try_:
      return try_statement();
    case Word::else_:
      return syntax_error(peek().span, "this `else` belongs to no `if`");
    default:
      return expression_statement();
  }
}

// What a condition or a loop governs. A declaration would leave its variable on the stack only
// sometimes.
Parser::StatementResult Parser::governed_statement() {
  const bool declares = at_word(Word::let) || at_word(Word::fn) || at_word(Word::fun);
  if (!declares) return statement();
  return semantic_error(peek().span, "a declaration cannot stand here",
                        "put braces around it: the variable ends with its block");
}

Parser::StatementResult Parser::let_statement() {
  const uint32_t begin = take().span.begin;
  MR_TRY(Identifier name, declared_name());
  const Expression* value = nullptr;
  if (take_if(TokenKind::assign)) {
    MR_TRY(value, expression());
  } else if (at(TokenKind::equal) || at(TokenKind::colon)) {
    return unexpected_here("`:=`");
  }
  return make_statement(begin, Let{std::move(name), value}, value == nullptr ? 0 : value->height);
}

Parser::StatementResult Parser::return_statement() {
  const uint32_t begin = take().span.begin;
  const Expression* value = nullptr;
  if (begins_operand(0)) {
    MR_TRY(value, expression());
  }
  return make_statement(begin, Return{value}, value == nullptr ? 0 : value->height);
}

Parser::StatementResult Parser::throw_statement() {
  const uint32_t begin = take().span.begin;
  MR_TRY(const Expression* value, expression());
  return make_statement(begin, Throw{value}, value->height);
}

// if (condition) statement else statement; or the call if(condition, a, b), which the comma
// reveals.
Parser::StatementResult Parser::if_statement() {
  const Token word = take();
  const Token opening = take();
  MR_TRY(const Expression* condition, expression());
  if (take_if(TokenKind::comma)) {
    MR_TRY(ExpressionList arguments, list(TokenKind::right_parenthesis, opening));
    arguments.insert(arguments.begin(), condition);
    const uint32_t below = height_of(arguments);
    MR_TRY(const Expression* called,
           make(from(word.span.begin), Call{{"if", word.span}, std::move(arguments)}, below));
    MR_TRY(const Expression* whole, continue_expression(called, Binding::ternary));
    return finish_statement(whole);
  }
  MR_CHECK(expect_close(TokenKind::right_parenthesis, opening));
  MR_TRY(const Statement* then, governed_statement());
  if (at(TokenKind::semicolon) && peek(1).word == Word::else_) take();
  const Statement* otherwise = nullptr;
  if (take_if_word(Word::else_)) {
    MR_TRY(otherwise, governed_statement());
  }
  const uint32_t height =
      std::max({condition->height, then->height, otherwise == nullptr ? 0 : otherwise->height});
  return make_statement(word.span.begin, If{condition, then, otherwise}, height);
}

Parser::StatementResult Parser::while_statement() {
  const uint32_t begin = take().span.begin;
  MR_TRY(const Token opening, expect(TokenKind::left_parenthesis, " after `while`"));
  MR_TRY(const Expression* condition, expression());
  MR_CHECK(expect_close(TokenKind::right_parenthesis, opening));
  MR_TRY(const Statement* body, governed_statement());
  return make_statement(begin, While{condition, body}, std::max(condition->height, body->height));
}

Parser::StatementResult Parser::for_statement() {
  const uint32_t begin = take().span.begin;
  const Token opening = take();
  const Token& behind_name = peek(2);
  if (at_word(Word::let) &&
      (behind_name.kind == TokenKind::comma ||
       (behind_name.kind == TokenKind::name && behind_name.word == Word::in))) {
    return for_each(begin, opening);
  }
  For loop{};
  uint32_t height = 0;
  if (!at(TokenKind::semicolon)) {
    MR_TRY(loop.start, for_clause());
    height = loop.start->height;
  }
  if (at(TokenKind::right_parenthesis)) {
    return syntax_error(peek().span, "expected `;` and the loop's condition",
                        "to go through the items of something, write `for (let x in …)`");
  }
  MR_CHECK(expect(TokenKind::semicolon, " after the loop's start"));
  if (!at(TokenKind::semicolon)) {
    MR_TRY(loop.condition, expression());
    height = std::max(height, loop.condition->height);
  }
  MR_CHECK(expect(TokenKind::semicolon, " after the loop's condition"));
  if (!at(TokenKind::right_parenthesis)) {
    MR_TRY(loop.step, for_clause());
    height = std::max(height, loop.step->height);
  }
  MR_CHECK(expect_close(TokenKind::right_parenthesis, opening));
  MR_TRY(loop.body, governed_statement());
  return make_statement(begin, loop, std::max(height, loop.body->height));
}

// for (let key, value in container) statement
Parser::StatementResult Parser::for_each(uint32_t begin, const Token& opening) {
  take();  // let
  ForIn loop{};
  MR_TRY(loop.value, declared_name());
  if (take_if(TokenKind::comma)) {
    loop.key = std::move(loop.value);
    MR_TRY(loop.value, declared_name());
  }
  if (!take_if_word(Word::in)) return unexpected_here("`in`");
  MR_TRY(loop.container, expression());
  MR_CHECK(expect_close(TokenKind::right_parenthesis, opening));
  MR_TRY(loop.body, governed_statement());
  const uint32_t height = std::max(loop.container->height, loop.body->height);
  return make_statement(begin, std::move(loop), height);
}

// The start or the step of a loop.
Parser::StatementResult Parser::for_clause() {
  if (at_word(Word::let)) return let_statement();
  return expression_statement();
}

Parser::StatementResult Parser::function_statement() {
  const uint32_t begin = take().span.begin;
  Function function;
  MR_TRY(function.name, declared_name());
  MR_TRY(const Token opening, expect(TokenKind::left_parenthesis, " and the parameters"));
  while (!at(TokenKind::right_parenthesis)) {
    MR_TRY(Identifier parameter, declared_name());
    function.parameters.push_back(std::move(parameter));
    if (!take_if(TokenKind::comma)) break;
  }
  MR_CHECK(expect_close(TokenKind::right_parenthesis, opening));
  uint32_t height = 0;
  MR_TRY(function.body, block(&height));
  return make_statement(begin, std::move(function), height);
}

Parser::StatementResult Parser::try_statement() {
  const Token word = take();
  Try attempt;
  uint32_t height = 0;
  MR_TRY(attempt.body, block(&height));
  while (at_word(Word::catch_)) {
    MR_TRY(Catch handler, catch_clause(&height));
    attempt.catches.push_back(std::move(handler));
  }
  if (at_word(Word::finally)) {
    return semantic_error(peek().span, "finally blocks are not yet supported",
                          "repeat what must happen in the `try` and in each `catch` block");
  }
  if (attempt.catches.empty()) {
    return semantic_error(word.span, "try statement must have at least one catch block");
  }
  return make_statement(word.span.begin, std::move(attempt), height);
}

// catch {…}, catch (name) {…}, catch (name: Type) {…}
Compiled<Catch> Parser::catch_clause(uint32_t* height) {
  take();
  Catch handler;
  if (at(TokenKind::left_parenthesis)) {
    const Token opening = take();
    MR_TRY(handler.name, declared_name());
    if (take_if(TokenKind::colon)) {
      MR_TRY(handler.type, declared_name());
    }
    MR_CHECK(expect_close(TokenKind::right_parenthesis, opening));
  }
  MR_TRY(handler.body, block(height));
  return handler;
}

Parser::StatementResult Parser::expression_statement() {
  MR_TRY(const Expression* first, expression());
  return finish_statement(first);
}

// An assignment if `:=` follows the expression.
Parser::StatementResult Parser::finish_statement(const Expression* first) {
  const uint32_t begin = first->span.begin;
  if (!take_if(TokenKind::assign)) {
    return make_statement(begin, ExpressionStatement{first}, first->height);
  }
  MR_TRY(const Expression* value, expression());
  return make_statement(begin, Assign{first, value}, std::max(first->height, value->height));
}

Parser::StatementResult Parser::brace_statement() {
  const uint32_t begin = peek().span.begin;
  MR_TRY(BlockOrDict found, block_or_dict(false));
  if (found.dict == nullptr) return make_statement(begin, std::move(found.block), found.height);
  MR_TRY(const Expression* whole, continue_expression(found.dict, Binding::ternary));
  return finish_statement(whole);
}

// A statement that begins with no expression: behind a brace it reveals a block.
bool Parser::begins_block() const {
  if (at(TokenKind::semicolon)) return true;
  if (!at(TokenKind::name) || peek(1).kind == TokenKind::assign) return false;
  switch (peek().word) {
    case Word::let:
    case Word::return_:
    case Word::throw_:
    case Word::while_:
    case Word::fn:
    case Word::fun:
    case Word::try_:
      return true;
    case Word::if_:
    case Word::for_:
      return peek(1).kind == TokenKind::left_parenthesis;
    default:
      return false;
  }
}

// What `{` begins shows behind the first expression: a colon makes it a dict's first key.
Compiled<Parser::BlockOrDict> Parser::block_or_dict(bool empty_is_dict) {
  const Level level(*this);
  MR_CHECK(enter());
  const Token opening = take();
  const uint32_t begin = opening.span.begin;
  BlockOrDict found;
  const Statement* first = nullptr;
  if (at(TokenKind::right_brace)) {
    if (empty_is_dict) {
      MR_TRY(found.dict, finish_dict(begin, opening, nullptr));
      return found;
    }
  } else if (!begins_block()) {
    const Expression* start = nullptr;
    if (at(TokenKind::left_brace)) {
      const uint32_t inner_begin = peek().span.begin;
      MR_TRY(BlockOrDict inner, block_or_dict(false));
      if (inner.dict == nullptr) {
        MR_TRY(first, make_statement(inner_begin, std::move(inner.block), inner.height));
      } else {
        MR_TRY(start, continue_expression(inner.dict, Binding::ternary));
      }
    } else {
      MR_TRY(start, expression());
    }
    if (start != nullptr && at(TokenKind::colon)) {
      MR_TRY(found.dict, finish_dict(begin, opening, start));
      return found;
    }
    if (start != nullptr) {
      MR_TRY(first, finish_statement(start));
    }
  }
  MR_TRY(found.block, statements(TokenKind::right_brace, &found.height));
  if (first != nullptr) {
    found.block.statements.insert(found.block.statements.begin(), first);
    found.height = std::max(found.height, first->height);
  }
  MR_CHECK(expect_close(TokenKind::right_brace, opening));
  found.block.span = from(begin);
  return found;
}

// The rest of a dict behind its first key, if it has any.
Parser::ExpressionResult Parser::finish_dict(uint32_t begin, const Token& opening,
                                             const Expression* first_key) {
  DictLiteral dict;
  uint32_t below = 0;
  const Expression* key = first_key;
  while (key != nullptr || !at(TokenKind::right_brace)) {
    if (key == nullptr) {
      MR_TRY(key, expression());
    }
    MR_CHECK(expect(TokenKind::colon, " and the value of this key"));
    MR_TRY(const Expression* value, expression());
    dict.items.push_back({key, value});
    below = std::max({below, key->height, value->height});
    key = nullptr;
    if (!take_if(TokenKind::comma)) break;
  }
  MR_CHECK(expect_close(TokenKind::right_brace, opening));
  return make(from(begin), std::move(dict), below);
}

}  // namespace mr::hog
