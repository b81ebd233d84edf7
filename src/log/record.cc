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

template <typename Integer>
uint8_t* put(uint8_t* out, Integer value) {
  for (int shift = (static_cast<int>(sizeof(Integer)) - 1) * 8; shift >= 0; shift -= 8) {
    *out++ = static_cast<uint8_t>(static_cast<uint64_t>(value) >> shift);
  }
  return out;
}

// A field with a length before it; -1 is null.
ByteView read_nullable(codec::ByteReader& reader, bool& bad) {
  const int32_t length = reader.varint();
  if (length < -1) bad = true;
  if (length < 0) return {};
  return reader.bytes(static_cast<uint64_t>(length));
}

enum class Decoded : uint8_t { shown, below, beyond, malformed };

// One record from its body, appended when from <= offset < end. Offsets rise: `passed` is one past
// the one before it.
Decoded decode_record(ByteView body, const BatchHeader& header, Offset from, Offset end,
                      Offset& passed, std::vector<stream::Record>& records) {
  codec::ByteReader reader(body);
  reader.u8();  // attributes, unused in version 2
  const int64_t timestamp_delta = reader.varlong();
  const int32_t offset_delta = reader.varint();
  if (!reader.ok() || offset_delta < 0 || offset_delta > header.last_offset_delta) {
    return Decoded::malformed;
  }
  bool bad = false;
  stream::Record record;
  record.offset = header.base_offset + offset_delta;
  if (record.offset < passed) return Decoded::malformed;
  if (record.offset >= end) return Decoded::beyond;
  passed = record.offset + 1;
  if (record.offset < from) return Decoded::below;
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
    return Decoded::malformed;
  }
  for (int32_t i = 0; i < header_count; ++i) {
    const int32_t name_length = reader.varint();
    if (name_length < 0) return Decoded::malformed;
    const ByteView name = reader.bytes(static_cast<uint64_t>(name_length));
    const ByteView value = read_nullable(reader, bad);
    if (bad || !reader.ok()) return Decoded::malformed;
    if (as_text(name) == stream::pad_header) continue;
    record.headers.push_back({as_text(name), value});
  }
  if (!reader.finished()) return Decoded::malformed;
  records.push_back(std::move(record));
  return Decoded::shown;
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

Codec batch_codec(const BatchHeader& header) {
  return static_cast<Codec>(header.attributes & compression_mask);
}

Result<BatchCursor> BatchCursor::open(ByteView batch, const BatchHeader& header) {
  const ByteView body = batch.subspan(batch_header_bytes);
  const Codec codec = batch_codec(header);
  if (codec == Codec::none) return BatchCursor(header, body, nullptr);
  auto memory = std::make_shared<io::AlignedBuffer>();
  if (auto done = decompress(codec, body, batch_contents_bytes_max, *memory); !done) {
    return fail(done.error().within("reading the record batch at offset " +
                                    std::to_string(header.base_offset.value)));
  }
  const ByteView contents = memory->view();
  return BatchCursor(header, contents, std::move(memory));
}

Result<size_t> BatchCursor::read(Offset from, Offset end, size_t bytes_max,
                                 std::vector<stream::Record>& records) {
  if ((header_.attributes & control_batch) != 0) done_ = header_.record_count;
  if (finished()) return 0;
  codec::ByteReader reader(contents_.subspan(position_));
  size_t bytes = 0;
  while (done_ < header_.record_count && bytes < bytes_max) {
    const int32_t length = reader.varint();
    if (length < 0) return malformed(header_);
    const ByteView body = reader.bytes(static_cast<uint64_t>(length));
    if (!reader.ok()) return malformed(header_);
    const auto decoded = decode_record(body, header_, from, end, passed_, records);
    if (decoded == Decoded::malformed) return malformed(header_);
    if (decoded == Decoded::beyond) return bytes;
    if (decoded == Decoded::shown) bytes += records.back().payload_bytes();
    position_ = contents_.size() - reader.remaining();
    ++done_;
  }
  if (finished() && position_ != contents_.size()) return malformed(header_);
  return bytes;
}

Result<DecodedBatch> decode_batch(ByteView batch, const BatchHeader& header, Offset from,
                                  Offset end) {
  MR_TRY(auto cursor, BatchCursor::open(batch, header));
  DecodedBatch decoded;
  MR_TRY(const size_t bytes, cursor.read(from, end, SIZE_MAX, decoded.records));
  (void)bytes;
  decoded.memory = cursor.memory();
  decoded.contents_bytes = cursor.contents_bytes();
  return decoded;
}

}  // namespace mr::log
