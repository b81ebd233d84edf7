#include "codec/json_text.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>

#include "codec/hex.h"
#include "codec/integer.h"
#include "codec/json_object.h"
#include "codec/json_scan.h"
#include "codec/utf8.h"

namespace mr::json {
namespace {

uint32_t hex_unit(const char* digits) {
  uint32_t unit = 0;
  for (int i = 0; i < 4; ++i) {
    unit = unit << 4 | static_cast<uint32_t>(codec::hex_digit_value(digits[i]));
  }
  return unit;
}

// Appends the character of the \u escape at `next`, joining a surrogate pair; returns the position
// behind what was used. The escapes were validated before.
size_t append_unicode_escape(std::string& out, std::string_view body, size_t next) {
  const uint32_t unit = hex_unit(body.data() + next + 2);
  next += 6;
  if (body.substr(next).starts_with("\\u") && body.size() - next >= 6) {
    if (const auto pair = codec::join_surrogates(unit, hex_unit(body.data() + next + 2))) {
      codec::append_code_point(out, *pair);
      return next + 6;
    }
  }
  codec::append_code_point(out, unit);
  return next;
}

// `body` is what stands between the quotes.
void append_unescaped(std::string& out, std::string_view body) {
  size_t next = 0;
  while (next < body.size()) {
    const size_t escape = body.find('\\', next);
    out.append(body, next, escape == std::string_view::npos ? escape : escape - next);
    if (escape == std::string_view::npos || escape + 1 >= body.size()) return;
    next = escape;
    switch (body[escape + 1]) {
      case 'u':
        if (body.size() - escape < 6) return;
        next = append_unicode_escape(out, body, escape);
        continue;
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      default:
        out += body[escape + 1];
        break;
    }
    next += 2;
  }
}

// The longest escape that write_escape writes.
constexpr size_t escape_bytes_max = 6;

char* write_escape(char* out, char c) {
  constexpr char digits[] = "0123456789abcdef";
  constexpr std::string_view letters = "btn?fr";  // of \b (8) to \r (13); 11 has none
  *out++ = '\\';
  if (c == '"' || c == '\\') {
    *out++ = c;
  } else if (c >= '\b' && c <= '\r' && c != '\v') {
    *out++ = letters[static_cast<size_t>(c - '\b')];
  } else {
    *out++ = 'u';
    *out++ = '0';
    *out++ = '0';
    *out++ = digits[static_cast<unsigned char>(c) >> 4];
    *out++ = digits[static_cast<unsigned char>(c) & 0x0f];
  }
  return out;
}

size_t count_special(std::string_view text) {
  size_t count = 0;
  const char* next = text.data();
  const char* end = next + text.size();
  for (; end - next >= scan_width; next += scan_width) {
    count += static_cast<size_t>(std::popcount(special_mask(next)));
  }
  for (; next < end; ++next) count += is_special(*next) ? 1 : 0;
  return count;
}

// Writes the text with its escapes; `out` has room for every escape and scan_width more. Copies
// whole blocks and steps back to the first special character of each.
char* write_escaped(char* out, std::string_view text) {
  const char* next = text.data();
  const char* end = next + text.size();
  while (end - next >= scan_width) {
    std::memcpy(out, next, scan_width);
    const uint32_t mask = special_mask(next);
    const int plain = mask == 0 ? scan_width : std::countr_zero(mask);
    out += plain;
    next += plain;
    if (mask != 0) out = write_escape(out, *next++);
  }
  for (; next < end; ++next) {
    if (is_special(*next)) {
      out = write_escape(out, *next);
    } else {
      *out++ = *next;
    }
  }
  return out;
}

bool equal_objects(std::string_view left, std::string_view right) {
  const auto a = Object::parse_borrowed(left);
  const auto b = Object::parse_borrowed(right);
  if (!a || !b || a->size() != b->size()) return false;
  for (const Member& member : *a) {
    const auto other = b->find(member.key);
    if (!other || !equal(member.raw, *other)) return false;
  }
  return true;
}

bool equal_arrays(std::string_view left, std::string_view right) {
  const auto a = split_array(left);
  const auto b = split_array(right);
  if (!a || !b || a->size() != b->size()) return false;
  for (size_t i = 0; i < a->size(); ++i) {
    if (!equal((*a)[i], (*b)[i])) return false;
  }
  return true;
}

}  // namespace

Kind kind_of(std::string_view raw) {
  if (raw.empty()) return Kind::invalid;
  switch (raw.front()) {
    case '{':
      return Kind::object;
    case '[':
      return Kind::array;
    case '"':
      return Kind::string;
    case 't':
    case 'f':
      return Kind::boolean;
    case 'n':
      return Kind::null;
    default:
      break;
  }
  const char c = raw.front();
  return c == '-' || (c >= '0' && c <= '9') ? Kind::number : Kind::invalid;
}

bool is_truthy(std::string_view raw) {
  switch (kind_of(raw)) {
    case Kind::string:
      return raw.size() > 2;
    case Kind::boolean:
      return is_true(raw);
    case Kind::number:
      return as_double(raw).value_or(0) != 0;
    case Kind::array:
    case Kind::object:
      return true;
    case Kind::null:
    case Kind::invalid:
      break;
  }
  return false;
}

std::string_view text_of(std::string_view raw, std::string& scratch) {
  if (raw.size() < 2 || raw.front() != '"') return {};
  const std::string_view body = raw.substr(1, raw.size() - 2);
  if (body.find('\\') == std::string_view::npos) return body;
  scratch.clear();
  append_unescaped(scratch, body);
  return scratch;
}

std::optional<std::string> unquote(std::string_view raw) {
  if (!is_string(raw)) return std::nullopt;
  std::string scratch;
  return std::string(text_of(raw, scratch));
}

void append_quoted(std::string& out, std::string_view text) {
  const size_t special = count_special(text);
  const size_t before = out.size();
  if (special == 0) {
    out += '"';
    out += text;
    out += '"';
    return;
  }
  // Growing geometrically by hand: resize_and_overwrite would fit exactly each time.
  const size_t room = text.size() + special * (escape_bytes_max - 1) + 2 + scan_width;
  if (out.capacity() < before + room) out.reserve(std::max(out.capacity() * 2, before + room));
  out.resize_and_overwrite(before + room, [&](char* data, size_t) {
    char* next = data + before;
    *next++ = '"';
    next = write_escaped(next, text);
    *next++ = '"';
    return static_cast<size_t>(next - data);
  });
}

std::string quote(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  append_quoted(out, text);
  return out;
}

std::optional<int64_t> as_int64(std::string_view raw) {
  return codec::parse_integer(raw);
}

std::optional<double> as_double(std::string_view raw) {
  if (kind_of(raw) != Kind::number) return std::nullopt;
  double value = 0;
  const char* end = raw.data() + raw.size();
  const auto parsed = std::from_chars(raw.data(), end, value);
  if (parsed.ptr != end) return std::nullopt;
  if (parsed.ec == std::errc::result_out_of_range) {
    // Too small is zero and too large is infinite; a negative exponent tells which.
    const bool tiny =
        raw.find("e-") != std::string_view::npos || raw.find("E-") != std::string_view::npos;
    const double limit = tiny ? 0 : std::numeric_limits<double>::infinity();
    return raw.front() == '-' ? -limit : limit;
  }
  return value;
}

void append_compact(std::string& out, std::string_view raw) {
  bool in_string = false;
  for (size_t i = 0; i < raw.size(); ++i) {
    const char c = raw[i];
    if (in_string) {
      out += c;
      if (c == '\\' && i + 1 < raw.size()) out += raw[++i];
      if (c == '"') in_string = false;
      continue;
    }
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
    in_string = c == '"';
    out += c;
  }
}

std::string to_plain_text(std::string_view raw) {
  std::string text;
  if (is_string(raw)) return std::string(text_of(raw, text));
  append_compact(text, raw);
  return text;
}

Result<std::vector<std::string_view>> split_array(std::string_view raw) {
  std::vector<std::string_view> items;
  Reader reader(raw);
  reader.enter_array();
  while (reader.next_item()) {
    const std::string_view item = reader.value();
    if (item.empty()) break;
    items.push_back(item);
  }
  if (!reader.at_end()) return fail(reader.error());
  return items;
}

std::string_view member_of(std::string_view raw, std::string_view name) {
  if (kind_of(raw) != Kind::object) return {};
  Reader reader(raw);
  reader.enter_object();
  std::string_view found;
  std::string_view key;
  while (reader.next_member(key)) {
    const bool is_it = key == name;
    const std::string_view value = reader.value();
    if (is_it) found = value;
  }
  return reader.ok() ? found : std::string_view();
}

bool equal(std::string_view left, std::string_view right) {
  if (left == right) return true;
  const Kind kind = kind_of(left);
  if (kind != kind_of(right)) return false;
  switch (kind) {
    case Kind::number: {
      // Integers beyond a double's precision differ by their text although they round alike.
      const auto a = as_int64(left);
      const auto b = as_int64(right);
      return a && b ? *a == *b : as_double(left) == as_double(right);
    }
    case Kind::string:
      return unquote(left) == unquote(right);
    case Kind::array:
      return equal_arrays(left, right);
    case Kind::object:
      return equal_objects(left, right);
    default:
      return false;
  }
}

}  // namespace mr::json
