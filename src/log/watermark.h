#pragma once

#include <cstdint>
#include <optional>

#include "base/strong.h"
#include "io/disk.h"

namespace mr::log {

// The words of a partition's shared page: how readers in any process learn what is durable. After a
// power loss the page holds anything until the writer opens the partition again. So no word counts
// while the version is not exactly ours (64 bits that chance does not hit), and each carries a
// check of its own besides (docs/formats/log.md, "watermark").
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

// Whether the page was begun by a writer of this layout, on this side of the last power loss.
bool watermark_counts(const io::SharedPage& page);
// Makes the page count, empty if it did not yet. For the holder of the partition's lock, before it
// stores anything else.
void begin_watermark(io::SharedPage& page);

// How far the page lets readers go, and the word that changes when that does.
struct VisibleEnd {
  Offset end;
  WatermarkWord word = WatermarkWord::end;
  uint64_t stored = 0;
};
VisibleEnd visible_end(const io::SharedPage& page);

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
// The word's value; nothing while the page does not count.
inline std::optional<uint64_t> load_word(const io::SharedPage& page, WatermarkWord word) {
  if (!watermark_counts(page)) return std::nullopt;
  return decode_word(word, page.load(static_cast<size_t>(word)));
}

}  // namespace mr::log
