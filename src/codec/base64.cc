#include "codec/base64.h"

#include <array>
#include <cstdint>

namespace mr::codec {
namespace {

constexpr int8_t base64_foreign = -1;
constexpr int8_t base64_blank = -2;
constexpr int8_t base64_padding = -3;

constexpr std::array<int8_t, 256> make_base64_values() {
  std::array<int8_t, 256> base64_values{};
  base64_values.fill(base64_foreign);
  for (int8_t i = 0; i < 64; ++i) base64_values[static_cast<uint8_t>(base64_alphabet[i])] = i;
  base64_values['-'] = 62;
  base64_values['_'] = 63;
  for (const char c : {' ', '\t', '\r', '\n'})
    base64_values[static_cast<uint8_t>(c)] = base64_blank;
  base64_values['='] = base64_padding;
  return base64_values;
}

constexpr std::array<int8_t, 256> base64_values = make_base64_values();

}  // namespace

std::string base64_encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<uint8_t>(c);
    for (held += 8; held >= 6; held -= 6) out += base64_alphabet[bits >> (held - 6) & 63];
  }
  if (held > 0) out += base64_alphabet[bits << (6 - held) & 63];
  while (out.size() % 4 != 0) out += '=';
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3 + 3);
  uint32_t bits = 0;
  int held = 0;
  size_t digits = 0;
  bool ended = false;
  for (const char c : text) {
    const int8_t value = base64_values[static_cast<uint8_t>(c)];
    if (value == base64_blank) continue;
    if (value == base64_padding) {
      ended = true;
      continue;
    }
    if (value == base64_foreign || ended) return std::nullopt;
    bits = bits << 6 | static_cast<uint8_t>(value);
    held += 6;
    ++digits;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>(bits >> held & 0xff);
    }
  }
  if (digits % 4 == 1) return std::nullopt;
  return out;
}

}  // namespace mr::codec
