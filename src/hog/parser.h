#pragma once

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "hog/compile_error.h"
#include "hog/lexer.h"
#include "hog/syntax.h"

namespace mr::hog {

// How deeply brackets, blocks and operators may nest, and how high a tree may grow by long chains
// such as a + b + c + …: both keep the stack bounded.
inline constexpr int nesting_max = 250;
inline constexpr uint32_t height_max = 1000;

// How tightly operators bind, loosest first.
enum class Binding : uint8_t {
  ternary,  // ? :, and lambdas, which begin anywhere and reach as far as they can
  or_,
  and_,
  not_,
  between,
  coalesce,    // ??
  comparison,  // = < in like =~ is null: one level, from left to right
  sum,         // + - ||
  product,     // * / %
  sign,        // -x
  postfix,     // .x [x] (x)
};

// Second stage: tokens in, syntax tree out. Statements by recursive descent, one function for each;
// expressions by operator precedence: an operand first, then operators for as long as they bind
// tightly enough.
//
// The language leaves three things open until later tokens decide: whether `(a, b` begins a tuple
// or a lambda, whether `{` begins a block or a dict, and whether `if (` begins a statement or a
// call. Nothing is parsed twice for that: names are looked over once, and what was read as an
// expression becomes whatever the next token says. So parsing takes linear time.
class Parser {
 public:
  // The tokens must be those of the source in that form. Errors: the first place that makes no
  // sense, and what was expected there.
  static Compiled<SyntaxTree> parse(std::string_view source, const TokenList& tokens,
                                    SourceForm form);

 private:
  using ExpressionResult = Compiled<const Expression*>;
  using StatementResult = Compiled<const Statement*>;

  // What `{` turned out to begin: one of the two.
  struct BlockOrDict {
    const Expression* dict = nullptr;
    Block block;
    uint32_t height = 0;
  };

  Parser(std::string_view source, const TokenList& list) : source_(source), list_(list.tokens) {}

  // Tokens (parser.cc).
  const Token& peek(size_t ahead = 0) const {
    return list_[std::min(next_ + ahead, list_.size() - 1)];
  }
  bool at(TokenKind kind) const { return peek().kind == kind; }
  bool at_word(Word word) const;
  Token take() {
    const Token token = peek();
    last_end_ = token.span.end;
    ++next_;
    return token;
  }
  bool take_if(TokenKind kind);
  bool take_if_word(Word word);
  Compiled<Token> expect(TokenKind kind, std::string_view purpose);
  Compiled<Token> expect_close(TokenKind kind, const Token& opening);
  std::unexpected<CompileError> unexpected_here(std::string_view expected) const;
  std::string_view text_of(const Token& token) const;
  std::string name_of(const Token& token) const;
  bool is_name(size_t ahead = 0) const;
  Compiled<Identifier> declared_name();
  Compiled<void> enter();
  Span from(uint32_t begin) const { return {begin, last_end_}; }
  template <typename Form>
  ExpressionResult make(Span span, Form form, uint32_t height_below = 0);
  template <typename Form>
  StatementResult make_statement(uint32_t begin, Form form, uint32_t height_below);

  // Statements (parser_statements.cc).
  Compiled<Block> statements(TokenKind closing, uint32_t* height);
  Compiled<Block> block(uint32_t* height);
  StatementResult statement();
  StatementResult statement_of(Word word);
  StatementResult governed_statement();
  StatementResult let_statement();
  StatementResult return_statement();
  StatementResult throw_statement();
  StatementResult if_statement();
  StatementResult while_statement();
  StatementResult for_statement();
  StatementResult for_each(uint32_t begin, const Token& opening);
  StatementResult for_clause();
  StatementResult function_statement();
  StatementResult try_statement();
  Compiled<Catch> catch_clause(uint32_t* height);
  StatementResult expression_statement();
  StatementResult finish_statement(const Expression* first);
  StatementResult brace_statement();
  Compiled<BlockOrDict> block_or_dict(bool empty_is_dict);
  ExpressionResult finish_dict(uint32_t begin, const Token& opening, const Expression* first_key);
  bool begins_block() const;

  // Expressions (parser_expressions.cc).
  ExpressionResult expression(Binding loosest = Binding::ternary);
  ExpressionResult continue_expression(const Expression* left, Binding loosest);
  ExpressionResult infix(const Expression* left, Binding loosest, bool* found);
  ExpressionResult infix_symbol(const Expression* left, Binding loosest, bool* found);
  ExpressionResult infix_word(const Expression* left, Binding loosest, bool* found);
  ExpressionResult binary(const Expression* left, Opcode operation, Binding binding);
  ExpressionResult logical(const Expression* left, Opcode operation, Binding binding);
  ExpressionResult concatenation(const Expression* left);
  ExpressionResult conditional(const Expression* condition);
  ExpressionResult between(const Expression* operand, bool negated);
  ExpressionResult is_null(const Expression* operand);
  ExpressionResult postfix(const Expression* left);
  ExpressionResult access(const Expression* object, bool nullish);
  ExpressionResult bracket(const Expression* object, bool nullish);
  Compiled<ExpressionList> list(TokenKind closing, const Token& opening);

  // Operands (parser_operands.cc).
  ExpressionResult operand();
  ExpressionResult word_operand(Word word);
  ExpressionResult number_operand();
  ExpressionResult signed_operand();
  ExpressionResult not_operand();
  ExpressionResult named_operand();
  ExpressionResult call(const Token& name);
  ExpressionResult parenthesised();
  ExpressionResult case_operand();
  ExpressionResult case_arms(uint32_t begin, const Expression* subject);
  ExpressionResult lambda();
  ExpressionResult lambda_body(uint32_t begin, std::vector<Identifier> parameters);
  ExpressionResult template_operand();
  ExpressionResult template_pieces(uint32_t begin, TokenKind closing, bool full);
  ExpressionResult hole();
  ExpressionResult tag();
  Compiled<TagAttribute> tag_attribute();
  bool begins_lambda(size_t ahead = 0);
  bool begins_operand(size_t ahead) const;

  std::string_view source_;
  const std::vector<Token>& list_;
  size_t next_ = 0;
  uint32_t last_end_ = 0;  // where the token taken last ends
  int nesting_ = 0;
  // No list of names that begins before this token is followed by an arrow: found out once.
  size_t no_lambda_before_ = 0;
  SyntaxTree tree_;

  // Counts one level of nesting for as long as it lives.
  class Level {
   public:
    explicit Level(Parser& parser) : parser_(parser) { ++parser_.nesting_; }
    ~Level() { --parser_.nesting_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Parser& parser_;
  };
};

// Short for all stages up to here.
Compiled<SyntaxTree> parse(std::string_view source, SourceForm form);

// Templates of the class that several of its files use.

CompileError too_high(Span span);

// The greatest height among these, of which some may be nullptr.
uint32_t height_of(std::initializer_list<const Expression*> nodes);
uint32_t height_of(const ExpressionList& nodes);

template <typename Form>
Compiled<const Expression*> Parser::make(Span span, Form form, uint32_t height_below) {
  if (height_below >= height_max) return std::unexpected(too_high(span));
  return tree_.add(Expression{std::move(form), span, height_below + 1});
}

template <typename Form>
Compiled<const Statement*> Parser::make_statement(uint32_t begin, Form form,
                                                  uint32_t height_below) {
  if (height_below >= height_max) return std::unexpected(too_high(from(begin)));
  return tree_.add(Statement{std::move(form), from(begin), height_below + 1});
}

}  // namespace mr::hog
