#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mr {

// Bytes that we own, bytes that we look at, and bytes that we fill.
using Bytes = std::vector<uint8_t>;
using ByteView = std::span<const uint8_t>;
using MutableBytes = std::span<uint8_t>;

// Text and bytes share memory: neither call copies. The view lives as long as its source.
inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Appends a copy of `tail` to `bytes`.
inline void append(Bytes& bytes, ByteView tail) {
  bytes.insert(bytes.end(), tail.begin(), tail.end());
}

}  // namespace mr
