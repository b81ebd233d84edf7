#include "ingest/duplicates.h"

#include <openssl/sha.h>

#include <algorithm>

#include "base/assert.h"
#include "codec/byte_reader.h"
#include "codec/byte_writer.h"

namespace mr::ingest {
namespace {

constexpr size_t places_min = 1024;
constexpr int64_t day_millis = 24 * 60 * 60 * 1000;

// At most four fifths of the places are used, so that probing stays short.
bool is_full(size_t used, size_t places) {
  return used >= places / 5 * 4;
}

int64_t floor_divide(int64_t value, int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

}  // namespace

EventHash hash_event(ProjectId project, const codec::Uuid& uuid, std::string_view event,
                     std::string_view distinct_id, WallTime timestamp) {
  Bytes identity;
  codec::put_u64_le(identity, static_cast<uint64_t>(project.value));
  append(identity, uuid.bytes);
  codec::put_sized_text(identity, event);
  codec::put_sized_text(identity, distinct_id);
  codec::put_u64_le(identity, static_cast<uint64_t>(floor_divide(timestamp.millis, day_millis)));
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(identity.data(), identity.size(), digest);
  codec::ByteReader reader(ByteView(digest, sizeof(digest)));
  EventHash hash;
  hash.high = reader.u64_le();
  hash.low = reader.u64_le();
  return hash;
}

void put_event_hash(Bytes& out, const EventHash& hash) {
  codec::put_u64_le(out, hash.high);
  codec::put_u64_le(out, hash.low);
}

DuplicateFilter::DuplicateFilter(DuplicateOptions options)
    : options_(options),
      window_seconds_(static_cast<uint32_t>((options.window.count + 999) / 1000)),
      hashes_(places_min),
      stamps_(places_min, 0) {
  MR_ASSERT(options.entries_max > 0);
}

uint32_t DuplicateFilter::stamp_of(WallTime time) {
  return static_cast<uint32_t>(std::clamp<int64_t>(time.millis / 1000, 1, UINT32_MAX));
}

bool DuplicateFilter::expired(uint32_t stamp, uint32_t now) const {
  return stamp < now && now - stamp > window_seconds_;
}

size_t DuplicateFilter::find_place(const EventHash& hash) const {
  const size_t mask = hashes_.size() - 1;
  size_t place = hash.high & mask;
  while (stamps_[place] != 0 && !(hashes_[place] == hash)) place = (place + 1) & mask;
  return place;
}

bool DuplicateFilter::is_repeat(const EventHash& hash, WallTime now) {
  if (window_seconds_ == 0) return false;
  const uint32_t stamp = stamp_of(now);
  size_t place = find_place(hash);
  if (stamps_[place] != 0) {
    const bool repeat = !expired(stamps_[place], stamp);
    // A repeat does not prolong its original's time.
    if (!repeat) stamps_[place] = stamp;
    return repeat;
  }
  if (is_full(used_ + 1, hashes_.size()) || used_ >= options_.entries_max) {
    make_room(stamp);
    place = find_place(hash);
  }
  hashes_[place] = hash;
  stamps_[place] = stamp;
  ++used_;
  return false;
}

void DuplicateFilter::add_stored(ByteView hashes, WallTime written_at) {
  codec::ByteReader reader(hashes);
  while (reader.remaining() >= event_hash_bytes) {
    EventHash hash;
    hash.high = reader.u64_le();
    hash.low = reader.u64_le();
    is_repeat(hash, written_at);
  }
}

size_t DuplicateFilter::memory_bytes() const {
  return hashes_.capacity() * sizeof(EventHash) + stamps_.capacity() * sizeof(uint32_t);
}

void DuplicateFilter::make_room(uint32_t now) {
  uint32_t keep_from = now > window_seconds_ ? now - window_seconds_ : 1;
  std::vector<uint32_t> living;
  for (const uint32_t stamp : stamps_) {
    if (stamp >= keep_from) living.push_back(stamp);
  }
  if (living.size() >= options_.entries_max) {
    // Half a table of room, so that this cost comes once per many events.
    const auto middle = living.begin() + static_cast<std::ptrdiff_t>(living.size() / 2);
    std::nth_element(living.begin(), middle, living.end());
    const uint32_t median = *middle;
    const auto kept =
        std::count_if(living.begin(), living.end(), [&](uint32_t stamp) { return stamp > median; });
    forgotten_ += living.size() - static_cast<size_t>(kept);
    keep_from = median + 1;
    living.resize(static_cast<size_t>(kept));
  }
  size_t places = places_min;
  while (is_full(living.size() * 2, places)) places *= 2;
  rebuild(places, keep_from);
}

void DuplicateFilter::rebuild(size_t places, uint32_t keep_from) {
  std::vector<EventHash> hashes(places);
  std::vector<uint32_t> stamps(places, 0);
  hashes.swap(hashes_);
  stamps.swap(stamps_);
  used_ = 0;
  for (size_t i = 0; i < stamps.size(); ++i) {
    if (stamps[i] < keep_from || stamps[i] == 0) continue;
    const size_t place = find_place(hashes[i]);
    hashes_[place] = hashes[i];
    stamps_[place] = stamps[i];
    ++used_;
  }
}

}  // namespace mr::ingest
