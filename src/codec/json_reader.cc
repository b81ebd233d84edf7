#include "codec/json_reader.h"

#include <array>

#include "codec/hex.h"
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

const char* after_blanks(const char* at, const char* end) {
  while (at < end && is_blank(*at)) ++at;
  return at;
}

const char* after_digits(const char* at, const char* end) {
  while (at < end && is_digit(*at)) ++at;
  return at;
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

const char* Reader::fail_at(const char* at, const char* what) {
  failure_ = what;
  next_ = at;
  return nullptr;
}

bool Reader::refuse(const char* at, const char* what) {
  fail_at(at, what);
  return false;
}

Error Reader::error() const {
  const char* what = failure_ == nullptr ? "text behind the end of the value" : failure_;
  return Error(ErrorCode::invalid_input,
               std::string(what) + " at byte " + std::to_string(position()));
}

Kind Reader::peek() {
  if (!ok()) return Kind::invalid;
  next_ = after_blanks(next_, end_);
  return next_ == end_ ? Kind::invalid : kind_of(std::string_view(next_, 1));
}

bool Reader::at_end() {
  if (!ok()) return false;
  next_ = after_blanks(next_, end_);
  return next_ == end_;
}

inline const char* Reader::pass_string(const char* at) {
  at = specials_.find(at + 1);
  string_was_escaped_ = false;
  return at != end_ && *at == '"' ? at + 1 : pass_escapes(at);
}

// `at` is on the first character of a string that is special, and no quote.
const char* Reader::pass_escapes(const char* at) {
  while (true) {
    if (at == end_) return fail_at(at, "unterminated string");
    if (*at == '"') return at + 1;
    if (*at != '\\') return fail_at(at, "control character in a string");
    string_was_escaped_ = true;
    if (end_ - at < 2) return fail_at(at, "unterminated string");
    const char escape = at[1];
    if (escape == 'u') {
      if (end_ - at < 6) return fail_at(at, "unterminated string");
      for (int i = 2; i < 6; ++i) {
        if (codec::hex_digit_value(at[i]) < 0) return fail_at(at, "bad \\u escape");
      }
      at += 6;
    } else if (std::string_view("\"\\/bfnrt").find(escape) != std::string_view::npos) {
      at += 2;
    } else {
      return fail_at(at, "unknown escape");
    }
    at = specials_.find(at);
  }
}

const char* Reader::pass_number(const char* at) {
  if (*at == '-') ++at;
  if (at == end_ || !is_digit(*at)) return fail_at(at, "malformed number");
  at = *at == '0' ? at + 1 : after_digits(at, end_);
  if (at < end_ && *at == '.') {
    const char* fraction = ++at;
    at = after_digits(at, end_);
    if (at == fraction) return fail_at(at, "malformed number");
  }
  if (at < end_ && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at < end_ && (*at == '+' || *at == '-')) ++at;
    const char* exponent = at;
    at = after_digits(at, end_);
    if (at == exponent) return fail_at(at, "malformed number");
  }
  return at;
}

const char* Reader::pass_literal(const char* at, std::string_view literal) {
  if (!std::string_view(at, static_cast<size_t>(end_ - at)).starts_with(literal)) {
    return fail_at(at, "unknown word");
  }
  return at + literal.size();
}

// Anything but a container.
inline const char* Reader::pass_scalar(const char* at) {
  if (*at == '"') return pass_string(at);
  if (*at == '-' || is_digit(*at)) return pass_number(at);
  if (*at == 't') return pass_literal(at, "true");
  if (*at == 'f') return pass_literal(at, "false");
  if (*at == 'n') return pass_literal(at, "null");
  return fail_at(at, "expected a value");
}

inline const char* Reader::pass_key_and_colon(const char* at) {
  if (at == end_ || *at != '"') return fail_at(at, "expected a key");
  at = pass_string(at);
  if (at == nullptr) return nullptr;
  at = after_blanks(at, end_);
  if (at == end_ || *at != ':') return fail_at(at, "expected ':'");
  return at + 1;
}

