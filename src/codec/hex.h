#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mr::codec {

// The value of each byte as a hexadecimal digit in either case, or -1.
inline constexpr std::array<int8_t, 256> hex_digit_values = [] {
  std::array<int8_t, 256> values{};
  values.fill(-1);
  for (int8_t i = 0; i < 10; ++i) values[static_cast<size_t>('0' + i)] = i;
  for (int8_t i = 0; i < 6; ++i) {
    values[static_cast<size_t>('a' + i)] = values[static_cast<size_t>('A' + i)] =
        static_cast<int8_t>(10 + i);
  }
  return values;
}();

// The value of a hexadecimal digit in either case, or -1.
constexpr int hex_digit_value(char c) {
  return hex_digit_values[static_cast<unsigned char>(c)];
}

// Two digits for each byte, in lower case.
inline std::string hex_encode(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += digits[byte >> 4];
    text += digits[byte & 0xf];
  }
  return text;
}

}  // namespace mr::codec
