#pragma once

#include <cstdint>
#include <vector>

namespace mr::bench {

// Durations in nanoseconds, counted in buckets that grow with the value: 128 to each power of two,
// so a percentile is right within 0.8 %. Fixed memory (64 KiB) for any number of values.
class LatencyHistogram {
 public:
  LatencyHistogram();

  void add(uint64_t nanos);
  uint64_t count() const { return count_; }
  // The value in milliseconds that `fraction` (0 to 1) of all values do not exceed; 0 when empty.
  double percentile_ms(double fraction) const;
  double max_ms() const { return static_cast<double>(max_) / 1e6; }

 private:
  std::vector<uint64_t> buckets_;
  uint64_t count_ = 0;
  uint64_t max_ = 0;
};

}  // namespace mr::bench
