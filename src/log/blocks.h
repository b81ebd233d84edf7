#pragma once

#include <cstdint>

#include "io/disk.h"

namespace mr::log {

// The block boundary at or below, and at or above, a position.
constexpr uint64_t block_floor(uint64_t position) {
  return position / io::direct_alignment * io::direct_alignment;
}
constexpr uint64_t block_ceiling(uint64_t position) {
  return block_floor(position + io::direct_alignment - 1);
}

}  // namespace mr::log
