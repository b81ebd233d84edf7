#include "hog/parser.h"

#include "hog/literal.h"

namespace mr::hog {

Compiled<SyntaxTree> parse(std::string_view source, SourceForm form) {
  MR_TRY(const TokenList tokens, lex(source, form));
  return Parser::parse(source, tokens, form);
}

Compiled<SyntaxTree> Parser::parse(std::string_view source, const TokenList& tokens,
                                   SourceForm form) {
  Parser parser(source, tokens);
  if (form == SourceForm::program) {
    uint32_t height = 0;
    MR_TRY(parser.tree_.program, parser.statements(TokenKind::end, &height));
  } else if (form == SourceForm::full_template) {
    MR_TRY(parser.tree_.expression, parser.template_pieces(0, TokenKind::end, true));
  } else {
    MR_TRY(parser.tree_.expression, parser.expression());
  }
  if (!parser.at(TokenKind::end)) return parser.unexpected_here("the end");
  return std::move(parser.tree_);
}

bool Parser::at_word(Word word) const {
  return at(TokenKind::name) && peek().word == word;
}

bool Parser::take_if(TokenKind kind) {
  if (!at(kind)) return false;
  take();
  return true;
}

bool Parser::take_if_word(Word word) {
  if (!at_word(word)) return false;
  take();
  return true;
}

Compiled<Token> Parser::expect(TokenKind kind, std::string_view purpose) {
  if (at(kind)) return take();
  return unexpected_here(std::string(hog::name_of(kind)) + std::string(purpose));
}

// The bracket that closes `opening`; a missing one is reported where the source makes no sense.
Compiled<Token> Parser::expect_close(TokenKind kind, const Token& opening) {
  if (at(kind)) return take();
  const SourcePlace place = place_of(source_, opening.span);
  return unexpected_here(std::string(hog::name_of(kind)) + " for the " +
                         std::string(hog::name_of(opening.kind)) + " of line " +
                         std::to_string(place.line) + ", column " + std::to_string(place.column));
}

std::unexpected<CompileError> Parser::unexpected_here(std::string_view expected) const {
  const Token& token = peek();
  std::string found = token.kind == TokenKind::name || token.kind == TokenKind::number
                          ? "`" + std::string(text_of(token)) + "`"
                          : std::string(hog::name_of(token.kind));
  std::string hint;
  if (token.kind == TokenKind::assign) {
    hint = "only a variable or a place inside of one can be assigned to, as a statement of its own";
  } else if (token.kind == TokenKind::equal) {
    hint = "assignment is written `:=`";
  } else if (token.word == Word::as) {
    hint = "types and aliases are not supported";
  } else if (token.kind == TokenKind::name && is_reserved(token.word)) {
    hint = "this word is part of the language; in backticks it is a name";
  }
  return syntax_error(token.span, "expected " + std::string(expected) + ", found " + found, hint);
}

std::string_view Parser::text_of(const Token& token) const {
  return source_.substr(token.span.begin, token.span.end - token.span.begin);
}

std::string Parser::name_of(const Token& token) const {
  const std::string_view text = text_of(token);
  return text.front() == '`' || text.front() == '"' ? read_quoted(text) : std::string(text);
}

bool Parser::is_name(size_t ahead) const {
  return peek(ahead).kind == TokenKind::name && !is_reserved(peek(ahead).word);
}

Compiled<Identifier> Parser::declared_name() {
  if (!is_name()) return unexpected_here("a name");
  const Token token = take();
  return Identifier{name_of(token), token.span};
}

// Judges the nesting before going one level deeper; the caller holds a Level.
Compiled<void> Parser::enter() {
  if (nesting_ <= nesting_max) return {};
  return std::unexpected(CompileError{
      CompileErrorKind::limit, "nested more than " + std::to_string(nesting_max) + " levels deep",
      peek().span, "give parts of it names with `let`"});
}

CompileError too_high(Span span) {
  return {CompileErrorKind::limit,
          "an expression of more than " + std::to_string(height_max) + " steps", span,
          "give parts of it names with `let`"};
}

uint32_t height_of(std::initializer_list<const Expression*> nodes) {
  uint32_t height = 0;
  for (const Expression* node : nodes) {
    if (node != nullptr) height = std::max(height, node->height);
  }
  return height;
}

uint32_t height_of(const ExpressionList& nodes) {
  uint32_t height = 0;
  for (const Expression* node : nodes) height = std::max(height, node->height);
  return height;
}

}  // namespace mr::hog
