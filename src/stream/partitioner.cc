#include "stream/partitioner.h"

#include "base/assert.h"

namespace mr::stream {

uint32_t murmur2(ByteView bytes) {
  constexpr uint32_t seed = 0x9747b28c;
  constexpr uint32_t multiplier = 0x5bd1e995;
  constexpr unsigned shift = 24;
  uint32_t hash = seed ^ static_cast<uint32_t>(bytes.size());
  size_t at = 0;
  for (; at + 4 <= bytes.size(); at += 4) {
    uint32_t word = uint32_t{bytes[at]} | uint32_t{bytes[at + 1]} << 8 |
                    uint32_t{bytes[at + 2]} << 16 | uint32_t{bytes[at + 3]} << 24;
    word *= multiplier;
    word ^= word >> shift;
    word *= multiplier;
    hash *= multiplier;
    hash ^= word;
  }
  if (at < bytes.size()) {
    for (size_t i = bytes.size(); i > at; --i) hash ^= uint32_t{bytes[i - 1]} << (8 * (i - 1 - at));
    hash *= multiplier;
  }
  hash ^= hash >> 13;
  hash *= multiplier;
  hash ^= hash >> 15;
  return hash;
}

int32_t partition_of_key(ByteView key, int32_t partitions) {
  MR_ASSERT(partitions > 0);
  constexpr uint32_t positive = 0x7FFFFFFF;
  return static_cast<int32_t>((murmur2(key) & positive) % static_cast<uint32_t>(partitions));
}

}  // namespace mr::stream
