#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/json_reader.h"

namespace mr::json {

// Small questions about raw JSON values. `raw` is always the exact text of one well-formed value
// without surrounding blanks, as Reader and Object hand it out; nothing is validated again.

// By the first character; invalid for an empty text or one that cannot begin a value.
Kind kind_of(std::string_view raw);

inline bool is_null(std::string_view raw) {
  return raw == "null";
}
inline bool is_true(std::string_view raw) {
  return raw == "true";
}
inline bool is_string(std::string_view raw) {
  return !raw.empty() && raw.front() == '"';
}

// What JavaScript's `if (value)` would do: false for null, false, zero and the empty string.
bool is_truthy(std::string_view raw);

// The text of a string value, without copying where it holds no escapes; otherwise unescaped into
// `scratch`, which must outlive the view. Escaped lone surrogates become U+FFFD. Empty for a value
// of another kind.
std::string_view text_of(std::string_view raw, std::string& scratch);
// The same as an owned text; nothing for a value of another kind.
std::optional<std::string> unquote(std::string_view raw);

// A JSON string holding `text` (UTF-8). Only quotes, backslashes and control characters are
// escaped.
std::string quote(std::string_view text);
void append_quoted(std::string& out, std::string_view text);

// An integer without fraction and exponent that fits.
std::optional<int64_t> as_int64(std::string_view raw);
// Any number; too large ones become infinite.
std::optional<double> as_double(std::string_view raw);

// Appends the value without blanks between its tokens; strings and numbers keep their text.
void append_compact(std::string& out, std::string_view raw);

// A value as plain text, the way identifiers are read: strings unquoted, everything else compact.
std::string to_plain_text(std::string_view raw);

// The exact texts of an array's items. Validates as Reader does.
Result<std::vector<std::string_view>> split_array(std::string_view raw);

// The raw value of one member of an object without reading the rest into memory; the last one of
// that name counts. Empty when `raw` is no object or has no such member.
std::string_view member_of(std::string_view raw, std::string_view name);

// Whether two values mean the same: numbers by value, strings unescaped, objects in any order.
bool equal(std::string_view left, std::string_view right);

}  // namespace mr::json
