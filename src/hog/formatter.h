#pragma once

#include <string>
#include <string_view>

#include "hog/parser.h"

namespace mr::hog {

inline constexpr size_t formatted_width = 100;

// The source in the one layout that everybody uses: two blanks of indentation, a statement a line,
// at most formatted_width columns where that is possible, no semicolons but where they are needed,
// comments kept. What comes out compiles to the same bytecode, and formatting it again changes
// nothing. Errors: those of lexer and parser.
Compiled<std::string> format(std::string_view source, SourceForm form);

// The walk of format() over one tree. Lists are tried on one line first; what does not fit is
// broken, one item a line.
class Formatter {
 public:
  Formatter(std::string_view source, const TokenList& tokens)
      : source_(source), comments_(tokens.comments) {}

  std::string program(const SyntaxTree& tree);
  std::string expression(const SyntaxTree& tree);
  std::string full_template(const SyntaxTree& tree);

 private:
  // Statements (formatter.cc).
  void statements(const Block& block);
  void block(const Block& block);
  void body(const Statement& statement);
  void statement(const Statement& statement);
  void visit(const Let& let);
  void visit(const Assign& assign);
  void visit(const ExpressionStatement& statement);
  void visit(const Return& statement);
  void visit(const Throw& statement);
  void visit(const If& choice);
  void visit(const While& loop);
  void visit(const For& loop);
  void visit(const ForIn& loop);
  void visit(const Function& function);
  void visit(const Try& attempt);
  void visit(const Block& inner);
  void parameters(const std::vector<Identifier>& names);
  void comments_before(uint32_t place, bool any_before);
  void comments_within(size_t statement_begin, uint32_t end);
  bool blank_line_between(size_t from, size_t to) const;

  // Expressions (formatter_expressions.cc).
  void expression(const Expression& node, Binding loosest);
  void visit_expression(const Constant& constant, Span span);
  void visit_expression(const Field& field, Span span);
  void visit_expression(const Binary& binary, Span span);
  void visit_expression(const Logical& logical, Span span);
  void visit_expression(const Not& negation, Span span);
  void visit_expression(const Negate& negation, Span span);
  void visit_expression(const Concatenation& concatenation, Span span);
  void visit_expression(const Between& between, Span span);
  void visit_expression(const IsNull& question, Span span);
  void visit_expression(const Conditional& conditional, Span span);
  void visit_expression(const Coalesce& coalesce, Span span);
  void visit_expression(const Case& choice, Span span);
  void visit_expression(const Access& access, Span span);
  void visit_expression(const Call& call, Span span);
  void visit_expression(const CallValue& call, Span span);
  void visit_expression(const ArrayLiteral& array, Span span);
  void visit_expression(const TupleLiteral& tuple, Span span);
  void visit_expression(const DictLiteral& dict, Span span);
  void visit_expression(const Lambda& lambda, Span span);
  void visit_expression(const Template& pieces, Span span);
  void visit_expression(const Tag& tag, Span span);
  void lambda(const Lambda& lambda, bool in_parentheses);
  void hole(const Expression& code);
  void chain(const ExpressionList& items, std::string_view joint, Binding first, Binding others);
  void list(std::string_view opening, const ExpressionList& items, std::string_view closing);
  template <typename Item>
  void items(std::string_view opening, size_t count, std::string_view closing, Item item);
  void item(const Expression& node, bool first);

  // Writing.
  void write(std::string_view text);
  void new_line();
  template <typename Piece>
  bool on_one_line(Piece piece);

  std::string_view source_;
  const std::vector<Span>& comments_;
  size_t next_comment_ = 0;
  uint32_t source_end_ = 0;  // of what was written last
  std::string out_;
  size_t line_begin_ = 0;
  size_t indentation_ = 0;
  // While something is tried on one line.
  bool trying_ = false;
  bool failed_ = false;
};

}  // namespace mr::hog
