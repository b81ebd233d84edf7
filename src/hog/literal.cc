#include "hog/literal.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "hog/token.h"

namespace mr::hog {
namespace {

struct Escape {
  char letter;
  char value;
};
constexpr Escape escapes[] = {{'b', '\b'}, {'f', '\f'}, {'n', '\n'}, {'r', '\r'}, {'t', '\t'},
                              {'a', '\a'}, {'v', '\v'}, {'0', '\0'}, {'\\', '\\'}};

// Appends what the backslash and `letter` stand for. `own` are the letters that need a backslash
// in this kind of literal and stand for themselves.
void append_escape(std::string& out, char letter, std::string_view own) {
  if (own.contains(letter)) {
    out += letter;
    return;
  }
  const auto* known = std::ranges::find(escapes, letter, &Escape::letter);
  if (known != std::end(escapes)) {
    out += known->value;
  } else {
    out += {'\\', letter};
  }
}

// `doubled` is the quote that stands for itself when it is written twice; 0 for none.
std::string unescape(std::string_view raw, char doubled, std::string_view own) {
  std::string out;
  out.reserve(raw.size());
  for (size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '\\' && i + 1 < raw.size()) {
      append_escape(out, raw[++i], own);
    } else {
      out += raw[i];
      if (raw[i] == doubled && doubled != '\0') ++i;
    }
  }
  return out;
}

// `own` are the characters that need a backslash besides the backslash itself.
std::string escape(std::string_view text, std::string_view own) {
  std::string out;
  for (const char c : text) {
    const auto* known = std::ranges::find(escapes, c, &Escape::value);
    if (known != std::end(escapes)) {
      out += {'\\', known->letter};
    } else {
      if (own.contains(c)) out += '\\';
      out += c;
    }
  }
  return out;
}

// Too large numbers become infinite, too small ones zero.
double read_double(std::string_view digits, std::chars_format format) {
  double value = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value, format);
  if (result.ec != std::errc::result_out_of_range) return value;
  const size_t exponent = digits.find_first_of(format == std::chars_format::hex ? "pP" : "eE");
  const bool tiny = exponent != std::string_view::npos && digits.substr(exponent).contains('-');
  return tiny ? 0 : std::numeric_limits<double>::infinity();
}

// The integer in the base, negated if asked, as int64 or, when it does not fit, as double.
Cell read_integer(std::string_view digits, int base, bool negative) {
  constexpr uint64_t lowest = uint64_t{1} << 63;
  uint64_t value = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (result.ec == std::errc() && (value < lowest || (negative && value == lowest))) {
    return Cell(static_cast<int64_t>(negative ? ~value + 1 : value));
  }
  double approximate = 0;
  if (base == 10) {
    approximate = read_double(digits, std::chars_format::general);
  } else {
    for (const char c : digits) {
      const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
      approximate = approximate * base + digit;
    }
  }
  return Cell(negative ? -approximate : approximate);
}

Cell read_signed(std::string_view raw, bool negative) {
  const char second = raw.size() > 1 && raw[0] == '0' ? static_cast<char>(raw[1] | 0x20) : '\0';
  if (second == 'b') return read_integer(raw.substr(2), 2, negative);
  if (second == 'x' && raw.find_first_of("pP") == std::string_view::npos) {
    return read_integer(raw.substr(2), 16, negative);
  }
  if (second != 'x' && raw.find_first_of(".eE") == std::string_view::npos) {
    return read_integer(raw, 10, negative);
  }
  const double value = second == 'x' ? read_double(raw.substr(2), std::chars_format::hex)
                                     : read_double(raw, std::chars_format::general);
  return Cell(negative ? -value : value);
}

bool is_plain_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
  };
  if (name.empty() || !letter(name.front())) return false;
  const auto fits = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  return std::ranges::all_of(name, fits) && word_of(name) == Word::none;
}

}  // namespace

std::string read_quoted(std::string_view raw) {
  const char quote = raw.front();
  return unescape(raw.substr(1, raw.size() - 2), quote, quote == '"' ? "\"" : "'");
}

std::string read_template_text(std::string_view raw) {
  return unescape(raw, '\'', "'{");
}

std::string read_full_template_text(std::string_view raw) {
  return unescape(raw, '\0', "{");
}

Cell read_number(std::string_view raw) {
  return read_signed(raw, false);
}

Cell negated(std::string_view raw) {
  return read_signed(raw, true);
}

std::string write_string(std::string_view text) {
  return "'" + escape(text, "'") + "'";
}

std::string write_name(std::string_view name) {
  if (is_plain_name(name)) return std::string(name);
  std::string out = "`";
  for (const char c : escape(name, "")) {
    if (c == '`') out += '`';
    out += c;
  }
  return out + "`";
}

std::string write_template_text(std::string_view text) {
  return escape(text, "'{");
}

std::string write_full_template_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '{' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string write_constant(const Cell& constant) {
  if (const bool* boolean = constant.boolean()) return *boolean ? "true" : "false";
  if (const int64_t* integer = constant.integer()) return std::to_string(*integer);
  if (const std::string* text = constant.text()) return write_string(*text);
  const double* number = constant.floating();
  if (number == nullptr) return "null";
  if (std::isnan(*number)) return "nan";
  if (std::isinf(*number)) return *number < 0 ? "-inf" : "inf";
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, *number).ptr;
  std::string out(digits, end);
  if (out.find_first_of(".e") == std::string::npos) out += ".0";
  return out;
}

}  // namespace mr::hog
