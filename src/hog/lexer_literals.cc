#include "hog/characters.h"
#include "hog/lexer.h"

// Numbers, texts and quoted names.

namespace mr::hog {

// Of 0x1F, or of 0x1F.8p1: a fraction only counts with an exponent.
size_t Lexer::hexadecimal_length() const {
  const auto skip = [&](size_t from, auto belongs) {
    while (belongs(peek(from))) ++from;
    return from;
  };
  const size_t integer = skip(2, is_hex_digit);
  size_t end = peek(integer) == '.' ? skip(integer + 1, is_hex_digit) : integer;
  if ((peek(end) | 0x20) != 'p') return integer;
  ++end;
  if (peek(end) == '+' || peek(end) == '-') ++end;
  return is_digit(peek(end)) ? skip(end, is_digit) : integer;
}

// Decimal, 0x and 0b integers; decimals with fraction or exponent. A number right after a dot is an
// index: `a.1.2` has two of them.
Compiled<void> Lexer::number() {
  const size_t begin = at_;
  size_t end = at_;
  const auto digits = [&] {
    while (end < source_.size() && is_digit(source_[end])) ++end;
  };
  const char second = peek() == '0' ? static_cast<char>(peek(1) | 0x20) : '\0';
  if ((second == 'o' || second == 'b') && is_digit(peek(2))) {
    const std::string_view allowed = second == 'b' ? "01" : "";
    end = std::min(source_.find_first_not_of(allowed, begin + 2), source_.size());
    if (second == 'o' || (end < source_.size() && is_digit(source_[end]))) {
      return syntax_error(span(begin, std::max(end, begin + 3)), "this is no number",
                          "numbers are written 15, 0xF or 0b1111");
    }
    push(TokenKind::number, end - begin);
    return {};
  }
  if (second == 'x' && is_hex_digit(peek(2))) {
    push(TokenKind::number, hexadecimal_length());
    return {};
  }
  const bool index = follows_dot();
  digits();
  const bool fraction =
      !index && end < source_.size() && source_[end] == '.' &&
      (end + 1 == source_.size() || (!begins_name(source_[end + 1]) && source_[end + 1] != '.'));
  if (fraction) {
    ++end;
    digits();
  }
  if (!index && end < source_.size() && (source_[end] | 0x20) == 'e') {
    const size_t mark = end;
    ++end;
    if (end < source_.size() && (source_[end] == '+' || source_[end] == '-')) ++end;
    const size_t exponent = end;
    digits();
    if (end == exponent) end = mark;
  }
  push(TokenKind::number, end - begin);
  return {};
}

// Judges the backslash at `at`: it must be followed by something that has a meaning.
Compiled<void> Lexer::escape(size_t at, char quote) {
  const char next = at + 1 < source_.size() ? source_[at + 1] : '\0';
  const bool hexadecimal = (next == 'x' || next == 'X') && at + 3 < source_.size() &&
                           is_hex_digit(source_[at + 2]) && is_hex_digit(source_[at + 3]);
  const bool known = std::string_view("bfrntavBFRNTAV0\\").contains(next) || next == quote ||
                     (quote == '`' && next == '\'') || (quote == '{' && next == '\'') ||
                     hexadecimal;
  if (next != '\0' && known) return {};
  return syntax_error(span(at, std::min(at + 2, source_.size())),
                      "a backslash before this character means nothing",
                      "for the backslash itself write `\\\\`");
}

// From the opening quote to the closing one; a doubled quote does not close.
Compiled<void> Lexer::quoted(char quote, TokenKind kind) {
  for (size_t i = at_ + 1; i < source_.size(); ++i) {
    if (source_[i] == '\\') {
      MR_CHECK(escape(i, quote));
      ++i;
    } else if (source_[i] == quote) {
      if (i + 1 < source_.size() && source_[i + 1] == quote) {
        ++i;
        continue;
      }
      push(kind, i + 1 - at_);
      return {};
    }
  }
  return syntax_error(
      span(at_, at_ + 1),
      kind == TokenKind::string ? "this text is never closed" : "this quoted name is never closed",
      std::string("it ends with `") + quote + "`");
}

}  // namespace mr::hog
