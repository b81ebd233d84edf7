#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "base/bytes.h"
#include "codec/varint.h"

namespace mr::codec {

// Reads numbers and slices from bytes that it borrows, never past their end. Failure sticks: once a
// read does not fit or a varint is overlong, ok() is false, every further read gives zero or empty
// and the position stays, so a decoder may read a whole structure and check once.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  size_t position() const { return position_; }
  size_t remaining() const { return ok_ ? bytes_.size() - position_ : 0; }
  // Everything was read, and nothing failed.
  bool finished() const { return ok_ && position_ == bytes_.size(); }

  uint8_t u8() { return static_cast<uint8_t>(big_endian<uint8_t>()); }
  uint16_t u16_be() { return big_endian<uint16_t>(); }
  uint32_t u32_be() { return big_endian<uint32_t>(); }
  uint64_t u64_be() { return big_endian<uint64_t>(); }
  uint16_t u16_le() { return little_endian<uint16_t>(); }
  uint32_t u32_le() { return little_endian<uint32_t>(); }
  uint64_t u64_le() { return little_endian<uint64_t>(); }

  // Fails on more than ten bytes or on a value that needs more than 64 bits.
  uint64_t unsigned_varlong() {
    uint64_t value = 0;
    for (size_t i = 0; i < varlong_bytes_max; ++i) {
      if (position_ + i >= bytes_.size()) break;
      const uint8_t byte = bytes_[position_ + i];
      if (i == varlong_bytes_max - 1 && byte > 1) break;
      value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
      if ((byte & 0x80) == 0) {
        if (!ok_) return 0;
        position_ += i + 1;
        return value;
      }
    }
    ok_ = false;
    return 0;
  }
  // Fails on a value that needs more than 32 bits.
  int32_t varint() {
    const uint64_t value = unsigned_varlong();
    if (value > std::numeric_limits<uint32_t>::max()) {
      ok_ = false;
      return 0;
    }
    return unzigzag(static_cast<uint32_t>(value));
  }
  int64_t varlong() { return unzigzag(unsigned_varlong()); }

  // The next `size` bytes, as a view into the source.
  ByteView bytes(uint64_t size) {
    if (!ok_ || size > bytes_.size() - position_) {
      ok_ = false;
      return {};
    }
    const ByteView slice = bytes_.subspan(position_, size);
    position_ += size;
    return slice;
  }
  // What put_sized_text wrote.
  std::string_view sized_text() { return as_text(bytes(unsigned_varlong())); }

 private:
  template <typename Unsigned>
  Unsigned big_endian() {
    Unsigned value = 0;
    for (const uint8_t byte : bytes(sizeof(Unsigned))) {
      value = static_cast<Unsigned>(static_cast<uint64_t>(value) << 8 | byte);
    }
    return value;
  }
  template <typename Unsigned>
  Unsigned little_endian() {
    Unsigned value = 0;
    int shift = 0;
    for (const uint8_t byte : bytes(sizeof(Unsigned))) {
      value = static_cast<Unsigned>(value | static_cast<uint64_t>(byte) << shift);
      shift += 8;
    }
    return value;
  }

  ByteView bytes_;
  size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace mr::codec
