#pragma once

#include <string_view>
#include <vector>

#include "hog/compile_error.h"
#include "hog/token.h"

namespace mr::hog {

// What a source is meant to be.
enum class SourceForm : uint8_t {
  program,        // statements
  expression,     // one expression
  filter,         // one expression that says yes or no to an event
  full_template,  // text with {holes}, as in the inputs of a destination
};

inline constexpr size_t source_characters_max = 100'000;

// The first stage's work: the source cut into tokens. White space and comments separate tokens and
// vanish; comments are kept aside for the formatter.
struct TokenList {
  std::vector<Token> tokens;   // the last one is TokenKind::end
  std::vector<Span> comments;  // in order, with their marks
};

// First stage: text in, tokens out, in one pass. Braces nest code in templates and tags, and these
// in code, to any depth: the lexer keeps a stack of what it is inside of.
//
// Takes any bytes. Errors: a character that begins nothing, an escape that means nothing, a text,
// template or comment without end; a source that is too long or not UTF-8.
Compiled<TokenList> lex(std::string_view source, SourceForm form);

// The walk of lex() over one source.
class Lexer {
 public:
  Lexer(std::string_view source, SourceForm form) : source_(source) {
    inside_.push_back({form == SourceForm::full_template ? Mode::full_template : Mode::code, 0});
  }

  Compiled<TokenList> run();

 private:
  // What the next character is part of.
  enum class Mode : uint8_t {
    code,
    hole,  // code that a template or a tag is waiting for
    template_string,
    full_template,
    tag_attributes,
    tag_children,
  };
  struct Inside {
    Mode mode;
    uint32_t begin;  // where it was opened
  };

  Compiled<void> step();
  Compiled<void> step_code();
  Compiled<void> step_punctuation();
  Compiled<void> step_template();
  Compiled<void> step_full_template();
  Compiled<void> step_tag_attributes();
  Compiled<void> step_tag_children();
  Compiled<void> step_tag_close();
  Compiled<bool> skip_blank();
  Compiled<void> name();
  Compiled<void> number();
  size_t hexadecimal_length() const;
  Compiled<void> escape(size_t at, char quote);
  Compiled<void> quoted(char quote, TokenKind kind);
  Compiled<void> at_end() const;
  bool opens_tag() const;
  bool follows_operand() const;
  bool follows_dot() const;

  char peek(size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }
  bool starts(std::string_view text) const { return source_.substr(at_).starts_with(text); }
  Span span(size_t begin, size_t end) const {
    return {static_cast<uint32_t>(begin), static_cast<uint32_t>(end)};
  }
  // The token from here on, `length` bytes long.
  void push(TokenKind kind, size_t length, Word word = Word::none) {
    list_.tokens.push_back({kind, word, span(at_, at_ + length)});
    at_ += length;
  }
  void enter(Mode mode, size_t begin) { inside_.push_back({mode, static_cast<uint32_t>(begin)}); }

  std::string_view source_;
  size_t at_ = 0;
  std::vector<Inside> inside_;
  TokenList list_;
};

}  // namespace mr::hog
