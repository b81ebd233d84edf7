#include "io/real_random.h"

#include <sys/random.h>

#include "base/assert.h"

namespace mr::io {

uint64_t RealRandom::next() {
  if (used_ == block_.size()) {
    // Requests of up to 256 bytes are never cut short once the generator is seeded.
    for (size_t i = 0; i < block_.size(); i += 32) {
      MR_ASSERT(getrandom(&block_[i], 256, 0) == 256);
    }
    used_ = 0;
  }
  return block_[used_++];
}

}  // namespace mr::io
