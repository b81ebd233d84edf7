#include "hog/formatter.h"

#include <algorithm>

#include "hog/literal.h"

namespace mr::hog {
namespace {

constexpr size_t indentation_step = 2;

// Whether a statement that begins like this would continue the one before it.
bool could_continue(std::string_view text) {
  if (text.empty()) return false;
  if (std::string_view("([-+<.?*/%=~").contains(text.front())) return true;
  const std::string_view word = text.substr(0, text.find_first_of(" (\n"));
  switch (word_of(word)) {
    case Word::and_:
    case Word::or_:
    case Word::not_:
    case Word::in:
    case Word::is:
    case Word::like:
    case Word::ilike:
    case Word::between:
      return true;
    default:
      return false;
  }
}

// What the expression begins with, unless it begins with a token of its own.
const Expression* leftmost_part(const Expression& node) {
  if (const auto* form = std::get_if<Binary>(&node.form)) return form->left;
  if (const auto* form = std::get_if<Logical>(&node.form)) return form->items.front();
  if (const auto* form = std::get_if<Concatenation>(&node.form)) return form->items.front();
  if (const auto* form = std::get_if<Between>(&node.form)) return form->operand;
  if (const auto* form = std::get_if<IsNull>(&node.form)) return form->operand;
  if (const auto* form = std::get_if<Conditional>(&node.form)) return form->condition;
  if (const auto* form = std::get_if<Coalesce>(&node.form)) return form->left;
  if (const auto* form = std::get_if<Access>(&node.form)) return form->object;
  if (const auto* form = std::get_if<CallValue>(&node.form)) return form->callee;
  return nullptr;
}

bool is_bare_return(const Statement& statement) {
  const auto* form = std::get_if<Return>(&statement.form);
  return form != nullptr && form->value == nullptr;
}

// Such a statement would begin with the brace of a block.
bool begins_with_dict(const Expression* node) {
  while (node != nullptr && !std::holds_alternative<DictLiteral>(node->form)) {
    node = leftmost_part(*node);
  }
  return node != nullptr;
}

}  // namespace

Compiled<std::string> format(std::string_view source, SourceForm form) {
  MR_TRY(const TokenList tokens, lex(source, form));
  MR_TRY(const SyntaxTree tree, Parser::parse(source, tokens, form));
  Formatter formatter(source, tokens);
  if (form == SourceForm::program) return formatter.program(tree);
  return form == SourceForm::full_template ? formatter.full_template(tree)
                                           : formatter.expression(tree);
}

std::string Formatter::program(const SyntaxTree& tree) {
  statements(tree.program);
  comments_before(static_cast<uint32_t>(source_.size()), !out_.empty());
  if (!out_.empty() && !out_.ends_with('\n')) out_ += '\n';
  return std::move(out_);
}

std::string Formatter::expression(const SyntaxTree& tree) {
  expression(*tree.expression, Binding::ternary);
  comments_within(0, static_cast<uint32_t>(source_.size()));
  return std::move(out_) + "\n";
}

// The text between the holes is what it is for: it stays untouched.
std::string Formatter::full_template(const SyntaxTree& tree) {
  if (next_comment_ < comments_.size()) return std::string(source_);
  expression(*tree.expression, Binding::ternary);
  return std::move(out_);
}

void Formatter::write(std::string_view text) {
  if (failed_) return;
  out_ += text;
  if (const size_t newline = text.rfind('\n'); newline != std::string_view::npos) {
    line_begin_ = out_.size() - text.size() + newline + 1;
    failed_ = trying_;
  }
  if (trying_ && out_.size() - line_begin_ > formatted_width) failed_ = true;
}

void Formatter::new_line() {
  write("\n" + std::string(indentation_, ' '));
}

bool Formatter::blank_line_between(size_t from, size_t to) const {
  return to > from && std::ranges::count(source_.substr(from, to - from), '\n') > 1;
}

// The comments of the source before that place, each on a line of its own; or behind what was
// written last, if it stood there.
void Formatter::comments_before(uint32_t place, bool any_before) {
  while (next_comment_ < comments_.size() && comments_[next_comment_].begin < place) {
    const Span comment = comments_[next_comment_++];
    const std::string_view between = source_.substr(
        std::min(source_end_, comment.begin), comment.begin - std::min(source_end_, comment.begin));
    if (any_before && !between.contains('\n')) {
      write("  ");
    } else if (any_before) {
      if (blank_line_between(source_end_, comment.begin)) write("\n");
      new_line();
    }
    write(source_.substr(comment.begin, comment.end - comment.begin));
    source_end_ = comment.end;
    any_before = true;
  }
}

// Comments that stood inside of what was just written go above it.
void Formatter::comments_within(size_t statement_begin, uint32_t end) {
  std::string above;
  while (next_comment_ < comments_.size() && comments_[next_comment_].begin < end) {
    const Span comment = comments_[next_comment_++];
    above += source_.substr(comment.begin, comment.end - comment.begin);
    above += "\n" + std::string(indentation_, ' ');
  }
  if (above.empty()) return;
  out_.insert(statement_begin, above);
  line_begin_ += above.size();
}

void Formatter::statements(const Block& block) {
  size_t end_of_last = 0;
  for (size_t i = 0; i < block.statements.size(); ++i) {
    const Statement& node = *block.statements[i];
    const size_t comment = next_comment_;
    comments_before(node.span.begin, i > 0);
    if (i > 0 || next_comment_ > comment) {
      if (blank_line_between(source_end_, node.span.begin)) write("\n");
      new_line();
    }
    const size_t begin = out_.size();
    statement(node);
    if (is_bare_return(node) && i + 1 < block.statements.size()) write(";");
    // A semicolon where this would otherwise be read as part of the last statement.
    const bool continues = i > 0 && could_continue(std::string_view(out_).substr(begin));
    comments_within(begin, node.span.end);
    if (continues) {
      out_.insert(end_of_last, ";");
      ++line_begin_;
    }
    source_end_ = std::max(source_end_, node.span.end);
    end_of_last = out_.size();
  }
}

void Formatter::block(const Block& block) {
  const bool commented = next_comment_ < comments_.size() &&
                         comments_[next_comment_].begin < block.span.end &&
                         comments_[next_comment_].begin >= block.span.begin;
  if (block.statements.empty() && !commented) {
    write("{}");
    return;
  }
  // A block takes several lines.
  if (trying_) {
    failed_ = true;
    return;
  }
  write("{");
  indentation_ += indentation_step;
  new_line();
  source_end_ = block.span.begin + 1;
  const size_t begin = out_.size();
  statements(block);
  const uint32_t end = block.span.end - 1;
  comments_before(end, out_.size() > begin);
  indentation_ -= indentation_step;
  new_line();
  write("}");
}

// The statement that an `if` or a loop governs.
void Formatter::body(const Statement& governed) {
  write(" ");
  statement(governed);
}

void Formatter::statement(const Statement& node) {
  std::visit([&](const auto& form) { visit(form); }, node.form);
}

void Formatter::visit(const Block& inner) {
  block(inner);
}

void Formatter::visit(const Let& let) {
  write("let " + write_name(let.name.text));
  if (let.value == nullptr) return;
  write(" := ");
  expression(*let.value, Binding::ternary);
}

void Formatter::visit(const Assign& assign) {
  expression(*assign.target, Binding::postfix);
  write(" := ");
  expression(*assign.value, Binding::ternary);
}

void Formatter::visit(const ExpressionStatement& statement) {
  const bool wrapped = begins_with_dict(statement.expression);
  if (wrapped) write("(");
  expression(*statement.expression, Binding::ternary);
  if (wrapped) write(")");
}

void Formatter::visit(const Return& statement) {
  write("return");
  if (statement.value == nullptr) return;
  write(" ");
  expression(*statement.value, Binding::ternary);
}

void Formatter::visit(const Throw& statement) {
  write("throw ");
  expression(*statement.value, Binding::ternary);
}

void Formatter::visit(const If& choice) {
  write("if (");
  expression(*choice.condition, Binding::ternary);
  write(")");
  body(*choice.then);
  if (choice.otherwise == nullptr) return;
  if (std::holds_alternative<Block>(choice.then->form)) {
    write(" else");
  } else {
    new_line();
    write("else");
  }
  body(*choice.otherwise);
}

void Formatter::visit(const While& loop) {
  write("while (");
  expression(*loop.condition, Binding::ternary);
  write(")");
  body(*loop.body);
}

void Formatter::visit(const For& loop) {
  write("for (");
  if (loop.start != nullptr) statement(*loop.start);
  write(";");
  if (loop.condition != nullptr) {
    write(" ");
    expression(*loop.condition, Binding::ternary);
  }
  write(";");
  if (loop.step != nullptr) {
    write(" ");
    statement(*loop.step);
  }
  write(")");
  body(*loop.body);
}

void Formatter::visit(const ForIn& loop) {
  write("for (let ");
  if (!loop.key.text.empty()) write(write_name(loop.key.text) + ", ");
  write(write_name(loop.value.text) + " in ");
  expression(*loop.container, Binding::ternary);
  write(")");
  body(*loop.body);
}

void Formatter::parameters(const std::vector<Identifier>& names) {
  write("(");
  for (size_t i = 0; i < names.size(); ++i) write((i == 0 ? "" : ", ") + write_name(names[i].text));
  write(")");
}

void Formatter::visit(const Function& function) {
  write("fn " + write_name(function.name.text));
  parameters(function.parameters);
  write(" ");
  block(function.body);
}

void Formatter::visit(const Try& attempt) {
  write("try ");
  block(attempt.body);
  for (const Catch& handler : attempt.catches) {
    write(" catch ");
    if (!handler.name.text.empty()) {
      write("(" + write_name(handler.name.text));
      if (!handler.type.text.empty()) write(": " + write_name(handler.type.text));
      write(") ");
    }
    block(handler.body);
  }
}

}  // namespace mr::hog
