#pragma once

#include "io/aligned_buffer.h"
#include "log/compression.h"
#include "log/record.h"

namespace mr::log {

// What a record adds to a batch at most, beyond its key, value and headers' bytes.
size_t record_overhead_max(const stream::RecordView& record);

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
  size_t memory_bytes() const { return buffer_.capacity() + packed_.capacity(); }
  // Makes room for records of about `bytes` in all, so that adding them moves nothing.
  void reserve_more(size_t bytes) { buffer_.reserve(buffer_.size() + bytes); }

  // Pads the last record with the reserved header so that the batch ends at a multiple of
  // `alignment`, writes the header and the checksum. Yields the whole batch, valid until clear().
  // With Codec::lz4 all records but the last are compressed, unless that saves no block; the last
  // one stays in raw blocks of the same frame, so that its padding can reach the boundary. With
  // Codec::zstd all are compressed, and there is no padding: the alignment is 1. Call once, with at
  // least one record.
  ByteView finish(Offset base, SegmentUse use, size_t alignment, Codec codec = Codec::none);
  // Gives the finished batch another place than it was finished for: costs its checksum.
  void move_to(Offset base, SegmentUse use);
  // Of the finished batch.
  bool compressed() const { return codec_ != Codec::none; }
  ByteView finished() const { return compressed() ? packed_.view() : buffer_.view(); }

 private:
  struct Last {
    size_t start = 0;          // of its length field
    size_t body_bytes = 0;     // what the length field says
    size_t headers_start = 0;  // of its header count
    int32_t header_count = 0;
  };
  bool pack_lz4(size_t alignment);
  bool pack_zstd();
  size_t total_bytes(size_t last_bytes) const;
  void pad(size_t alignment);
  void pad_with(size_t value_bytes);
  void write_header(uint8_t* out, size_t bytes, Offset base, SegmentUse use) const;

  io::AlignedBuffer buffer_;
  io::AlignedBuffer packed_;  // the compressed batch, when there is one
  Codec codec_ = Codec::none;
  int32_t count_ = 0;
  WallTime base_timestamp_;
  WallTime max_timestamp_;
  Last last_;
};

}  // namespace mr::log
