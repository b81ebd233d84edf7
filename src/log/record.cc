#include "log/record.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/assert.h"
#include "codec/byte_reader.h"
#include "codec/crc32c.h"
#include "codec/varint.h"

namespace mr::log {

namespace {

constexpr uint8_t magic = 2;
constexpr int16_t compression_mask = 0x07;
constexpr int16_t log_append_time = 0x08;
constexpr int16_t control_batch = 0x20;
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

// A field with a length before it; -1 is null.
ByteView read_nullable(codec::ByteReader& reader, bool& bad) {
  const int32_t length = reader.varint();
  if (length < -1) bad = true;
  if (length < 0) return {};
  return reader.bytes(static_cast<uint64_t>(length));
}

// One record from its body; false when the body is malformed.
bool decode_record(ByteView body, const BatchHeader& header, Offset from, Offset end,
                   std::vector<stream::Record>& records) {
  codec::ByteReader reader(body);
  reader.u8();  // attributes, unused in version 2
  const int64_t timestamp_delta = reader.varlong();
  const int32_t offset_delta = reader.varint();
  if (!reader.ok() || offset_delta < 0 || offset_delta > header.last_offset_delta) return false;
  bool bad = false;
  stream::Record record;
  record.offset = header.base_offset + offset_delta;
  if (record.offset < from || record.offset >= end) return true;
  // Unsigned, so that hostile timestamps wrap instead of overflowing.
  const auto millis =
      static_cast<uint64_t>(header.base_timestamp.millis) + static_cast<uint64_t>(timestamp_delta);
  record.timestamp = (header.attributes & log_append_time) != 0
                         ? header.max_timestamp
                         : WallTime{static_cast<int64_t>(millis)};
  record.key = read_nullable(reader, bad);
  record.value = read_nullable(reader, bad);
  const int32_t header_count = reader.varint();
  // Each header takes at least two bytes, so the count is bounded by what is left.
  if (bad || !reader.ok() || header_count < 0 ||
      static_cast<size_t>(header_count) > reader.remaining()) {
    return false;
  }
  for (int32_t i = 0; i < header_count; ++i) {
    const int32_t name_length = reader.varint();
    if (name_length < 0) return false;
    const ByteView name = reader.bytes(static_cast<uint64_t>(name_length));
    const ByteView value = read_nullable(reader, bad);
    if (bad || !reader.ok()) return false;
    if (as_text(name) != stream::pad_header) record.headers.push_back({as_text(name), value});
  }
  if (!reader.finished()) return false;
  records.push_back(std::move(record));
  return true;
}

std::unexpected<Error> malformed(const BatchHeader& header) {
  return fail(ErrorCode::corrupt, "the record batch at offset " +
                                      std::to_string(header.base_offset.value) +
                                      " has a matching checksum but is malformed");
}

}  // namespace

int32_t batch_sequence(SegmentUse use, Offset base) {
  std::array<uint8_t, sizeof(int32_t) + sizeof(int64_t)> bound{};
  put(put(bound.data(), use.mark), base.value);
  constexpr uint32_t positive = 0x7FFFFFFF;
  return static_cast<int32_t>(codec::crc32c(bound) & positive);
}

std::optional<BatchHeader> parse_batch_header(ByteView bytes) {
  if (bytes.size() < batch_header_bytes) return std::nullopt;
  codec::ByteReader reader(bytes.first(batch_header_bytes));
  BatchHeader header;
  header.base_offset = Offset(static_cast<int64_t>(reader.u64_be()));
  header.length = static_cast<int32_t>(reader.u32_be());
  header.epoch = static_cast<int32_t>(reader.u32_be());
  if (reader.u8() != magic) return std::nullopt;
  header.crc = reader.u32_be();
  header.attributes = static_cast<int16_t>(reader.u16_be());
  header.last_offset_delta = static_cast<int32_t>(reader.u32_be());
  header.base_timestamp = WallTime{static_cast<int64_t>(reader.u64_be())};
  header.max_timestamp = WallTime{static_cast<int64_t>(reader.u64_be())};
  reader.u64_be();  // producer id
  reader.u16_be();  // producer epoch
  header.base_sequence = static_cast<int32_t>(reader.u32_be());
  header.record_count = static_cast<int32_t>(reader.u32_be());
  constexpr int32_t length_min = batch_header_bytes - batch_prefix_bytes;
  const bool plausible =
      header.length >= length_min && header.last_offset_delta >= 0 && header.record_count >= 0 &&
      header.record_count - 1 <= header.last_offset_delta && header.base_offset.value >= 0 &&
      header.base_offset.value <= INT64_MAX - INT32_MAX - 1;
  if (!plausible) return std::nullopt;
  return header;
}

bool batch_checksum_matches(ByteView batch, const BatchHeader& header) {
  if (batch.size() != header.total_bytes()) return false;
  return codec::crc32c(batch.subspan(batch_crc_start)) == header.crc;
}

Result<void> decode_batch(ByteView batch, const BatchHeader& header, Offset from, Offset end,
                          std::vector<stream::Record>& records) {
  if ((header.attributes & compression_mask) != 0) {
    return fail(ErrorCode::unsupported, "the record batch at offset " +
                                            std::to_string(header.base_offset.value) +
                                            " is compressed, which this version does not read");
  }
  if ((header.attributes & control_batch) != 0) return {};
  codec::ByteReader reader(batch.subspan(batch_header_bytes));
  for (int32_t i = 0; i < header.record_count; ++i) {
    const int32_t length = reader.varint();
    if (length < 0) return malformed(header);
    const ByteView body = reader.bytes(static_cast<uint64_t>(length));
    if (!reader.ok() || !decode_record(body, header, from, end, records)) return malformed(header);
  }
  if (!reader.finished()) return malformed(header);
  return {};
}

size_t record_payload_bytes(const stream::RecordView& record) {
  size_t bytes = record.key.size() + record.value.size();
  for (const stream::HeaderView& header : record.headers) {
    bytes += header.name.size() + header.value.size();
  }
  return bytes;
}

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

// The padding's value is chosen so that the batch ends exactly on the boundary. Where the growth of
// a length field makes that impossible, a further block is filled.
void BatchBuilder::pad(size_t alignment) {
  const size_t size = buffer_.size();
  const size_t missing = (alignment - size % alignment) % alignment;
  if (missing == 0) return;
  const size_t count_growth =
      codec::varint_size(last_.header_count + 1) - codec::varint_size(last_.header_count);
  const size_t old_length_bytes = codec::varint_size(static_cast<int32_t>(last_.body_bytes));
  for (size_t wanted = missing;; wanted += alignment) {
    // The lengths before a value take at most this many bytes more than the shortest ones.
    constexpr size_t slack = 2 * codec::varint_bytes_max;
    const size_t most = wanted < pad_name_bytes + 1 ? 0 : wanted - pad_name_bytes;
    for (size_t value = most; value + slack >= most; --value) {
      const size_t added =
          pad_name_bytes + codec::varint_size(static_cast<int32_t>(value)) + value + count_growth;
      const size_t body = last_.body_bytes + added;
      const size_t growth =
          added + codec::varint_size(static_cast<int32_t>(body)) - old_length_bytes;
      if (growth == wanted) return pad_with(value);
      if (value == 0) break;
    }
  }
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

ByteView BatchBuilder::finish(Offset base, SegmentUse use, size_t alignment) {
  MR_ASSERT(count_ > 0);
  pad(alignment);
  uint8_t* out = buffer_.data();
  out = put(out, base.value);
  out = put(out, static_cast<int32_t>(buffer_.size() - batch_prefix_bytes));
  out = put(out, use.epoch);
  out = put(out, magic);
  uint8_t* const crc_field = out;
  out = put(out, uint32_t{0});
  out = put(out, int16_t{0});  // attributes: no compression, timestamps as made
  out = put(out, count_ - 1);
  out = put(out, base_timestamp_.millis);
  out = put(out, max_timestamp_.millis);
  out = put(out, no_producer);
  out = put(out, static_cast<int16_t>(no_producer));
  out = put(out, batch_sequence(use, base));
  out = put(out, count_);
  MR_ASSERT(out == buffer_.data() + batch_header_bytes);
  put(crc_field, codec::crc32c(buffer_.view().subspan(batch_crc_start)));
  return buffer_.view();
}

}  // namespace mr::log
