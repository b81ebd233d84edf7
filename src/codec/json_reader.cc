#include "codec/json_reader.h"

#include <array>

#include "codec/hex.h"
#include "codec/json_scan.h"
#include "codec/json_text.h"
#include "codec/utf8.h"

namespace mr::json {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

const char* skip_digits(const char* next, const char* end) {
  while (next < end && is_digit(*next)) ++next;
  return next;
}

// Which of the open containers are objects: one bit a level.
class OpenContainers {
 public:
  size_t depth() const { return depth_; }
  bool innermost_is_object() const { return (bits_[index()] >> shift() & 1) != 0; }
  void open(bool is_object) {
    ++depth_;
    const uint64_t bit = uint64_t{1} << shift();
    bits_[index()] = is_object ? bits_[index()] | bit : bits_[index()] & ~bit;
  }
  void close() { --depth_; }

 private:
  size_t index() const { return (depth_ - 1) / 64; }
  size_t shift() const { return (depth_ - 1) % 64; }

  std::array<uint64_t, depth_max / 64> bits_;
  size_t depth_ = 0;
};

}  // namespace

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::invalid:
      return "invalid";
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "boolean";
    case Kind::number:
      return "number";
    case Kind::string:
      return "string";
    case Kind::array:
      return "array";
    case Kind::object:
      return "object";
  }
  return "unknown";
}

bool Reader::fail_here(const char* what) {
  if (failure_ == nullptr) failure_ = what;
  return false;
}

Error Reader::error() const {
  const char* what = failure_ == nullptr ? "text behind the end of the value" : failure_;
  return Error(ErrorCode::invalid_input,
               std::string(what) + " at byte " + std::to_string(position()));
}

void Reader::skip_blanks() {
  while (next_ < end_ && is_blank(*next_)) ++next_;
}

Kind Reader::peek() {
  if (!ok()) return Kind::invalid;
  skip_blanks();
  return next_ == end_ ? Kind::invalid : kind_of(std::string_view(next_, 1));
}

bool Reader::at_end() {
  if (!ok()) return false;
  skip_blanks();
  return next_ == end_;
}

bool Reader::skip_string() {
  string_was_escaped_ = false;
  ++next_;
  while (true) {
    next_ = skip_plain(next_, end_);
    if (next_ == end_) return fail_here("unterminated string");
    if (*next_ == '"') {
      ++next_;
      return true;
    }
    if (*next_ != '\\') return fail_here("control character in a string");
    string_was_escaped_ = true;
    if (end_ - next_ < 2) return fail_here("unterminated string");
    const char escape = next_[1];
    if (escape == 'u') {
      if (end_ - next_ < 6) return fail_here("unterminated string");
      for (int i = 2; i < 6; ++i) {
        if (codec::hex_digit_value(next_[i]) < 0) return fail_here("bad \\u escape");
      }
      next_ += 6;
    } else if (std::string_view("\"\\/bfnrt").find(escape) != std::string_view::npos) {
      next_ += 2;
    } else {
      return fail_here("unknown escape");
    }
  }
}

bool Reader::skip_number() {
  if (*next_ == '-') ++next_;
  if (next_ == end_ || !is_digit(*next_)) return fail_here("malformed number");
  next_ = *next_ == '0' ? next_ + 1 : skip_digits(next_, end_);
  if (next_ < end_ && *next_ == '.') {
    const char* fraction = ++next_;
    next_ = skip_digits(next_, end_);
    if (next_ == fraction) return fail_here("malformed number");
  }
  if (next_ < end_ && (*next_ == 'e' || *next_ == 'E')) {
    ++next_;
    if (next_ < end_ && (*next_ == '+' || *next_ == '-')) ++next_;
    const char* exponent = next_;
    next_ = skip_digits(next_, end_);
    if (next_ == exponent) return fail_here("malformed number");
  }
  return true;
}

bool Reader::skip_literal(std::string_view literal) {
  if (!std::string_view(next_, static_cast<size_t>(end_ - next_)).starts_with(literal)) {
    return fail_here("unknown word");
  }
  next_ += literal.size();
  return true;
}

// Anything but a container; `next_` is on its first character.
bool Reader::skip_scalar() {
  switch (*next_) {
    case '"':
      return skip_string();
    case 't':
      return skip_literal("true");
    case 'f':
      return skip_literal("false");
    case 'n':
      return skip_literal("null");
    default:
      break;
  }
  if (*next_ == '-' || is_digit(*next_)) return skip_number();
  return fail_here("expected a value");
}

