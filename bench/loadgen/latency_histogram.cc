#include "bench/loadgen/latency_histogram.h"

#include <algorithm>
#include <bit>

namespace mr::bench {

namespace {

constexpr int sub_bucket_bits = 7;
constexpr uint64_t sub_buckets = 1u << sub_bucket_bits;
constexpr size_t bucket_count = (64 - sub_bucket_bits + 1) * sub_buckets;

size_t bucket_of(uint64_t value) {
  if (value < sub_buckets) return value;
  const int exponent = std::bit_width(value) - 1;
  const uint64_t within = (value >> (exponent - sub_bucket_bits)) & (sub_buckets - 1);
  return static_cast<size_t>(exponent - sub_bucket_bits + 1) * sub_buckets + within;
}

// The largest value that falls into a bucket.
uint64_t top_of(size_t bucket) {
  if (bucket < sub_buckets) return bucket;
  const size_t exponent = bucket / sub_buckets + sub_bucket_bits - 1;
  const uint64_t width = uint64_t{1} << (exponent - sub_bucket_bits);
  return (uint64_t{1} << exponent) + (bucket % sub_buckets) * width + width - 1;
}

}  // namespace

LatencyHistogram::LatencyHistogram() : buckets_(bucket_count, 0) {
}

void LatencyHistogram::add(uint64_t nanos) {
  ++buckets_[bucket_of(nanos)];
  ++count_;
  max_ = std::max(max_, nanos);
}

double LatencyHistogram::percentile_ms(double fraction) const {
  if (count_ == 0) return 0;
  const auto wanted = static_cast<uint64_t>(fraction * static_cast<double>(count_));
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen > wanted) return static_cast<double>(std::min(top_of(bucket), max_)) / 1e6;
  }
  return max_ms();
}

}  // namespace mr::bench
