#include "log/record.h"

#include <gtest/gtest.h>

#include "codec/crc32c.h"
#include "log/batch_builder.h"

namespace mr::log {
namespace {

using stream::HeaderView;
using stream::HeaderViews;
using stream::Record;
using stream::RecordView;

constexpr SegmentUse use{.epoch = 7, .mark = 12345};

std::vector<Record> decode_all(ByteView batch) {
  const auto header = parse_batch_header(batch);
  EXPECT_TRUE(header && batch_checksum_matches(batch, *header));
  auto decoded = decode_batch(batch, *header, Offset(0), Offset(INT64_MAX));
  EXPECT_TRUE(decoded) << decoded.error().message();
  return decoded ? std::move(decoded->records) : std::vector<Record>();
}

TEST(RecordBatch, HoldsWhatWasPutIn) {
  BatchBuilder builder;
  const std::string value(300, 'v');
  builder.add({WallTime{1000}, as_bytes("key"), as_bytes(value), {{"h", as_bytes("1")}}});
  builder.add({WallTime{900}, {}, as_bytes(""), {}});
  builder.add({WallTime{1100}, as_bytes("k"), {}, {{"a", as_bytes("x")}, {"b", {}}}});
  const ByteView batch = builder.finish(Offset(40), use, 4096);
  EXPECT_EQ(batch.size(), 4096u);
  const auto header = parse_batch_header(batch);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->base_offset, Offset(40));
  EXPECT_EQ(header->end_offset(), Offset(43));
  EXPECT_TRUE(batch_belongs(*header, use));
  EXPECT_FALSE(batch_belongs(*header, {.epoch = use.epoch, .mark = use.mark + 1}));
  EXPECT_EQ(header->max_timestamp.millis, 1100);
  const auto records = decode_all(batch);
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].offset, Offset(40));
  EXPECT_EQ(as_text(records[0].key), "key");
  EXPECT_EQ(as_text(records[0].value), value);
  EXPECT_EQ(as_text(*records[0].header("h")), "1");
  EXPECT_EQ(records[1].timestamp.millis, 900);
  EXPECT_EQ(records[1].key.data(), nullptr);
  EXPECT_NE(records[1].value.data(), nullptr);
  EXPECT_EQ(records[2].value.data(), nullptr);
  ASSERT_EQ(records[2].headers.size(), 2u);  // the padding does not show
  EXPECT_EQ(records[2].headers[1].name, "b");
}

TEST(RecordBatch, EndsOnTheBoundaryWhateverItsSize) {
  const std::string text(20'000, 'x');
  for (size_t size = 0; size < 9000; size += size < 200 || size > 3800 ? 1 : 7) {
    for (const size_t headers : {size_t{0}, size_t{63}}) {
      BatchBuilder builder;
      HeaderViews extra;
      while (extra.size() < headers) extra.push_back({"n", as_bytes("")});
      builder.add({WallTime{5}, {}, as_bytes(text).first(size), extra});
      const ByteView batch = builder.finish(Offset(0), use, 4096);
      ASSERT_EQ(batch.size() % 4096, 0u) << size;
      ASSERT_LE(batch.size(), size + batch_header_bytes + 30 + headers * 4 + 2 * 4096) << size;
      const auto records = decode_all(batch);
      ASSERT_EQ(records.size(), 1u);
      ASSERT_EQ(as_text(records[0].value), text.substr(0, size));
      ASSERT_EQ(records[0].headers.size(), headers);
    }
  }
}

TEST(RecordBatch, ShowsOnlyTheRecordsAskedFor) {
  BatchBuilder builder;
  for (int i = 0; i < 10; ++i) builder.add({WallTime{i}, {}, as_bytes("v"), {}});
  const ByteView batch = builder.finish(Offset(100), use, 4096);
  const auto records =
      decode_batch(batch, *parse_batch_header(batch), Offset(103), Offset(106)).value().records;
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].offset, Offset(103));
  EXPECT_EQ(records[2].timestamp.millis, 5);
}

