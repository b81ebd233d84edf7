#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "log/compression.h"
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

// How the records of a batch are compressed. Any value may come: see Codec.
Codec batch_codec(const BatchHeader& header);

// Walks the records of one checked batch, in portions. Decompresses when it is opened.
class BatchCursor {
 public:
  // `batch` lives as long as memory() is used: see there. Errors: corrupt, too_large, unsupported
  // (a compression that we do not read).
  static Result<BatchCursor> open(ByteView batch, const BatchHeader& header);

  // Appends the next records with from <= offset < end, without the engine's own headers, until
  // their keys, values and headers have `bytes_max` bytes (the last one may go beyond), an offset
  // is not below `end`, or the batch ends. Passes over those below `from`. Control batches have no
  // records to show. Yields the bytes. Errors: corrupt.
  Result<size_t> read(Offset from, Offset end, size_t bytes_max,
                      std::vector<stream::Record>& records);

  bool finished() const { return done_ == header_.record_count; }
  // Records at or above it are still to come; meaningless when finished.
  Offset passed() const { return passed_; }
  // What the records' views point into, when the batch was compressed; else null: they point into
  // `batch`.
  const std::shared_ptr<const void>& memory() const { return memory_; }
  size_t contents_bytes() const { return contents_.size(); }

 private:
  BatchCursor(const BatchHeader& header, ByteView contents, std::shared_ptr<const void> memory)
      : header_(header),
        contents_(contents),
        memory_(std::move(memory)),
        passed_(header.base_offset) {}

  BatchHeader header_;
  ByteView contents_;
  std::shared_ptr<const void> memory_;
  size_t position_ = 0;
  int32_t done_ = 0;
  Offset passed_;
};

// The records of a whole checked batch with from <= offset < end, as BatchCursor yields them.
struct DecodedBatch {
  std::vector<stream::Record> records;
  std::shared_ptr<const void> memory;  // null: the views point into `batch`
  size_t contents_bytes = 0;
};
Result<DecodedBatch> decode_batch(ByteView batch, const BatchHeader& header, Offset from,
                                  Offset end);

}  // namespace mr::log
