#include "hog/characters.h"
#include "hog/lexer.h"

// Templates and tags: text with holes of code in it.

namespace mr::hog {

// Text up to the next hole or the closing quote.
Compiled<void> Lexer::step_template() {
  size_t end = at_;
  while (end < source_.size() && source_[end] != '{') {
    if (source_[end] == '\\') {
      MR_CHECK(escape(end, '{'));
      ++end;
    } else if (source_[end] == '\'') {
      if (end + 1 == source_.size() || source_[end + 1] != '\'') break;
      ++end;
    }
    ++end;
  }
  if (end > at_) push(TokenKind::template_text, end - at_);
  if (at_ >= source_.size()) return {};
  if (source_[at_] == '{') {
    enter(Mode::hole, at_);
    push(TokenKind::hole_begin, 1);
  } else {
    inside_.pop_back();
    push(TokenKind::template_end, 1);
  }
  return {};
}

// Quotes mean nothing here, and a backslash that escapes nothing stays. A brace right behind a
// backslash opens no hole, not even when that backslash is itself escaped.
Compiled<void> Lexer::step_full_template() {
  size_t end = source_.find('{', at_);
  while (end != std::string_view::npos && end > at_ && source_[end - 1] == '\\') {
    end = source_.find('{', end + 1);
  }
  end = std::min(end, source_.size());
  if (end > at_) push(TokenKind::template_text, end - at_);
  if (at_ < source_.size()) {
    enter(Mode::hole, at_);
    push(TokenKind::hole_begin, 1);
  }
  return {};
}

Compiled<void> Lexer::step_tag_attributes() {
  const char c = peek();
  if (const size_t length = white_space_length(source_.substr(at_)); length > 0) {
    at_ += length;
  } else if (starts("/>")) {
    inside_.pop_back();
    push(TokenKind::tag_self_close, 2);
  } else if (c == '>') {
    inside_.back().mode = Mode::tag_children;
    push(TokenKind::tag_end, 1);
  } else if (c == '=') {
    push(TokenKind::tag_equals, 1);
  } else if (c == '\'') {
    return quoted(c, TokenKind::string);
  } else if (c == '{') {
    enter(Mode::hole, at_);
    push(TokenKind::hole_begin, 1);
  } else if (begins_name(c) && c != '$') {
    size_t length = 1;
    while (continues_tag_name(peek(length))) ++length;
    push(TokenKind::tag_attribute, length);
  } else {
    return syntax_error(span(at_, at_ + 1), "this does not belong into a tag",
                        "an attribute is written name='text' or name={expression}");
  }
  return {};
}

Compiled<void> Lexer::step_tag_children() {
  const size_t end = std::min(source_.find_first_of("<{", at_), source_.size());
  if (end > at_) {
    push(TokenKind::tag_text, end - at_);
    return {};
  }
  if (source_[at_] == '{') {
    enter(Mode::hole, at_);
    push(TokenKind::hole_begin, 1);
    return {};
  }
  if (starts("</")) return step_tag_close();
  size_t length = 1;
  while (continues_tag_name(peek(length))) ++length;
  if (length == 1 || !begins_name(peek(1))) {
    return syntax_error(span(at_, at_ + 1), "this `<` opens no tag", "write {'<'} for the sign");
  }
  enter(Mode::tag_attributes, at_);
  push(TokenKind::tag_begin, length);
  return {};
}

Compiled<void> Lexer::step_tag_close() {
  size_t length = 2;
  while (continues_tag_name(peek(length))) ++length;
  while (const size_t blank =
             white_space_length(source_.substr(std::min(at_ + length, source_.size())))) {
    length += blank;
  }
  if (peek(length) != '>') {
    return syntax_error(span(at_, at_ + 2), "this closing tag has no end", "write `</name>`");
  }
  inside_.pop_back();
  push(TokenKind::tag_close, length + 1);
  return {};
}

// Whether the `<` here opens a tag. After an operand it compares, unless it begins a line and looks
// like a tag in every way.
bool Lexer::opens_tag() const {
  if (!begins_name(peek(1)) || peek(1) == '$') return false;
  if (!follows_operand()) return true;
  const size_t last = list_.tokens.back().span.end;
  if (!source_.substr(last, at_ - last).contains('\n')) return false;
  size_t end = at_ + 1;
  while (end < source_.size() && continues_tag_name(source_[end])) ++end;
  const size_t close = source_.find_first_of("<>{", end);
  return close != std::string_view::npos && source_[close] != '<';
}

}  // namespace mr::hog
