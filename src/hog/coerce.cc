#include "hog/coerce.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "hog/text.h"

namespace mr::hog {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr int list_depth_max = 100;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

int digit_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  return 99;
}

bool is_blank(uint32_t c) {
  return (c >= 9 && c <= 13) || c == ' ' || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000 || c == 0xfeff;
}

// How much of the text is digits of that base, and their value.
size_t read_digits(std::string_view text, int base, double& value) {
  size_t length = 0;
  while (length < text.size() && digit_value(text[length]) < base) ++length;
  if (base == 10) {
    std::from_chars(text.data(), text.data() + length, value);
    return length;
  }
  value = 0;
  for (size_t i = 0; i < length; ++i) value = value * base + digit_value(text[i]);
  return length;
}

// The length of the decimal number (without sign) that the text begins with; 0 for none.
size_t decimal_length(std::string_view text) {
  size_t end = 0;
  while (end < text.size() && is_digit(text[end])) ++end;
  size_t digits = end;
  if (end < text.size() && text[end] == '.') {
    size_t after = end + 1;
    while (after < text.size() && is_digit(text[after])) ++after;
    digits += after - end - 1;
    if (digits > 0) end = after;
  }
  if (digits == 0) return 0;
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    size_t after = end + 1;
    if (after < text.size() && (text[after] == '+' || text[after] == '-')) ++after;
    const size_t exponent = after;
    while (after < text.size() && is_digit(text[after])) ++after;
    if (after > exponent) end = after;
  }
  return end;
}

double decimal_value(std::string_view text) {
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc::result_out_of_range) return value;
  // Too large or too small: only the sign of the exponent can make it small.
  const size_t e = text.find_first_of("eE");
  const bool small = (e != std::string_view::npos && text[e + 1] == '-') || text.front() == '.' ||
                     (text.front() == '0' && e == std::string_view::npos);
  return small ? 0 : std::numeric_limits<double>::infinity();
}

// Takes a sign from the front.
bool take_minus(std::string_view& text) {
  if (text.empty() || (text.front() != '-' && text.front() != '+')) return false;
  const bool minus = text.front() == '-';
  text.remove_prefix(1);
  return minus;
}

// A whole text as a number.
double text_number(std::string_view text) {
  text = trim_blanks(text);
  if (text.empty()) return 0;
  if (text.size() > 2 && text[0] == '0') {
    const char mark = static_cast<char>(text[1] | 0x20);
    const int base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
    if (base != 0) {
      double value = 0;
      return read_digits(text.substr(2), base, value) == text.size() - 2 ? value : nan;
    }
  }
  const bool minus = take_minus(text);
  double value = nan;
  if (text == "Infinity") {
    value = std::numeric_limits<double>::infinity();
  } else if (const size_t length = decimal_length(text); length == text.size() && length > 0) {
    value = decimal_value(text);
  }
  return minus ? -value : value;
}

double list_number(const List& list, int depth) {
  if (list.items.empty()) return 0;
  if (list.items.size() > 1 || depth == list_depth_max) return nan;
  const Value& only = list.items.front();
  if (only.is_null()) return 0;
  if (only.kind() == Kind::boolean) return nan;
  if (only.is_list()) return list_number(only.list(), depth + 1);
  return to_number(only);
}

}  // namespace

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty()) {
    const Character first = character_at(text, 0);
    if (!is_blank(first.code_point)) break;
    text.remove_prefix(first.size);
  }
  while (!text.empty()) {
    size_t last = text.size() - 1;
    while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xc0U) == 0x80) --last;
    if (!is_blank(character_at(text, last).code_point)) break;
    text = text.substr(0, last);
  }
  return text;
}

bool is_truthy(const Value& value) {
  switch (value.kind()) {
    case Kind::null:
      return false;
    case Kind::boolean:
      return value.boolean();
    case Kind::number:
      return value.number() != 0 && !std::isnan(value.number());
    case Kind::text:
      return value.text().size > 0;
    default:
      return true;
  }
}

double to_number(const Value& value) {
  switch (value.kind()) {
    case Kind::null:
      return 0;
    case Kind::boolean:
      return value.boolean() ? 1 : 0;
    case Kind::number:
      return value.number();
    case Kind::text:
      return text_number(value.text().view());
    case Kind::list:
    case Kind::tuple:
      return list_number(value.list(), 0);
    default:
      return nan;
  }
}

std::string number_text(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  if (number == 0) return "0";
  if (std::abs(number) < 1e15 && number == std::trunc(number)) {
    return std::to_string(static_cast<int64_t>(number));
  }
  char buffer[40];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, std::abs(number), std::chars_format::scientific)
          .ptr;
  const std::string_view shortest(buffer, static_cast<size_t>(end - buffer));
  const size_t e = shortest.find('e');
  std::string digits(1, shortest[0]);
  if (e > 2) digits += shortest.substr(2, e - 2);
  int exponent = 0;
  std::from_chars(buffer + e + (shortest[e + 1] == '+' ? 2 : 1), end, exponent);

  const int count = static_cast<int>(digits.size());
  const int point = exponent + 1;  // where the decimal point stands, counted from the first digit
  std::string text = number < 0 ? "-" : "";
  if (point > 21 || point < -5) {
    text += digits[0];
    if (count > 1) text += "." + digits.substr(1);
    text += point > 0 ? "e+" : "e-";
    text += std::to_string(std::abs(exponent));
  } else if (point <= 0) {
    text += "0." + std::string(static_cast<size_t>(-point), '0') + digits;
  } else if (point >= count) {
    text += digits + std::string(static_cast<size_t>(point - count), '0');
  } else {
    text += digits.substr(0, static_cast<size_t>(point)) + "." +
            digits.substr(static_cast<size_t>(point));
  }
  return text;
}

std::optional<double> leading_integer(std::string_view text) {
  text = trim_blanks(text);
  const bool minus = take_minus(text);
  const bool hexadecimal = text.size() > 1 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
  if (hexadecimal) text.remove_prefix(2);
  double value = 0;
  if (read_digits(text, hexadecimal ? 16 : 10, value) == 0) return std::nullopt;
  return minus ? -value : value;
}

std::optional<double> leading_float(std::string_view text) {
  text = trim_blanks(text);
  const bool minus = take_minus(text);
  double value = 0;
  if (text.starts_with("Infinity")) {
    value = std::numeric_limits<double>::infinity();
  } else {
    const size_t length = decimal_length(text);
    if (length == 0) return std::nullopt;
    value = decimal_value(text.substr(0, length));
  }
  return minus ? -value : value;
}

std::string_view type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "boolean";
    case Kind::number:
      return std::isfinite(value.number()) && value.number() == std::trunc(value.number())
                 ? "integer"
                 : "float";
    case Kind::text:
      return "string";
    case Kind::list:
      return "array";
    case Kind::tuple:
      return "tuple";
    case Kind::date:
      return "date";
    case Kind::moment:
      return "datetime";
    case Kind::error:
      return "error";
    case Kind::callable:
    case Kind::closure:
      return "function";
    default:
      return "object";
  }
}

}  // namespace mr::hog