// The bytes of a batch, written by hand from Kafka's documentation.
TEST(RecordBatch, HasTheDocumentedBytes) {
  BatchBuilder builder;
  builder.add(
      {WallTime{0x0102030405060708}, as_bytes("k"), as_bytes("val"), {{"h", as_bytes("w")}}});
  const ByteView batch = builder.finish(Offset(9), {.epoch = 3, .mark = 0x11223344}, 1);
  const Bytes expected_head{0, 0, 0, 0,  0, 0, 0, 9,  // base offset
                            0, 0, 0, 64,              // length
                            0, 0, 0, 3,               // partition leader epoch
                            2};                       // magic
  EXPECT_EQ(Bytes(batch.begin(), batch.begin() + 17), expected_head);
  // The low 31 bits of the CRC-32C of mark and base offset.
  const Bytes bound{0x11, 0x22, 0x33, 0x44, 0, 0, 0, 0, 0, 0, 0, 9};
  const uint32_t sequence_number = codec::crc32c(bound) & 0x7FFFFFFF;
  const Bytes sequence{
      static_cast<uint8_t>(sequence_number >> 24), static_cast<uint8_t>(sequence_number >> 16),
      static_cast<uint8_t>(sequence_number >> 8), static_cast<uint8_t>(sequence_number)};
  const Bytes expected_rest{
      0,           0,                                                          // attributes
      0,           0,           0,           0,                                // last offset delta
      1,           2,           3,           4,           5,   6,   7,   8,    // base timestamp
      1,           2,           3,           4,           5,   6,   7,   8,    // maximum timestamp
      255,         255,         255,         255,         255, 255, 255, 255,  // producer id: none
      255,         255,                                                      // producer epoch: none
      sequence[0], sequence[1], sequence[2], sequence[3], 0,   0,   0,   1,  // records
      28,                                                                    // record length 14
      0,           0,           0,                                           // attributes, deltas
      2,           'k',         6,           'v',         'a', 'l',          // key, value
      2,           2,           'h',         2,           'w'};              // one header
  EXPECT_EQ(Bytes(batch.begin() + 21, batch.end()), expected_rest);
  const uint32_t crc = codec::crc32c(batch.subspan(21));
  EXPECT_EQ(batch[17], crc >> 24);
  EXPECT_EQ(batch[20], crc & 0xFF);
}

TEST(RecordBatch, EveryFlippedByteIsNoticed) {
  BatchBuilder builder;
  builder.add({WallTime{1}, as_bytes("key"), as_bytes("value"), {}});
  const ByteView whole = builder.finish(Offset(5), use, 1);
  Bytes batch(whole.begin(), whole.end());
  for (size_t i = 0; i < batch.size(); ++i) {
    batch[i] ^= 0x10;
    const auto header = parse_batch_header(batch);
    const bool accepted =
        header && batch_belongs(*header, use) && batch_checksum_matches(batch, *header);
    EXPECT_FALSE(accepted) << "byte " << i;
    batch[i] ^= 0x10;
  }
}

TEST(RecordBatch, HostileBodiesAreRefusedNotRead) {
  BatchBuilder builder;
  const std::string value(100, 'v');
  builder.add({WallTime{1}, as_bytes("key"), as_bytes(value), {{"name", as_bytes("x")}}});
  const ByteView whole = builder.finish(Offset(0), use, 4096);
  const auto header = parse_batch_header(whole);
  for (size_t i = batch_header_bytes; i < batch_header_bytes + 130; ++i) {
    for (const uint8_t wrong : {0x00, 0x01, 0x7F, 0x80, 0xFF}) {
      Bytes batch(whole.begin(), whole.end());
      batch[i] = wrong;
      (void)decode_batch(batch, *header, Offset(0), Offset(INT64_MAX));
    }
  }
  for (size_t size = batch_header_bytes; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_batch(whole.first(size), *header, Offset(0), Offset(9)));
  }
}

}  // namespace
}  // namespace mr::log
