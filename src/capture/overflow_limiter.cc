#include "capture/overflow_limiter.h"

#include <algorithm>
#include <cstring>

namespace mr::capture {
namespace {

uint64_t mixed(uint64_t value) {
  value ^= value >> 32;
  value *= 0xd6e8feb86659fd93ULL;
  value ^= value >> 32;
  return value;
}

uint64_t hash_of(std::string_view text, uint64_t seed) {
  uint64_t hash = seed ^ text.size() * 0x9e3779b97f4a7c15ULL;
  while (text.size() >= sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    hash = mixed(hash ^ word);
    text.remove_prefix(sizeof word);
  }
  uint64_t rest = 0;
  std::memcpy(&rest, text.data(), text.size());
  return mixed(hash ^ rest);
}

}  // namespace

bool OverflowLimiter::overflows(std::string_view token, std::string_view distinct_id, Instant now) {
  if (!has_limit()) return false;
  if (lines_.empty()) lines_.resize(keys_max / ways);
  const auto now_millis = static_cast<uint32_t>(now.micros / 1000);
  Bucket& bucket = bucket_of(hash_of(distinct_id, hash_of(token, 1)), now_millis);
  fill(bucket, now_millis);
  if (bucket.tokens < 1) bucket.overflowed = true;
  bucket.tokens = std::max(bucket.tokens - 1, 0.0F);
  return bucket.overflowed;
}

OverflowLimiter::Bucket& OverflowLimiter::bucket_of(uint64_t hash, uint32_t now_millis) {
  // Never 0, which is a free place.
  const uint32_t key = static_cast<uint32_t>(hash) | 1;
  std::array<Bucket, ways>& buckets = lines_[(hash >> 32) % lines_.size()].buckets;
  for (Bucket& bucket : buckets) {
    if (bucket.key == key) return bucket;
  }
  Bucket* fullest = &buckets.front();
  for (Bucket& bucket : buckets) {
    fill(bucket, now_millis);
    if (bucket.key == 0 || (fullest->key != 0 && bucket.tokens > fullest->tokens)) {
      fullest = &bucket;
    }
  }
  *fullest = {key, now_millis, static_cast<float>(limits_.burst), false};
  return *fullest;
}

void OverflowLimiter::fill(Bucket& bucket, uint32_t now_millis) const {
  const auto elapsed = static_cast<float>(now_millis - bucket.filled_at_millis);
  const auto burst = static_cast<float>(limits_.burst);
  bucket.tokens += elapsed * limits_.events_per_second / 1000;
  bucket.filled_at_millis = now_millis;
  if (bucket.tokens < burst) return;
  bucket.tokens = burst;
  bucket.overflowed = false;
}

}  // namespace mr::capture
