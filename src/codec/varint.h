#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace mr::codec {

// Variable-length integers as Kafka's record format uses them: seven bits a byte, lowest first, the
// high bit set on all but the last; signed ones are zigzag-encoded first.

// The longest encodings, in bytes.
inline constexpr size_t varint_bytes_max = 5;
inline constexpr size_t varlong_bytes_max = 10;

constexpr uint32_t zigzag(int32_t value) {
  return (static_cast<uint32_t>(value) << 1) ^ static_cast<uint32_t>(value >> 31);
}
constexpr uint64_t zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
constexpr int32_t unzigzag(uint32_t value) {
  return static_cast<int32_t>((value >> 1) ^ (~(value & 1) + 1));
}
constexpr int64_t unzigzag(uint64_t value) {
  return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

// How many bytes the encodings take, without making them.
constexpr size_t unsigned_varlong_size(uint64_t value) {
  size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}
constexpr size_t varint_size(int32_t value) {
  return unsigned_varlong_size(zigzag(value));
}
constexpr size_t varlong_size(int64_t value) {
  return unsigned_varlong_size(zigzag(value));
}

// Writes at `out`, which has room for the longest encoding of its type; returns one past the last
// byte written.
inline uint8_t* write_unsigned_varlong(uint8_t* out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) *out++ = static_cast<uint8_t>(value | 0x80);
  *out++ = static_cast<uint8_t>(value);
  return out;
}
inline uint8_t* write_varint(uint8_t* out, int32_t value) {
  return write_unsigned_varlong(out, zigzag(value));
}
inline uint8_t* write_varlong(uint8_t* out, int64_t value) {
  return write_unsigned_varlong(out, zigzag(value));
}

}  // namespace mr::codec
