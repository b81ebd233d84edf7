#include "hog/lexer.h"

#include <array>
#include <utility>

#include "codec/utf8.h"
#include "hog/characters.h"

namespace mr::hog {
namespace {

// A word that is followed by an operand, so that what comes next begins one.
bool expects_operand(Word word) {
  switch (word) {
    case Word::and_:
    case Word::or_:
    case Word::not_:
    case Word::in:
    case Word::like:
    case Word::ilike:
    case Word::between:
    case Word::case_:
    case Word::when:
    case Word::then:
    case Word::else_:
    case Word::return_:
    case Word::throw_:
      return true;
    default:
      return false;
  }
}

struct Punctuation {
  std::string_view text;
  TokenKind kind;
};

constexpr bool by_first_character(const Punctuation& left, const Punctuation& right) {
  return left.text.front() < right.text.front();
}

// Together by their first characters; of these, longer ones first, so that the first match is the
// longest.
constexpr auto punctuation = [] {
  auto table = std::to_array<Punctuation>({
      {"=~*", TokenKind::iregex},
      {"!~*", TokenKind::not_iregex},
      {":=", TokenKind::assign},
      {"::", TokenKind::double_colon},
      {"->", TokenKind::arrow},
      {"?.", TokenKind::question_dot},
      {"??", TokenKind::double_question},
      {"||", TokenKind::concatenate},
      {"==", TokenKind::equal},
      {"!=", TokenKind::not_equal},
      {"<>", TokenKind::not_equal},
      {"<=", TokenKind::less_or_equal},
      {">=", TokenKind::greater_or_equal},
      {"=~", TokenKind::regex},
      {"!~", TokenKind::not_regex},
      {"~*", TokenKind::iregex},
      {"~", TokenKind::regex},
      {"(", TokenKind::left_parenthesis},
      {")", TokenKind::right_parenthesis},
      {"[", TokenKind::left_bracket},
      {"]", TokenKind::right_bracket},
      {",", TokenKind::comma},
      {";", TokenKind::semicolon},
      {":", TokenKind::colon},
      {".", TokenKind::dot},
      {"?", TokenKind::question},
      {"+", TokenKind::plus},
      {"-", TokenKind::minus},
      {"*", TokenKind::star},
      {"/", TokenKind::slash},
      {"%", TokenKind::percent},
      {"=", TokenKind::equal},
      {"<", TokenKind::less},
      {">", TokenKind::greater},
  });
  // Insertion keeps the order of those that begin alike.
  for (size_t i = 1; i < table.size(); ++i) {
    for (size_t j = i; j > 0 && by_first_character(table[j], table[j - 1]); --j) {
      std::swap(table[j], table[j - 1]);
    }
  }
  return table;
}();

// Where those that begin with a character lie; as far as the next one's.
constexpr auto punctuation_begin = [] {
  std::array<uint8_t, 129> begin{};
  for (const Punctuation& entry : punctuation) {
    for (size_t c = static_cast<size_t>(entry.text.front()) + 1; c < begin.size(); ++c) ++begin[c];
  }
  return begin;
}();

// What people bring from other languages, with what to write here.
struct Habit {
  std::string_view text;
  std::string_view message;
  std::string_view hint;
};
constexpr Habit habits[] = {
    {"===", "`===` is no operator", "write `=` or `==`"},
    {"!==", "`!==` is no operator", "write `!=`"},
    {"=>", "`=>` is no operator", "a lambda is written `x -> …`, and `>=` compares"},
    {"&&", "`&&` is no operator", "say `and`"},
    {"&", "`&` is no operator", "say `and`"},
    {"+=", "`+=` is no operator", "write `x := x + …`"},
    {"-=", "`-=` is no operator", "write `x := x - …`"},
    {"*=", "`*=` is no operator", "write `x := x * …`"},
    {"/=", "`/=` is no operator", "write `x := x / …`"},
    {"F'", "a template begins with a small f", "write `f'…'`"},
};

}  // namespace

size_t white_space_length(std::string_view text) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned first = byte(0);
  if (first == ' ' || (first >= '\t' && first <= '\r')) return 1;
  if (first == 0xC2) return byte(1) == 0x85 || byte(1) == 0xA0 ? 2 : 0;
  const unsigned rest = byte(1) << 8 | byte(2);
  if (first == 0xE1) return rest == 0x9A80 ? 3 : 0;
  if (first == 0xE2) {
    const bool space = (rest >= 0x8080 && rest <= 0x808A) || rest == 0x80A8 || rest == 0x80A9 ||
                       rest == 0x80AF || rest == 0x819F;
    return space ? 3 : 0;
  }
  if (first == 0xE3) return rest == 0x8080 ? 3 : 0;
  return first == 0xEF && rest == 0xBBBF ? 3 : 0;
}

Compiled<TokenList> Lexer::run() {
  list_.tokens.reserve(source_.size() / 4 + 1);
  while (at_ < source_.size()) MR_CHECK(step());
  MR_CHECK(at_end());
  push(TokenKind::end, 0);
  return std::move(list_);
}

Compiled<void> Lexer::step() {
  switch (inside_.back().mode) {
    case Mode::code:
    case Mode::hole:
      return step_code();
    case Mode::template_string:
      return step_template();
    case Mode::full_template:
      return step_full_template();
    case Mode::tag_attributes:
      return step_tag_attributes();
    case Mode::tag_children:
      return step_tag_children();
  }
  return {};
}

