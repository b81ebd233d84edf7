#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "codec/varint.h"

namespace mr::codec {

// Appends numbers to `out`. `_be` is big-endian (network order, Kafka's), `_le` little-endian.

inline void put_u8(Bytes& out, uint8_t value) {
  out.push_back(value);
}

template <typename Unsigned>
inline void put_big_endian(Bytes& out, Unsigned value) {
  for (int shift = (static_cast<int>(sizeof(Unsigned)) - 1) * 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<uint8_t>(value >> shift));
  }
}
inline void put_u16_be(Bytes& out, uint16_t value) {
  put_big_endian(out, value);
}
inline void put_u32_be(Bytes& out, uint32_t value) {
  put_big_endian(out, value);
}
inline void put_u64_be(Bytes& out, uint64_t value) {
  put_big_endian(out, value);
}

template <typename Unsigned>
inline void put_little_endian(Bytes& out, Unsigned value) {
  for (size_t i = 0; i < sizeof(Unsigned); ++i) {
    out.push_back(static_cast<uint8_t>(value >> (i * 8)));
  }
}
inline void put_u16_le(Bytes& out, uint16_t value) {
  put_little_endian(out, value);
}
inline void put_u32_le(Bytes& out, uint32_t value) {
  put_little_endian(out, value);
}
inline void put_u64_le(Bytes& out, uint64_t value) {
  put_little_endian(out, value);
}

inline void put_unsigned_varlong(Bytes& out, uint64_t value) {
  uint8_t encoded[varlong_bytes_max];
  out.insert(out.end(), encoded, write_unsigned_varlong(encoded, value));
}
inline void put_varint(Bytes& out, int32_t value) {
  put_unsigned_varlong(out, zigzag(value));
}
inline void put_varlong(Bytes& out, int64_t value) {
  put_unsigned_varlong(out, zigzag(value));
}

inline void put_bytes(Bytes& out, ByteView bytes) {
  append(out, bytes);
}

// A length as an unsigned varlong, then the bytes.
inline void put_sized_text(Bytes& out, std::string_view text) {
  put_unsigned_varlong(out, text.size());
  append(out, as_bytes(text));
}

}  // namespace mr::codec
