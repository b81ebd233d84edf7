#include "log/watermark.h"

#include "base/assert.h"

namespace mr::log {

namespace {

constexpr unsigned check_bits = 16;
constexpr unsigned value_bits = 48;

uint64_t check_of(WatermarkWord word, uint64_t value) {
  uint64_t mixed = value + (static_cast<uint64_t>(word) + 1) * 0x9E3779B97F4A7C15;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
  // Never 0, so that a page of zeros holds no valid word.
  return ((mixed >> value_bits) & 0xFFFF) | 1;
}

uint64_t our_version() {
  return encode_word(WatermarkWord::version, watermark_version);
}

}  // namespace

uint64_t encode_word(WatermarkWord word, uint64_t value) {
  MR_ASSERT(value >> value_bits == 0);
  return value << check_bits | check_of(word, value);
}

std::optional<uint64_t> decode_word(WatermarkWord word, uint64_t stored) {
  const uint64_t value = stored >> check_bits;
  if ((stored & 0xFFFF) != check_of(word, value)) return std::nullopt;
  return value;
}

bool watermark_counts(const io::SharedPage& page) {
  return page.load(static_cast<size_t>(WatermarkWord::version)) == our_version();
}

void begin_watermark(io::SharedPage& page) {
  if (watermark_counts(page)) return;
  constexpr WatermarkWord others[] = {WatermarkWord::generation, WatermarkWord::end,
                                      WatermarkWord::tail, WatermarkWord::first,
                                      WatermarkWord::remove_below};
  for (const WatermarkWord word : others) page.store(static_cast<size_t>(word), 0);
  page.publish(static_cast<size_t>(WatermarkWord::version), our_version());
}

VisibleEnd visible_end(const io::SharedPage& page) {
  const uint64_t version = page.load(static_cast<size_t>(WatermarkWord::version));
  if (version != our_version()) return {Offset(0), WatermarkWord::version, version};
  const uint64_t stored = page.load(static_cast<size_t>(WatermarkWord::end));
  const uint64_t end = decode_word(WatermarkWord::end, stored).value_or(0);
  return {Offset(static_cast<int64_t>(end)), WatermarkWord::end, stored};
}

uint64_t pack_tail(int32_t epoch, uint64_t bytes) {
  MR_ASSERT(bytes >> 32 == 0);
  return (static_cast<uint64_t>(epoch) & 0xFFFF) << 32 | bytes;
}

TailMark unpack_tail(uint64_t value) {
  return {static_cast<uint16_t>(value >> 32), static_cast<uint32_t>(value)};
}

std::optional<uint64_t> durable_tail(const io::SharedPage& page, int32_t epoch) {
  const auto tail = load_word(page, WatermarkWord::tail);
  if (!tail || unpack_tail(*tail).epoch_low != static_cast<uint16_t>(epoch)) return std::nullopt;
  return unpack_tail(*tail).bytes;
}

}  // namespace mr::log
