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
