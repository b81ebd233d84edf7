#include "codec/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace mr::codec {
namespace {

constexpr uint32_t crc32c_polynomial = 0x82F63B78;

// tables[k][b] is the effect of byte b when k further bytes follow it: eight bytes a step.
using Crc32cTables = std::array<std::array<uint32_t, 256>, 8>;

constexpr Crc32cTables make_crc32c_tables() {
  Crc32cTables crc32c_tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? crc32c_polynomial : 0);
    crc32c_tables[0][byte] = crc;
  }
  for (size_t k = 1; k < crc32c_tables.size(); ++k) {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      const uint32_t crc = crc32c_tables[k - 1][byte];
      crc32c_tables[k][byte] = (crc >> 8) ^ crc32c_tables[0][crc & 0xff];
    }
  }
  return crc32c_tables;
}

constexpr Crc32cTables crc32c_tables = make_crc32c_tables();

#if defined(__x86_64__)
// What a checksum becomes when a fixed number of zero bytes follows: linear, so a table for each of
// its four bytes.
using ZerosTable = std::array<std::array<uint32_t, 256>, 4>;

constexpr ZerosTable make_zeros_table(size_t zeros) {
  // The effect of zeros on each single bit; applied to itself it doubles their number.
  std::array<uint32_t, 32> effect{};
  for (uint32_t bit = 0; bit < 32; ++bit) {
    uint32_t crc = uint32_t{1} << bit;
    for (int step = 0; step < 8; ++step) {
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? crc32c_polynomial : 0);
    }
    effect[bit] = crc;
  }
  const auto apply = [](const std::array<uint32_t, 32>& to, uint32_t crc) {
    uint32_t sum = 0;
    for (uint32_t bit = 0; bit < 32; ++bit) sum ^= ((crc >> bit) & 1) != 0 ? to[bit] : 0;
    return sum;
  };
  for (; zeros > 1; zeros /= 2) {
    const std::array<uint32_t, 32> once = effect;
    for (uint32_t bit = 0; bit < 32; ++bit) effect[bit] = apply(once, once[bit]);
  }
  ZerosTable table{};
  for (uint32_t part = 0; part < 4; ++part) {
    for (uint32_t byte = 0; byte < 256; ++byte) table[part][byte] = apply(effect, byte << 8 * part);
  }
  return table;
}

uint32_t followed_by_zeros(const ZerosTable& table, uint32_t crc) {
  return table[0][crc & 0xff] ^ table[1][(crc >> 8) & 0xff] ^ table[2][(crc >> 16) & 0xff] ^
         table[3][crc >> 24];
}

// Lanes are powers of two. The instruction takes three cycles and one can begin in each, so three
// lanes side by side take the time of one.
constexpr size_t long_lane = 4096;
constexpr size_t short_lane = 256;
const ZerosTable after_long_lane = make_zeros_table(long_lane);
const ZerosTable after_short_lane = make_zeros_table(short_lane);

__attribute__((target("sse4.2"))) uint64_t extend_lanes(uint64_t crc, const uint8_t* next,
                                                        size_t lane, const ZerosTable& after) {
  uint64_t second = 0;
  uint64_t third = 0;
  for (size_t at = 0; at < lane; at += 8) {
    std::array<uint64_t, 3> words;
    std::memcpy(&words[0], next + at, sizeof(uint64_t));
    std::memcpy(&words[1], next + lane + at, sizeof(uint64_t));
    std::memcpy(&words[2], next + 2 * lane + at, sizeof(uint64_t));
    crc = _mm_crc32_u64(crc, words[0]);
    second = _mm_crc32_u64(second, words[1]);
    third = _mm_crc32_u64(third, words[2]);
  }
  crc = followed_by_zeros(after, static_cast<uint32_t>(crc)) ^ second;
  return followed_by_zeros(after, static_cast<uint32_t>(crc)) ^ third;
}

__attribute__((target("sse4.2"))) uint32_t extend_hardware(uint32_t before, ByteView bytes) {
  uint64_t crc = ~before;
  const uint8_t* next = bytes.data();
  size_t left = bytes.size();
  for (; left >= 3 * long_lane; left -= 3 * long_lane, next += 3 * long_lane) {
    crc = extend_lanes(crc, next, long_lane, after_long_lane);
  }
  for (; left >= 3 * short_lane; left -= 3 * short_lane, next += 3 * short_lane) {
    crc = extend_lanes(crc, next, short_lane, after_short_lane);
  }
  for (; left >= 8; left -= 8, next += 8) {
    uint64_t word;
    std::memcpy(&word, next, sizeof(word));
    crc = _mm_crc32_u64(crc, word);
  }
  auto narrow = static_cast<uint32_t>(crc);
  for (; left > 0; --left, ++next) narrow = _mm_crc32_u8(narrow, *next);
  return ~narrow;
}
#endif

}  // namespace

uint32_t crc32c_extend_portable(uint32_t before, ByteView bytes) {
  uint32_t crc = ~before;
  const uint8_t* next = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; left -= 8, next += 8) {
    crc ^= static_cast<uint32_t>(next[0]) | static_cast<uint32_t>(next[1]) << 8 |
           static_cast<uint32_t>(next[2]) << 16 | static_cast<uint32_t>(next[3]) << 24;
    crc = crc32c_tables[7][crc & 0xff] ^ crc32c_tables[6][(crc >> 8) & 0xff] ^
          crc32c_tables[5][(crc >> 16) & 0xff] ^ crc32c_tables[4][crc >> 24] ^
          crc32c_tables[3][next[4]] ^ crc32c_tables[2][next[5]] ^ crc32c_tables[1][next[6]] ^
          crc32c_tables[0][next[7]];
  }
  for (; left > 0; --left, ++next) crc = (crc >> 8) ^ crc32c_tables[0][(crc ^ *next) & 0xff];
  return ~crc;
}

uint32_t crc32c_extend(uint32_t before, ByteView bytes) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return extend_hardware(before, bytes);
#endif
  return crc32c_extend_portable(before, bytes);
}

uint32_t crc32c(ByteView bytes) {
  return crc32c_extend(0, bytes);
}

}  // namespace mr::codec
