#include "codec/utf8.h"

#include <simdjson.h>

#include <array>

namespace mr::codec {
namespace {

// The characters with Unicode's property White_Space beyond ASCII, in UTF-8.
constexpr std::array<std::string_view, 19> wide_blanks = {
    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
    "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
    "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
    "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};

bool is_ascii(char c) {
  return static_cast<unsigned char>(c) < 0x80;
}

bool is_ascii_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// The length of the white space character at the front (or the back), or 0.
size_t blank_size(std::string_view text, bool at_front) {
  if (text.empty()) return 0;
  const char edge = at_front ? text.front() : text.back();
  if (is_ascii(edge)) return is_ascii_blank(edge) ? 1 : 0;
  for (const std::string_view blank : wide_blanks) {
    if (at_front ? text.starts_with(blank) : text.ends_with(blank)) return blank.size();
  }
  return 0;
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

// How many bytes the character has that begins so.
size_t character_size(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

// Characters of four bytes lie above U+FFFF and take two UTF-16 units.
size_t units_of(char lead) {
  return static_cast<unsigned char>(lead) >= 0xf0 ? 2 : 1;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

std::string with_valid_utf8(std::string_view text) {
  if (is_valid_utf8(text)) return std::string(text);
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::string_view character = text.substr(0, character_size(text.front()));
    const bool good = is_ascii(text.front()) || is_valid_utf8(character);
    out += good ? character : "\xef\xbf\xbd";
    text.remove_prefix(good ? character.size() : 1);
  }
  return out;
}

size_t utf16_length(std::string_view text) {
  size_t units = 0;
  for (const char c : text) units += is_continuation(c) ? 0 : units_of(c);
  return units;
}

size_t code_point_count(std::string_view text) {
  size_t count = 0;
  for (const char c : text) count += is_continuation(c) ? 0 : 1;
  return count;
}

std::string_view cut_utf16(std::string_view text, size_t units_max) {
  if (text.size() <= units_max) return text;
  size_t units = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (is_continuation(text[i])) continue;
    units += units_of(text[i]);
    if (units > units_max) return text.substr(0, i);
  }
  return text;
}

std::string_view cut_code_points(std::string_view text, size_t code_points_max) {
  if (text.size() <= code_points_max) return text;
  size_t count = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (is_continuation(text[i])) continue;
    if (++count > code_points_max) return text.substr(0, i);
  }
  return text;
}

std::string_view trim(std::string_view text) {
  while (const size_t size = blank_size(text, true)) text.remove_prefix(size);
  while (const size_t size = blank_size(text, false)) text.remove_suffix(size);
  return text;
}

std::optional<uint32_t> join_surrogates(uint32_t high, uint32_t low) {
  const bool pair = high >= 0xd800 && high < 0xdc00 && low >= 0xdc00 && low < 0xe000;
  if (!pair) return std::nullopt;
  return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

std::string lower_ascii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return lower;
}

void append_code_point(std::string& out, uint32_t code_point) {
  if (code_point > 0x10ffff || (code_point >= 0xd800 && code_point <= 0xdfff)) code_point = 0xfffd;
  const auto tail = [&](int shift) {
    out += static_cast<char>(0x80 | (code_point >> shift & 0x3f));
  };
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xc0 | code_point >> 6);
    tail(0);
  } else if (code_point < 0x10000) {
    out += static_cast<char>(0xe0 | code_point >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0 | code_point >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace mr::codec
