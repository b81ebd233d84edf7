#include "log/batch_builder.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "codec/crc32c.h"
#include "codec/varint.h"

namespace mr::log {

namespace {

constexpr uint8_t magic = 2;
constexpr int64_t no_producer = -1;

// "_pad": length, name; the value's length and bytes follow.
constexpr size_t pad_name_bytes = 1 + stream::pad_header.size();

template <typename Integer>
uint8_t* put(uint8_t* out, Integer value) {
  for (int shift = (static_cast<int>(sizeof(Integer)) - 1) * 8; shift >= 0; shift -= 8) {
    *out++ = static_cast<uint8_t>(static_cast<uint64_t>(value) >> shift);
  }
  return out;
}

uint8_t* put_raw(uint8_t* out, ByteView bytes) {
  if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
  return out + bytes.size();
}

// A nullable field: a view without memory is null, as Kafka's length -1.
int32_t stated_length(ByteView bytes) {
  return bytes.data() == nullptr ? -1 : static_cast<int32_t>(bytes.size());
}

uint8_t* put_nullable(uint8_t* out, ByteView bytes) {
  return put_raw(codec::write_varint(out, stated_length(bytes)), bytes);
}

size_t nullable_bytes(ByteView bytes) {
  return codec::varint_size(stated_length(bytes)) + bytes.size();
}

size_t header_bytes(const stream::HeaderView& header) {
  return codec::varint_size(static_cast<int32_t>(header.name.size())) + header.name.size() +
         nullable_bytes(header.value);
}

}  // namespace

size_t record_overhead_max(const stream::RecordView& record) {
  return 1 + codec::varlong_bytes_max + 5 * codec::varint_bytes_max +
         record.headers.size() * 2 * codec::varint_bytes_max;
}

void BatchBuilder::clear() {
  buffer_.clear();
  buffer_.resize(batch_header_bytes);
  count_ = 0;
}

void BatchBuilder::add(const stream::RecordView& record) {
  if (count_ == 0) {
    base_timestamp_ = record.timestamp;
    max_timestamp_ = record.timestamp;
  }
  max_timestamp_ = std::max(max_timestamp_, record.timestamp);
  const int64_t timestamp_delta = record.timestamp.millis - base_timestamp_.millis;
  const auto header_count = static_cast<int32_t>(record.headers.size());
  const size_t before_headers = 1 + codec::varlong_size(timestamp_delta) +
                                codec::varint_size(count_) + nullable_bytes(record.key) +
                                nullable_bytes(record.value);
  size_t body = before_headers + codec::varint_size(header_count);
  for (const stream::HeaderView& header : record.headers) body += header_bytes(header);

  const size_t start = buffer_.size();
  const size_t length_bytes = codec::varint_size(static_cast<int32_t>(body));
  buffer_.resize(start + length_bytes + body);
  uint8_t* out = codec::write_varint(buffer_.data() + start, static_cast<int32_t>(body));
  *out++ = 0;
  out = codec::write_varlong(out, timestamp_delta);
  out = codec::write_varint(out, count_);
  out = put_nullable(out, record.key);
  out = put_nullable(out, record.value);
  out = codec::write_varint(out, header_count);
  for (const stream::HeaderView& header : record.headers) {
    out = codec::write_varint(out, static_cast<int32_t>(header.name.size()));
    out = put_raw(out, as_bytes(header.name));
    out = put_nullable(out, header.value);
  }
  MR_ASSERT(out == buffer_.data() + buffer_.size());
  last_ = {start, body, start + length_bytes + before_headers, header_count};
  ++count_;
}

// What the batch takes in all when its last record takes so many bytes.
size_t BatchBuilder::total_bytes(size_t last_bytes) const {
  if (codec_ == Codec::lz4) return packed_.size() + lz4_raw_bytes(last_bytes) + lz4_end_bytes;
  return last_.start + last_bytes;
}

// The padding's value is the shortest with which the batch ends exactly on the boundary. Where the
// growth of a length field makes that impossible, a further block is filled.
void BatchBuilder::pad(size_t alignment) {
  const size_t last_bytes = buffer_.size() - last_.start;
  const size_t missing = (alignment - total_bytes(last_bytes) % alignment) % alignment;
  if (missing == 0) return;
  const size_t count_growth =
      codec::varint_size(last_.header_count + 1) - codec::varint_size(last_.header_count);
  const size_t old_length_bytes = codec::varint_size(static_cast<int32_t>(last_.body_bytes));
  // Lengths and the heads of further blocks take at most this much more than the shortest ones.
  constexpr size_t slack = pad_name_bytes + 3 * codec::varint_bytes_max + lz4_block_head_bytes;
  for (size_t value = missing - std::min(missing, slack);; ++value) {
    const size_t added =
        pad_name_bytes + codec::varint_size(static_cast<int32_t>(value)) + value + count_growth;
    const size_t body = last_.body_bytes + added;
    const size_t grown =
        last_bytes + added + codec::varint_size(static_cast<int32_t>(body)) - old_length_bytes;
    if (total_bytes(grown) % alignment == 0) return pad_with(value);
  }
}

// Compresses all records but the last into packed_, if that saves a block. Independent of the base
// offset.
bool BatchBuilder::pack_lz4(size_t alignment) {
  if (count_ < 2) return false;
  packed_.clear();
  packed_.resize(batch_header_bytes);
  append_lz4_head(packed_);
  const ByteView first = buffer_.view().first(last_.start).subspan(batch_header_bytes);
  if (!append_lz4_blocks(first, packed_)) return false;
  const size_t total = packed_.size() + lz4_raw_bytes(buffer_.size() - last_.start) + lz4_end_bytes;
  return (total + alignment - 1) / alignment < (buffer_.size() + alignment - 1) / alignment;
}

void BatchBuilder::pad_with(size_t value_bytes) {
  const size_t old_length_bytes = codec::varint_size(static_cast<int32_t>(last_.body_bytes));
  const size_t old_count_bytes = codec::varint_size(last_.header_count);
  const size_t count_bytes = codec::varint_size(last_.header_count + 1);
  const size_t value_length_bytes = codec::varint_size(static_cast<int32_t>(value_bytes));
  const size_t body = last_.body_bytes + (count_bytes - old_count_bytes) + pad_name_bytes +
                      value_length_bytes + value_bytes;
  const size_t length_bytes = codec::varint_size(static_cast<int32_t>(body));
  const size_t old_end = buffer_.size();
  buffer_.resize(last_.start + length_bytes + body);

  uint8_t* const data = buffer_.data();
  const size_t shift = length_bytes - old_length_bytes;
  const size_t old_headers = last_.headers_start + old_count_bytes;
  const size_t new_headers = last_.headers_start + shift + count_bytes;
  std::memmove(data + new_headers, data + old_headers, old_end - old_headers);
  const size_t old_body = last_.start + old_length_bytes;
  std::memmove(data + last_.start + length_bytes, data + old_body, last_.headers_start - old_body);
  codec::write_varint(data + last_.start, static_cast<int32_t>(body));
  codec::write_varint(data + last_.headers_start + shift, last_.header_count + 1);

  uint8_t* out = data + new_headers + (old_end - old_headers);
  out = codec::write_varint(out, static_cast<int32_t>(stream::pad_header.size()));
  out = put_raw(out, as_bytes(stream::pad_header));
  out = codec::write_varint(out, static_cast<int32_t>(value_bytes));
  std::memset(out, 0, value_bytes);
  MR_ASSERT(out + value_bytes == data + buffer_.size());
}

// All records, where that makes them smaller.
bool BatchBuilder::pack_zstd() {
  constexpr int level = 3;  // zstd's and Kafka's default
  packed_.clear();
  packed_.resize(batch_header_bytes);
  const ByteView records = buffer_.view().subspan(batch_header_bytes);
  return compress_zstd(records, level, packed_) && packed_.size() < buffer_.size();
}

void BatchBuilder::write_header(uint8_t* out, size_t bytes, Offset base, SegmentUse use) const {
  uint8_t* const start = out;
  out = put(out, base.value);
  out = put(out, static_cast<int32_t>(bytes - batch_prefix_bytes));
  out = put(out, use.epoch);
  out = put(out, magic);
  uint8_t* const crc_field = out;
  out = put(out, uint32_t{0});
  // Attributes: the codec; timestamps as made.
  out = put(out, static_cast<int16_t>(codec_));
  out = put(out, count_ - 1);
  out = put(out, base_timestamp_.millis);
  out = put(out, max_timestamp_.millis);
  out = put(out, no_producer);
  out = put(out, static_cast<int16_t>(no_producer));
  out = put(out, batch_sequence(use, base));
  out = put(out, count_);
  MR_ASSERT(out == start + batch_header_bytes);
  put(crc_field, codec::crc32c({start + batch_crc_start, bytes - batch_crc_start}));
}

ByteView BatchBuilder::finish(Offset base, SegmentUse use, size_t alignment, Codec codec) {
  MR_ASSERT(count_ > 0);
  const bool packed = (codec == Codec::lz4 && pack_lz4(alignment)) ||
                      (codec == Codec::zstd && alignment == 1 && pack_zstd());
  codec_ = packed ? codec : Codec::none;
  pad(alignment);
  if (codec_ == Codec::lz4) {
    append_lz4_raw_blocks(buffer_.view().subspan(last_.start), packed_);
    append_lz4_end(packed_);
  }
  move_to(base, use);
  return finished();
}

void BatchBuilder::move_to(Offset base, SegmentUse use) {
  io::AlignedBuffer& batch = compressed() ? packed_ : buffer_;
  write_header(batch.data(), batch.size(), base, use);
}

}  // namespace mr::log
