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
__attribute__((target("sse4.2"))) uint32_t extend_hardware(uint32_t before, ByteView bytes) {
  uint64_t crc = ~before;
  const uint8_t* next = bytes.data();
  size_t left = bytes.size();
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