bool Reader::skip_key_and_colon() {
  skip_blanks();
  if (next_ == end_ || *next_ != '"') return fail_here("expected a key");
  if (!skip_string()) return false;
  skip_blanks();
  if (next_ == end_ || *next_ != ':') return fail_here("expected ':'");
  ++next_;
  return true;
}

// `next_` is on the opening bracket. Iterative, so that depth costs a bit and no stack.
bool Reader::skip_container() {
  OpenContainers open;
  do {
    // One value starts here.
    skip_blanks();
    if (next_ == end_) return fail_here("unexpected end");
    bool value_ended = true;
    if (*next_ == '{' || *next_ == '[') {
      if (depth_ + open.depth() >= depth_max) return fail_here("nested too deeply");
      const bool is_object = *next_ == '{';
      open.open(is_object);
      ++next_;
      skip_blanks();
      const char closing = is_object ? '}' : ']';
      if (next_ < end_ && *next_ == closing) {
        ++next_;
        open.close();
      } else {
        value_ended = false;
        if (is_object && !skip_key_and_colon()) return false;
      }
    } else if (!skip_scalar()) {
      return false;
    }
    // Behind a value: a comma, or the end of one container after the other.
    while (value_ended && open.depth() > 0) {
      skip_blanks();
      if (next_ == end_) return fail_here("unexpected end");
      const bool is_object = open.innermost_is_object();
      if (*next_ == ',') {
        ++next_;
        if (is_object && !skip_key_and_colon()) return false;
        break;
      }
      if (*next_ != (is_object ? '}' : ']')) return fail_here("expected ',' or the end");
      ++next_;
      open.close();
    }
  } while (open.depth() > 0);
  return true;
}

std::string_view Reader::value() {
  if (!ok()) return {};
  skip_blanks();
  if (next_ == end_) {
    fail_here("unexpected end");
    return {};
  }
  const char* start = next_;
  const bool passed = *next_ == '{' || *next_ == '[' ? skip_container() : skip_scalar();
  if (!passed) return {};
  after_value_ = true;
  return {start, static_cast<size_t>(next_ - start)};
}

bool Reader::enter(char opening, const char* what) {
  if (!ok()) return false;
  skip_blanks();
  if (next_ == end_ || *next_ != opening) return fail_here(what);
  if (depth_ >= depth_max) return fail_here("nested too deeply");
  ++next_;
  ++depth_;
  after_value_ = false;
  return true;
}

bool Reader::enter_object() {
  return enter('{', "expected an object");
}
bool Reader::enter_array() {
  return enter('[', "expected an array");
}

bool Reader::next_member(std::string_view& key) {
  if (!ok()) return false;
  skip_blanks();
  if (next_ < end_ && *next_ == '}') {
    ++next_;
    --depth_;
    after_value_ = true;
    return false;
  }
  if (after_value_) {
    if (next_ == end_ || *next_ != ',') return fail_here("expected ',' or '}'");
    ++next_;
    skip_blanks();
  }
  const char* quote = next_;
  if (next_ == end_ || *next_ != '"') return fail_here("expected a key");
  if (!skip_string()) return false;
  const std::string_view quoted(quote, static_cast<size_t>(next_ - quote));
  key_was_escaped_ = string_was_escaped_;
  skip_blanks();
  if (next_ == end_ || *next_ != ':') return fail_here("expected ':'");
  ++next_;
  key = key_was_escaped_ ? text_of(quoted, key_) : quoted.substr(1, quoted.size() - 2);
  after_value_ = false;
  return true;
}

bool Reader::next_item() {
  if (!ok()) return false;
  skip_blanks();
  if (next_ < end_ && *next_ == ']') {
    ++next_;
    --depth_;
    after_value_ = true;
    return false;
  }
  if (after_value_) {
    if (next_ == end_ || *next_ != ',') return fail_here("expected ',' or ']'");
    ++next_;
    skip_blanks();
    if (next_ < end_ && *next_ == ']') return fail_here("expected a value");
  }
  after_value_ = false;
  return true;
}

bool is_valid(std::string_view text) {
  Reader reader(text);
  return !reader.value().empty() && reader.at_end() && codec::is_valid_utf8(text);
}

}  // namespace mr::json
