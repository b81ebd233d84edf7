#include "codec/json_scan.h"

#include <algorithm>

namespace mr::json {

const char* SpecialFinder::find_in_later_blocks(const char* from) {
  for (from = std::max(from, block_end()); from < end_; from = block_end()) {
    block_ = from;
    mark();
    if (marks_ != 0) return block_ + std::countr_zero(marks_);
  }
  return end_;
}

// Marks what lies from block_ on; the end of the text character by character.
void SpecialFinder::mark() {
  const auto width = static_cast<size_t>(block_end() - block_);
  marks_ = 0;
  if (width == block_width) {
    for (size_t at = 0; at < block_width; at += scan_width) {
      marks_ |= uint64_t{special_mask(block_ + at)} << at;
    }
    return;
  }
  for (size_t at = 0; at < width; ++at) marks_ |= uint64_t{is_special(block_[at])} << at;
}

}  // namespace mr::json
