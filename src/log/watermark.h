#pragma once

#include <cstdint>
#include <optional>

#include "base/strong.h"
#include "io/disk.h"

namespace mr::log {

// The words of a partition's shared page: how readers in any process learn what is durable. A word
// carries its own check (docs/formats/log.md, "watermark"), because after a power loss the page
// holds anything until the writer opens the partition again.
//
// The writer stores tail, then generation, then publishes the end; a reader loads the end first, so
// what it then sees of the others is at least as new.
enum class WatermarkWord : size_t {
  version = 0,
  generation = 1,    // changes whenever the set of segments or their files changed
  end = 2,           // one past the last visible offset; readers wait on this word
  tail = 3,          // of the unsealed segment: epoch and the length that is durable
  first = 4,         // the first offset that is kept
  remove_below = 5,  // set by others: what they ask the writer to remove
};

inline constexpr uint64_t watermark_version = 1;

// A value of at most 48 bits with a check of value and word; and back, or nothing.
uint64_t encode_word(WatermarkWord word, uint64_t value);
std::optional<uint64_t> decode_word(WatermarkWord word, uint64_t stored);

struct TailMark {
  uint16_t epoch_low = 0;  // the low bits of the segment's epoch
  uint32_t bytes = 0;
};
uint64_t pack_tail(int32_t epoch, uint64_t bytes);
TailMark unpack_tail(uint64_t value);

// How much of the unsealed segment of this epoch is durable; nothing when the page speaks of
// another one, or of none.
std::optional<uint64_t> durable_tail(const io::SharedPage& page, int32_t epoch);

inline void store_word(io::SharedPage& page, WatermarkWord word, uint64_t value) {
  page.store(static_cast<size_t>(word), encode_word(word, value));
}
inline std::optional<uint64_t> load_word(const io::SharedPage& page, WatermarkWord word) {
  return decode_word(word, page.load(static_cast<size_t>(word)));
}

}  // namespace mr::log
