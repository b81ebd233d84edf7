#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "io/random.h"

namespace mr::io {

// The real Random: the kernel's generator, read in blocks.
class RealRandom final : public Random {
 public:
  uint64_t next() override;

 private:
  std::array<uint64_t, 64> block_{};
  size_t used_ = block_.size();
};

}  // namespace mr::io
