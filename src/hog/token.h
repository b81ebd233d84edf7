#pragma once

#include <cstdint>
#include <string_view>

namespace mr::hog {

// A stretch of the source, in bytes.
struct Span {
  uint32_t begin = 0;
  uint32_t end = 0;
};

// What the lexer cuts the source into. Words such as `let` are names as well: outside the places
// where they mean something they may name a variable.
enum class TokenKind : uint8_t {
  end,     // of the source
  name,    // word, or `quoted` or "quoted"
  number,  // 12, 0x1F, 1.5e-3
  string,  // 'text'
  // A template: f'text {hole} text'. A full template has no opening and no closing token.
  template_begin,
  template_text,
  template_end,
  hole_begin,  // the brace that opens code inside a template or a tag
  hole_end,
  // A tag: <name attribute='x' other={hole}>text {hole}</name>
  tag_begin,       // <name
  tag_attribute,   // name
  tag_equals,      // =
  tag_end,         // >
  tag_self_close,  // />
  tag_text,        // between the opening and the closing tag
  tag_close,       // </name>
  // Punctuation.
  left_parenthesis,
  right_parenthesis,
  left_bracket,
  right_bracket,
  left_brace,
  right_brace,
  comma,
  semicolon,
  colon,
  double_colon,
  assign,  // :=
  arrow,   // ->
  dot,
  question_dot,     // ?.
  question,         // ?
  double_question,  // ??
  plus,
  minus,
  star,
  slash,
  percent,
  concatenate,  // ||
  equal,        // = and ==
  not_equal,    // != and <>
  less,
  less_or_equal,
  greater,
  greater_or_equal,
  regex,       // =~ and ~
  not_regex,   // !~
  iregex,      // =~* and ~*
  not_iregex,  // !~*
};

// The words that mean something somewhere, in any mixture of cases.
enum class Word : uint8_t {
  none,
  and_,
  as,
  between,
  case_,
  cast,
  catch_,
  cohort,
  distinct,
  else_,
  end,
  false_,
  finally,
  fn,
  for_,
  fun,
  if_,
  ilike,
  in,
  inf,
  infinity,
  interval,
  is,
  let,
  like,
  nan,
  not_,
  null,
  or_,
  return_,
  select,
  then,
  throw_,
  true_,
  try_,
  when,
  while_,
};

struct Token {
  TokenKind kind = TokenKind::end;
  // Of a name that is not quoted.
  Word word = Word::none;
  Span span;
};

// The word that `text` is, ignoring case.
Word word_of(std::string_view text);

// Words that can never name anything, unless quoted: `let`, `fn`, `while`, `null`…
bool is_reserved(Word word);

// The kind as a message names it: "`:=`", "a name", "the end of the source".
std::string_view name_of(TokenKind kind);

}  // namespace mr::hog
