#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace mr::bench {

// The letters that may stand for one another in a compressed text without moving any other bit:
// hexadecimal digits whose codes have the same length in the same block.
struct Alphabet {
  struct Letter {
    char character;
    uint16_t code;  // as it lies in the stream, first bit lowest
  };
  std::vector<Letter> letters;
  uint8_t code_bits = 0;
};

// Where each byte of a text comes from in its compressed form.
struct DeflateMap {
  // A byte that the stream spells out.
  struct Literal {
    uint64_t bit = 0;       // where its code begins
    uint32_t alphabet = 0;  // index into alphabets, or no_alphabet when it is no hex digit
  };
  static constexpr uint32_t no_alphabet = ~uint32_t{0};

  std::vector<uint32_t> origin;   // per byte: the byte whose literal it is a copy of (or itself)
  std::vector<Literal> literals;  // per byte; meaningful where origin[i] == i
  std::vector<Alphabet> alphabets;
};

// Follows a raw deflate stream (RFC 1951) that our own compressor made of a text of `text_bytes`.
// False when the stream is not what it should be, or holds stored blocks (which have no codes).
bool map_deflate(ByteView stream, size_t text_bytes, DeflateMap& map);

}  // namespace mr::bench
