#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace mr::capture {

// How much one key may send before something is done about it.
struct OverflowLimits {
  float events_per_second = 0;  // 0: no limit
  uint32_t burst = 0;           // how many at once, after a quiet time
};

// Finds keys that send more than their share, by a token bucket for each. A key that has
// overflowed stays so until it has been quiet long enough to fill its bucket again: its events do
// not change lanes back and forth, which would mix up their order. Buckets lie in a table of fixed
// size, made with the first event; when it is full, the key that used least of its share is
// forgotten, so that a crowd of quiet keys cannot hide a busy one. One loop.
class OverflowLimiter {
 public:
  explicit OverflowLimiter(OverflowLimits limits) : limits_(limits) {}

  bool has_limit() const { return limits_.events_per_second > 0; }

  // Counts an event of the key, which is token and distinct id; whether it belongs in overflow.
  bool overflows(std::string_view token, std::string_view distinct_id, Instant now);

  // Keys that fit into the table.
  static constexpr size_t keys_max = 16 * 1024;

 private:
  // Four of them make one line of the processor's cache: those among which a key may lie.
  struct Bucket {
    uint32_t key = 0;               // of a hash; 0: free
    uint32_t filled_at_millis = 0;  // wraps around: only differences count
    float tokens = 0;
    bool overflowed = false;
  };
  static constexpr size_t ways = 4;
  struct alignas(ways * sizeof(Bucket)) Line {
    std::array<Bucket, ways> buckets;
  };
  Bucket& bucket_of(uint64_t hash, uint32_t now_millis);
  void fill(Bucket& bucket, uint32_t now_millis) const;

  OverflowLimits limits_;
  std::vector<Line> lines_;
};

}  // namespace mr::capture