// Iterative, so that depth costs a bit and no stack.
const char* Reader::pass_container(const char* at) {
  OpenContainers open;
  do {
    // One value starts here.
    at = after_blanks(at, end_);
    if (at == end_) return fail_at(at, "unexpected end");
    bool value_ended = true;
    if (*at == '{' || *at == '[') {
      if (depth_ + open.depth() >= depth_max) return fail_at(at, "nested too deeply");
      const bool is_object = *at == '{';
      open.open(is_object);
      at = after_blanks(at + 1, end_);
      const char closing = is_object ? '}' : ']';
      if (at < end_ && *at == closing) {
        ++at;
        open.close();
      } else {
        value_ended = false;
        if (is_object) at = pass_key_and_colon(at);
      }
    } else {
      at = pass_scalar(at);
    }
    if (at == nullptr) return nullptr;
    // Behind a value: a comma, or the end of one container after the other.
    while (value_ended && open.depth() > 0) {
      at = after_blanks(at, end_);
      if (at == end_) return fail_at(at, "unexpected end");
      const bool is_object = open.innermost_is_object();
      if (*at == ',') {
        ++at;
        if (is_object) at = pass_key_and_colon(after_blanks(at, end_));
        if (at == nullptr) return nullptr;
        break;
      }
      if (*at != (is_object ? '}' : ']')) return fail_at(at, "expected ',' or the end");
      ++at;
      open.close();
    }
  } while (open.depth() > 0);
  return at;
}

std::string_view Reader::value() {
  if (!ok()) return {};
  const char* const start = after_blanks(next_, end_);
  if (start == end_) {
    fail_at(start, "unexpected end");
    return {};
  }
  const bool is_container = *start == '{' || *start == '[';
  const char* const behind = is_container ? pass_container(start) : pass_scalar(start);
  if (behind == nullptr) return {};
  next_ = behind;
  after_value_ = true;
  return {start, static_cast<size_t>(behind - start)};
}

bool Reader::enter(char opening, const char* what) {
  if (!ok()) return false;
  next_ = after_blanks(next_, end_);
  if (next_ == end_ || *next_ != opening) return refuse(next_, what);
  if (depth_ >= depth_max) return refuse(next_, "nested too deeply");
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

// The end of the container last entered.
bool Reader::leave(const char* at) {
  next_ = at + 1;
  --depth_;
  after_value_ = true;
  return false;
}

bool Reader::next_member(std::string_view& key) {
  if (!ok()) return false;
  const char* at = after_blanks(next_, end_);
  if (at < end_ && *at == '}') return leave(at);
  if (after_value_) {
    if (at == end_ || *at != ',') return refuse(at, "expected ',' or '}'");
    at = after_blanks(at + 1, end_);
  }
  const char* const quote = at;
  if (at == end_ || *at != '"') return refuse(at, "expected a key");
  at = pass_string(at);
  if (at == nullptr) return false;
  const std::string_view quoted(quote, static_cast<size_t>(at - quote));
  key_was_escaped_ = string_was_escaped_;
  at = after_blanks(at, end_);
  if (at == end_ || *at != ':') return refuse(at, "expected ':'");
  next_ = at + 1;
  key = key_was_escaped_ ? text_of(quoted, key_) : quoted.substr(1, quoted.size() - 2);
  after_value_ = false;
  return true;
}

bool Reader::next_item() {
  if (!ok()) return false;
  const char* at = after_blanks(next_, end_);
  if (at < end_ && *at == ']') return leave(at);
  if (after_value_) {
    if (at == end_ || *at != ',') return refuse(at, "expected ',' or ']'");
    at = after_blanks(at + 1, end_);
    if (at < end_ && *at == ']') return refuse(at, "expected a value");
  }
  next_ = at;
  after_value_ = false;
  return true;
}

bool is_valid(std::string_view text) {
  Reader reader(text);
  return !reader.value().empty() && reader.at_end() && codec::is_valid_utf8(text);
}

}  // namespace mr::json