// What is still open when the source ends. Open code is the parser's matter: it knows what it waits
// for.
Compiled<void> Lexer::at_end() const {
  const Inside& last = inside_.back();
  if (last.mode == Mode::template_string) {
    return syntax_error(span(last.begin, last.begin + 2), "this template is never closed",
                        "it ends with `'`");
  }
  if (last.mode == Mode::tag_attributes || last.mode == Mode::tag_children) {
    return syntax_error(span(last.begin, last.begin + 1), "this tag is never closed",
                        "a tag ends with `</name>` or `/>`");
  }
  return {};
}

// White space or a comment; whether there was one.
Compiled<bool> Lexer::skip_blank() {
  if (const size_t length = white_space_length(source_.substr(at_)); length > 0) {
    at_ += length;
    return true;
  }
  const char c = peek();
  if ((c != '/' && c != '-') || (peek(1) != c && peek(1) != '*')) return false;
  size_t end = 0;
  if (starts("//") || starts("--")) {
    end = std::min(source_.find_first_of("\r\n", at_), source_.size());
  } else if (starts("/*")) {
    const size_t close = source_.find("*/", at_ + 2);
    if (close == std::string_view::npos) {
      return syntax_error(span(at_, at_ + 2), "this comment is never closed", "it ends with `*/`");
    }
    end = close + 2;
  } else {
    return false;
  }
  list_.comments.push_back(span(at_, end));
  at_ = end;
  return true;
}

Compiled<void> Lexer::step_code() {
  while (peek() == ' ' || peek() == '\n') ++at_;
  if (at_ == source_.size()) return {};
  MR_TRY(const bool blank, skip_blank());
  if (blank) return {};
  const char c = peek();
  if (c == 'f' && peek(1) == '\'') {
    enter(Mode::template_string, at_);
    push(TokenKind::template_begin, 2);
    return {};
  }
  if (begins_name(c) && (c != 'F' || peek(1) != '\'')) return name();
  if (is_digit(c) || (c == '.' && is_digit(peek(1)) && !follows_operand() && !follows_dot()))
    return number();
  if (c == '\'') return quoted(c, TokenKind::string);
  if (c == '"' || c == '`') return quoted(c, TokenKind::name);
  if (c == '{') {
    enter(Mode::code, at_);
    push(TokenKind::left_brace, 1);
    return {};
  }
  if (c == '}') {
    const bool hole = inside_.back().mode == Mode::hole;
    if (inside_.size() > 1) inside_.pop_back();
    push(hole ? TokenKind::hole_end : TokenKind::right_brace, 1);
    return {};
  }
  if (c == '<' && opens_tag()) {
    size_t length = 1;
    while (continues_tag_name(peek(length))) ++length;
    enter(Mode::tag_attributes, at_);
    push(TokenKind::tag_begin, length);
    return {};
  }
  return step_punctuation();
}

Compiled<void> Lexer::step_punctuation() {
  const char c = peek();
  for (const Habit& habit : habits) {
    if (habit.text.front() != c || !starts(habit.text)) continue;
    return syntax_error(span(at_, at_ + habit.text.size()), std::string(habit.message),
                        std::string(habit.hint));
  }
  const auto code = static_cast<unsigned char>(c);
  const size_t end = code < 128 ? punctuation_begin[code + 1] : 0;
  for (size_t i = code < 128 ? punctuation_begin[code] : 0; i < end; ++i) {
    if (!starts(punctuation[i].text)) continue;
    push(punctuation[i].kind, punctuation[i].text.size());
    return {};
  }
  size_t length = 1;
  while ((static_cast<unsigned char>(peek(length)) & 0xC0) == 0x80) ++length;
  const std::string character(source_.substr(at_, length));
  std::string hint;
  if (character == "!") hint = "say `not`";
  if (character == "|") hint = "say `or`; `||` joins texts";
  if (length > 1) hint = "a name with such letters is written in backticks: `…`";
  return syntax_error(span(at_, at_ + length), "unexpected character `" + character + "`", hint);
}

Compiled<void> Lexer::name() {
  size_t length = 1;
  while (continues_name(peek(length))) ++length;
  push(TokenKind::name, length, word_of(source_.substr(at_, length)));
  return {};
}

bool Lexer::follows_dot() const {
  if (list_.tokens.empty()) return false;
  const TokenKind last = list_.tokens.back().kind;
  return last == TokenKind::dot || last == TokenKind::question_dot;
}

// Whether the last token can end an operand, so that an operator must follow.
bool Lexer::follows_operand() const {
  if (list_.tokens.empty()) return false;
  const Token& last = list_.tokens.back();
  switch (last.kind) {
    case TokenKind::name: {
      const size_t count = list_.tokens.size();
      const bool member = count > 1 && list_.tokens[count - 2].kind == TokenKind::dot;
      return member || !expects_operand(last.word);
    }
    case TokenKind::number:
    case TokenKind::string:
    case TokenKind::template_end:
    case TokenKind::tag_close:
    case TokenKind::tag_self_close:
    case TokenKind::right_parenthesis:
    case TokenKind::right_bracket:
    case TokenKind::right_brace:
      return true;
    default:
      return false;
  }
}

Compiled<TokenList> lex(std::string_view source, SourceForm form) {
  if (!codec::is_valid_utf8(source)) {
    return syntax_error({}, "the source is not valid UTF-8");
  }
  if (source.size() > source_characters_max &&
      codec::code_point_count(source) > source_characters_max) {
    return std::unexpected(CompileError{
        CompileErrorKind::limit,
        "the source has more than " + std::to_string(source_characters_max) + " characters",
        {},
        {}});
  }
  return Lexer(source, form).run();
}

}  // namespace mr::hog
