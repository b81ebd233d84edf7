#include "log/segment_index.h"

#include <algorithm>
#include <limits>

#include "codec/byte_reader.h"
#include "io/random.h"
#include "log/segment_scan.h"

namespace mr::log {

namespace {

constexpr size_t offset_entry_bytes = 8;
constexpr size_t time_entry_bytes = 12;
constexpr size_t walk_chunk_bytes = 256 * 1024;
// Of one index file: that of the largest segment.
constexpr uint64_t index_bytes_max = 16 * 1024 * 1024;

template <typename Integer>
void put(Bytes& out, Integer value) {
  for (int shift = (static_cast<int>(sizeof(Integer)) - 1) * 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<uint8_t>(static_cast<uint64_t>(value) >> shift));
  }
}

io::Path with_ending(const io::Path& folder, Offset base, const char* ending) {
  const io::Path path = segment_path(folder, base);
  return path.substr(0, path.rfind('.')) + ending;
}

// Readers in several processes may write the same index: each makes a file of its own first.
io::Task<Result<void>> save(io::World world, io::Path path, Bytes contents) {
  const io::Path fresh = path + "." + std::to_string(world.random.next()) + ".new";
  const io::OpenMode mode{io::Access::read_write, io::Creation::must_not_exist};
  MR_CO_TRY(const auto file, co_await world.disk.open(fresh, mode));
  auto done = co_await file->write_at(0, contents);
  if (done) done = co_await world.disk.rename(fresh, path);
  if (!done) (void)co_await world.disk.remove(fresh);
  co_return done;
}

}  // namespace

const SegmentIndex::OffsetEntry* SegmentIndex::batch_at_or_below(Offset base, Offset offset) const {
  const int64_t relative = offset.value - base.value;
  const auto after = std::upper_bound(
      offsets.begin(), offsets.end(), relative,
      [](int64_t wanted, const OffsetEntry& entry) { return wanted < entry.relative_offset; });
  return after == offsets.begin() ? nullptr : &*(after - 1);
}

const SegmentIndex::TimeEntry* SegmentIndex::older_than(WallTime time) const {
  const auto at_least = std::lower_bound(
      times.begin(), times.end(), time.millis,
      [](const TimeEntry& entry, int64_t wanted) { return entry.timestamp < wanted; });
  return at_least == times.begin() ? nullptr : &*(at_least - 1);
}

void SegmentIndexBuilder::add(Offset last_offset, WallTime max_timestamp, uint64_t position,
                              size_t batch_bytes) {
  if (max_timestamp > max_timestamp_) {
    max_timestamp_ = max_timestamp;
    max_timestamp_offset_ = last_offset;
  }
  const bool fits = last_offset - base_ <= std::numeric_limits<int32_t>::max() &&
                    position <= std::numeric_limits<int32_t>::max();
  if (bytes_since_entry_ > interval_bytes && fits) {
    index_.offsets.push_back(
        {static_cast<int32_t>(last_offset - base_), static_cast<int32_t>(position)});
    add_time();
    bytes_since_entry_ = 0;
  }
  bytes_since_entry_ += batch_bytes;
}

void SegmentIndexBuilder::add_time() {
  const bool later = index_.times.empty() || index_.times.back().timestamp < max_timestamp_.millis;
  const int64_t relative = max_timestamp_offset_ - base_;
  if (!later || max_timestamp_.millis < 0 || relative > std::numeric_limits<int32_t>::max()) return;
  index_.times.push_back({max_timestamp_.millis, static_cast<int32_t>(relative)});
}

SegmentIndex SegmentIndexBuilder::finish() {
  add_time();
  return std::move(index_);
}

Bytes encode_offset_index(const SegmentIndex& index) {
  Bytes out;
  out.reserve(index.offsets.size() * offset_entry_bytes);
  for (const auto& entry : index.offsets) {
    put(out, entry.relative_offset);
    put(out, entry.position);
  }
  return out;
}

