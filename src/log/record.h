#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "io/aligned_buffer.h"
#include "stream/stream.h"

// Kafka's record batch, version 2 (magic 2): the bytes of our segments. Layout and field names are
// those of https://kafka.apache.org/documentation/#recordbatch; docs/formats/log.md says what we
// put where.
namespace mr::log {

// The fixed part of a batch, up to and including the record count.
inline constexpr size_t batch_header_bytes = 61;
// The part before what the length field counts: base offset and the length itself.
inline constexpr size_t batch_prefix_bytes = 12;
// Where the checksummed part begins: at the attributes.
inline constexpr size_t batch_crc_start = 21;

// What makes a batch belong to one use of one segment file: a stale batch of an earlier use, or a
// batch that someone put inside a value, has another epoch or another mark.
struct SegmentUse {
  int32_t epoch = 0;  // partitionLeaderEpoch of its batches
  int32_t mark = 0;   // 31 random bits, from which the baseSequence of its batches is made
  bool operator==(const SegmentUse&) const = default;
};

struct BatchHeader {
  Offset base_offset;
  int32_t length = 0;  // bytes after the length field
  int32_t epoch = 0;
  uint32_t crc = 0;
  int16_t attributes = 0;
  int32_t last_offset_delta = 0;
  WallTime base_timestamp;
  WallTime max_timestamp;
  int32_t base_sequence = 0;
  int32_t record_count = 0;

  size_t total_bytes() const { return batch_prefix_bytes + static_cast<size_t>(length); }
  // One past the last offset.
  Offset end_offset() const { return base_offset + (int64_t{last_offset_delta} + 1); }
};

// The baseSequence of the batch of a use that begins at an offset. It binds the base offset, which
// Kafka leaves outside the checksum, to a field inside it.
int32_t batch_sequence(SegmentUse use, Offset base);

// Whether a batch whose checksum matches was written in this use of its file, at its offset.
inline bool batch_belongs(const BatchHeader& header, SegmentUse use) {
  return header.epoch == use.epoch &&
         header.base_sequence == batch_sequence(use, header.base_offset);
}

// Reads a header from the first bytes of `bytes`. Nothing when they are too few or cannot be one:
// another magic, or sizes and counts that contradict each other. Any bytes may come.
std::optional<BatchHeader> parse_batch_header(ByteView bytes);

// Whether a whole batch (exactly header.total_bytes() bytes) has the checksum that it states.
bool batch_checksum_matches(ByteView batch, const BatchHeader& header);

// Appends to `records` those of a checked batch with from <= offset < end, without the engine's
// own headers. The views point into `batch`. Control batches have no records to show. Errors:
// corrupt, unsupported (a compression that we do not read).
Result<void> decode_batch(ByteView batch, const BatchHeader& header, Offset from, Offset end,
                          std::vector<stream::Record>& records);

// What a record adds to a batch at most, beyond its key, value and headers' bytes.
size_t record_overhead_max(const stream::RecordView& record);
// Key, value and headers' bytes.
size_t record_payload_bytes(const stream::RecordView& record);

// Builds one batch in aligned memory, copying each record once. Reused between batches.
class BatchBuilder {
 public:
  BatchBuilder() { clear(); }

  void clear();
  void add(const stream::RecordView& record);
  int32_t record_count() const { return count_; }
  bool empty() const { return count_ == 0; }
  WallTime max_timestamp() const { return max_timestamp_; }
  // The size so far, without padding.
  size_t bytes() const { return buffer_.size(); }
  size_t memory_bytes() const { return buffer_.capacity(); }
  // Makes room for records of about `bytes` in all, so that adding them moves nothing.
  void reserve_more(size_t bytes) { buffer_.reserve(buffer_.size() + bytes); }

  // Pads the last record with the reserved header so that the batch ends at a multiple of
  // `alignment`, writes the header and the checksum. Yields the whole batch, valid until clear().
  // Call once, with at least one record.
  ByteView finish(Offset base, SegmentUse use, size_t alignment);

 private:
  struct Last {
    size_t start = 0;          // of its length field
    size_t body_bytes = 0;     // what the length field says
    size_t headers_start = 0;  // of its header count
    int32_t header_count = 0;
  };
  void pad(size_t alignment);
  void pad_with(size_t value_bytes);

  io::AlignedBuffer buffer_;
  int32_t count_ = 0;
  WallTime base_timestamp_;
  WallTime max_timestamp_;
  Last last_;
};

}  // namespace mr::log
