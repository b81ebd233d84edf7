#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "codec/json_scan.h"

namespace mr::json {

enum class Kind : uint8_t { invalid, null, boolean, number, string, array, object };

// "object", "string"…, for messages.
std::string_view to_string(Kind kind);

// How deeply arrays and objects may nest. Deeper texts are refused, so that no reader of stored
// JSON needs an unbounded stack.
inline constexpr size_t depth_max = 1024;

// Walks one JSON text (RFC 8259) once, from front to back, validating what it passes and handing
// out slices of the text; builds no tree and copies nothing but keys that hold escapes. Numbers of
// any size pass, and so do escaped lone surrogates, because they are the client's data.
//
//   Reader reader(text);
//   reader.enter_object();
//   while (reader.next_member(key)) {
//     if (key == "batch") { reader.enter_array(); while (reader.next_item()) use(reader.value()); }
//     else reader.value();
//   }
//   if (!reader.at_end()) return fail(reader.error());
//
// After every next_member or next_item that gave true exactly one value is read: by value(), or by
// entering it and reading it to its end. The first failure sticks: from then on every call gives
// false or an empty slice. UTF-8 is not checked here (codec::is_valid_utf8 does the whole text at
// once). The text must outlive the reader and the slices.
class Reader {
 public:
  explicit Reader(std::string_view text)
      : begin_(text.data()), next_(text.data()), end_(text.data() + text.size()), specials_(text) {}

  // The kind of the next value by its first character; invalid at the end or after a failure.
  Kind peek();

  // Passes over the next value and gives its exact text; empty if it is malformed.
  std::string_view value();

  // Steps inside the next value, which must be of that kind.
  bool enter_object();
  bool enter_array();

  // The next member of the object last entered: its key, unescaped. The view holds until the next
  // call of this. False when the object has ended (and was left) or on failure.
  bool next_member(std::string_view& key);
  // Whether the key last given was copied because it held an escape.
  bool key_was_escaped() const { return key_was_escaped_; }
  // Whether the array last entered has another item; false when it has ended (and was left).
  bool next_item();

  bool ok() const { return failure_ == nullptr; }
  // Nothing failed and only white space is left.
  bool at_end();
  // Where the next character lies in the text.
  size_t position() const { return static_cast<size_t>(next_ - begin_); }
  // What was wrong and at which byte; only after a failure (or after at_end gave false).
  Error error() const;

 private:
  // Each takes where something begins (which is not the end) and gives where it ends, or nullptr
  // after fail_at(): the position stays in a register while a value is passed.
  const char* pass_string(const char* at);
  const char* pass_escapes(const char* at);
  const char* pass_number(const char* at);
  const char* pass_literal(const char* at, std::string_view literal);
  const char* pass_scalar(const char* at);
  const char* pass_container(const char* at);
  const char* pass_key_and_colon(const char* at);
  // The first failure, which is at `at`; gives nullptr, and false.
  const char* fail_at(const char* at, const char* what);
  bool refuse(const char* at, const char* what);
  bool enter(char opening, const char* what);
  bool leave(const char* at);

  const char* begin_;
  const char* next_;
  const char* end_;
  SpecialFinder specials_;
  const char* failure_ = nullptr;
  size_t depth_ = 0;
  // Inside a container: a value was read, so a comma or the end must follow.
  bool after_value_ = false;
  bool string_was_escaped_ = false;  // the one last skipped
  bool key_was_escaped_ = false;
  std::string key_;
};

// Whether the text is exactly one well-formed JSON value, in valid UTF-8, within depth_max.
bool is_valid(std::string_view text);

}  // namespace mr::json
