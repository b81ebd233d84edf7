#pragma once

#include <cstdint>

namespace mr::io {

// The door of chance: in production the kernel's generator, in simulation a stream of the seed.
// Used for ids (version 7 uuids, tokens), jitter and mischief. Not thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  // 64 unpredictable bits.
  virtual uint64_t next() = 0;
};

}  // namespace mr::io