Bytes encode_time_index(const SegmentIndex& index) {
  Bytes out;
  out.reserve(index.times.size() * time_entry_bytes);
  for (const auto& entry : index.times) {
    put(out, entry.timestamp);
    put(out, entry.relative_offset);
  }
  return out;
}

std::optional<SegmentIndex> decode_segment_index(ByteView offsets, ByteView times,
                                                 uint64_t segment_bytes) {
  if (offsets.size() % offset_entry_bytes != 0 || times.size() % time_entry_bytes != 0) {
    return std::nullopt;
  }
  SegmentIndex index;
  SegmentIndex::OffsetEntry last{-1, -1};
  for (codec::ByteReader reader(offsets); reader.remaining() > 0;) {
    SegmentIndex::OffsetEntry entry;
    entry.relative_offset = static_cast<int32_t>(reader.u32_be());
    entry.position = static_cast<int32_t>(reader.u32_be());
    const bool rises =
        entry.relative_offset > last.relative_offset && entry.position > last.position;
    if (!rises || static_cast<uint64_t>(entry.position) >= segment_bytes) return std::nullopt;
    index.offsets.push_back(entry);
    last = entry;
  }
  SegmentIndex::TimeEntry last_time{-1, -1};
  for (codec::ByteReader reader(times); reader.remaining() > 0;) {
    SegmentIndex::TimeEntry entry;
    entry.timestamp = static_cast<int64_t>(reader.u64_be());
    entry.relative_offset = static_cast<int32_t>(reader.u32_be());
    const bool rises =
        entry.timestamp > last_time.timestamp && entry.relative_offset > last_time.relative_offset;
    if (!rises) return std::nullopt;
    index.times.push_back(entry);
    last_time = entry;
  }
  return index;
}

io::Path offset_index_path(const io::Path& folder, Offset base) {
  return with_ending(folder, base, ".index");
}

io::Path time_index_path(const io::Path& folder, Offset base) {
  return with_ending(folder, base, ".timeindex");
}

io::Task<Result<void>> save_segment_index(io::World world, io::Path folder, Offset base,
                                          SegmentIndex index) {
  MR_CO_CHECK(co_await save(world, offset_index_path(folder, base), encode_offset_index(index)));
  co_return co_await save(world, time_index_path(folder, base), encode_time_index(index));
}

io::Task<std::optional<SegmentIndex>> load_segment_index(io::World world, io::Path folder,
                                                         SegmentEntry entry) {
  const auto offsets = co_await io::read_whole_file(
      world.disk, offset_index_path(folder, entry.base), index_bytes_max);
  if (!offsets) co_return std::nullopt;
  const auto times = co_await io::read_whole_file(world.disk, time_index_path(folder, entry.base),
                                                  index_bytes_max);
  if (!times) co_return std::nullopt;
  co_return decode_segment_index(*offsets, *times, entry.sealed_bytes);
}

io::Task<Result<SegmentIndex>> build_segment_index(io::File& file, SegmentEntry entry) {
  FileWindow window(file, walk_chunk_bytes);
  SegmentIndexBuilder builder(entry.base);
  Offset next = entry.base;
  for (uint64_t position = 0; position + batch_header_bytes <= entry.sealed_bytes;) {
    MR_CO_TRY(const ByteView bytes, co_await window.view(position, batch_header_bytes));
    auto header = parse_batch_header(bytes);
    const bool valid = header && batch_belongs(*header, entry.use) && header->base_offset == next &&
                       header->total_bytes() <= entry.sealed_bytes - position;
    if (!valid) {
      MR_CO_TRY(const auto later, co_await find_next_batch(window, {entry.base, entry.use, true},
                                                           position, entry.sealed_bytes, next));
      if (!later) break;
      position = later->position;
      header = later->header;
    }
    const size_t batch_bytes = header->total_bytes();
    builder.add(header->end_offset() + -1, header->max_timestamp, position, batch_bytes);
    position += batch_bytes;
    next = header->end_offset();
  }
  co_return builder.finish();
}

}  // namespace mr::log
