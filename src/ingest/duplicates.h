#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/strong.h"
#include "base/time.h"
#include "codec/uuid.h"

namespace mr::ingest {

// 128 bits of SHA-256 over what makes an event a repeat: project, uuid, event name, distinct id and
// the UTC day of its timestamp (the identity under which the reference's store collapses rows).
struct EventHash {
  uint64_t high = 0;
  uint64_t low = 0;
  bool operator==(const EventHash&) const = default;
};
EventHash hash_event(ProjectId project, const codec::Uuid& uuid, std::string_view event,
                     std::string_view distinct_id, WallTime timestamp);

// An EventHash as it is stored: 16 bytes.
inline constexpr size_t event_hash_bytes = 16;
void put_event_hash(Bytes& out, const EventHash& hash);

struct DuplicateOptions {
  // How long a hash is remembered; 0 switches the filter off.
  Millis window{24 * 60 * 60 * 1000};
  // Hashes in memory at most: 20 bytes each, in a table that is at most 80 % full, so 50 million
  // take up to 2.2 GB. Beyond it the oldest are forgotten before their time (and counted).
  size_t entries_max = 50'000'000;
};

// The hashes of the events of the last window, in memory: an open-addressing table. Not durable by
// itself: the pipeline stores each batch's hashes with the batch and adds them again at start.
class DuplicateFilter {
 public:
  explicit DuplicateFilter(DuplicateOptions options);

  // Whether the hash was added within the window before `now`; if not, adds it.
  bool is_repeat(const EventHash& hash, WallTime now);
  // Adds hashes that were stored at `written_at` (a whole number of event_hash_bytes).
  void add_stored(ByteView hashes, WallTime written_at);

  Millis window() const { return options_.window; }
  size_t size() const { return used_; }
  size_t memory_bytes() const;
  // Hashes that were forgotten before their window had passed.
  uint64_t forgotten() const { return forgotten_; }

 private:
  // Seconds since the epoch, in 32 bits; 0 marks an empty place.
  static uint32_t stamp_of(WallTime time);
  bool expired(uint32_t stamp, uint32_t now) const;
  size_t find_place(const EventHash& hash) const;
  void make_room(uint32_t now);
  void rebuild(size_t places, uint32_t keep_from);

  DuplicateOptions options_;
  uint32_t window_seconds_;
  std::vector<EventHash> hashes_;
  std::vector<uint32_t> stamps_;
  size_t used_ = 0;
  uint64_t forgotten_ = 0;
};

}  // namespace mr::ingest
