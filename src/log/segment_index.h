#pragma once

#include <optional>
#include <vector>

#include "io/world.h"
#include "log/manifest.h"

namespace mr::log {

// Where the batches of a sealed segment lie: sparse, about one entry for each 4 KiB of log, in the
// formats of Kafka's OffsetIndex and TimeIndex. The files only save time: whatever they say is
// checked against the segment, and they can be built from it again.
struct SegmentIndex {
  // A batch by its last offset, relative to the segment's base, and where it begins.
  struct OffsetEntry {
    int32_t relative_offset = 0;
    int32_t position = 0;
    bool operator==(const OffsetEntry&) const = default;
  };
  // The largest timestamp up to a batch, and the last offset of the batch that has it.
  struct TimeEntry {
    int64_t timestamp = 0;
    int32_t relative_offset = 0;
    bool operator==(const TimeEntry&) const = default;
  };
  std::vector<OffsetEntry> offsets;  // rising in both
  std::vector<TimeEntry> times;      // rising in both

  // The last entry whose batch ends at or below an offset, or null.
  const OffsetEntry* batch_at_or_below(Offset base, Offset offset) const;
  // The last entry with a timestamp below `time`, or null: up to its batch all records are older.
  const TimeEntry* older_than(WallTime time) const;
  bool operator==(const SegmentIndex&) const = default;
};

// Collects the index of one segment while its batches are written, or walked, in order.
class SegmentIndexBuilder {
 public:
  explicit SegmentIndexBuilder(Offset base = {}) : base_(base) {}

  void add(Offset last_offset, WallTime max_timestamp, uint64_t position, size_t batch_bytes);
  // Call once, after the last batch.
  SegmentIndex finish();

  // Bytes of log between two entries, at least: Kafka's default.
  static constexpr uint64_t interval_bytes = 4096;

 private:
  void add_time();

  Offset base_;
  SegmentIndex index_;
  uint64_t bytes_since_entry_ = 0;
  WallTime max_timestamp_{-1};
  Offset max_timestamp_offset_;
};

// "<base>.index" and "<base>.timeindex": entries, big-endian, nothing else. Decoding yields nothing
// where the bytes cannot be the index of a segment of that length.
Bytes encode_offset_index(const SegmentIndex& index);
Bytes encode_time_index(const SegmentIndex& index);
std::optional<SegmentIndex> decode_segment_index(ByteView offsets, ByteView times,
                                                 uint64_t segment_bytes);

io::Path offset_index_path(const io::Path& folder, Offset base);
io::Path time_index_path(const io::Path& folder, Offset base);

// Writes both files, each whole or not at all; not synced.
io::Task<Result<void>> save_segment_index(io::World world, io::Path folder, Offset base,
                                          SegmentIndex index);
// Nothing when a file is missing, cannot be read or is malformed.
io::Task<std::optional<SegmentIndex>> load_segment_index(io::World world, io::Path folder,
                                                         SegmentEntry entry);
// Walks a sealed segment's headers; damaged ranges are left out. Errors: io_failed.
io::Task<Result<SegmentIndex>> build_segment_index(io::File& file, SegmentEntry entry);

}  // namespace mr::log
