#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "codec/byte_reader.h"
#include "codec/byte_writer.h"
#include "codec/crc32c.h"
#include "codec/integer.h"

namespace mr::codec {
namespace {

TEST(Varint, SmallNumbersOfBothSignsTakeOneByte) {
  for (const int32_t value : {0, -1, 1, 63, -64}) {
    Bytes out;
    put_varint(out, value);
    EXPECT_EQ(out.size(), 1u) << value;
    EXPECT_EQ(varint_size(value), 1u);
  }
  Bytes out;
  put_varint(out, 64);
  EXPECT_EQ(out, (Bytes{0x80, 0x01}));
}

TEST(Varint, EveryWidthComesBackAsItWent) {
  for (int shift = 0; shift < 64; ++shift) {
    for (const int64_t sign : {1, -1}) {
      const auto value = static_cast<int64_t>((uint64_t{1} << shift) - 1) * sign;
      Bytes out;
      put_varlong(out, value);
      EXPECT_EQ(out.size(), varlong_size(value));
      ByteReader reader(out);
      EXPECT_EQ(reader.varlong(), value);
      EXPECT_TRUE(reader.finished());
    }
  }
  for (const int32_t value :
       {std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()}) {
    Bytes out;
    put_varint(out, value);
    EXPECT_EQ(out.size(), varint_bytes_max);
    EXPECT_EQ(ByteReader(out).varint(), value);
  }
}

TEST(ByteReader, RefusesOverlongAndTruncatedVarints) {
  const Bytes endless(11, 0x80);
  ByteReader reader(endless);
  EXPECT_EQ(reader.varlong(), 0);
  EXPECT_FALSE(reader.ok());
  const Bytes cut{0x80};
  ByteReader short_reader(cut);
  short_reader.varint();
  EXPECT_FALSE(short_reader.ok());
  Bytes wide;
  put_varlong(wide, int64_t{1} << 40);
  ByteReader narrow(wide);
  EXPECT_EQ(narrow.varint(), 0);
  EXPECT_FALSE(narrow.ok());
  const Bytes too_many_bits{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02};
  ByteReader bits(too_many_bits);
  bits.unsigned_varlong();
  EXPECT_FALSE(bits.ok());
}

TEST(ByteReader, FailureSticksAndNothingIsReadPastTheEnd) {
  const Bytes bytes{1, 2, 3};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u32_be(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_EQ(reader.position(), 0u);
  EXPECT_EQ(reader.remaining(), 0u);
  ByteReader huge(bytes);
  EXPECT_TRUE(huge.bytes(std::numeric_limits<uint64_t>::max()).empty());
  EXPECT_FALSE(huge.ok());
}

TEST(ByteReader, ReadsBothByteOrders) {
  Bytes out;
  put_u16_be(out, 0x0102);
  put_u32_be(out, 0x03040506);
  put_u64_be(out, 0x0708090a0b0c0d0eull);
  for (size_t i = 0; i < out.size(); ++i) EXPECT_EQ(out[i], i + 1);
  put_u16_le(out, 0x1234);
  put_u32_le(out, 0x12345678);
  put_u64_le(out, 42);
  put_sized_text(out, "hello");
  ByteReader reader(out);
  EXPECT_EQ(reader.u16_be(), 0x0102);
  EXPECT_EQ(reader.u32_be(), 0x03040506u);
  EXPECT_EQ(reader.u64_be(), 0x0708090a0b0c0d0eull);
  EXPECT_EQ(reader.u16_le(), 0x1234);
  EXPECT_EQ(reader.u32_le(), 0x12345678u);
  EXPECT_EQ(reader.u64_le(), 42u);
  EXPECT_EQ(reader.sized_text(), "hello");
  EXPECT_TRUE(reader.finished());
}

TEST(Crc32c, GivesTheCheckValue) {
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283u);
  EXPECT_EQ(crc32c_extend_portable(0, as_bytes("123456789")), 0xE3069283u);
  EXPECT_EQ(crc32c({}), 0u);
}

TEST(Crc32c, BothVersionsAgreeAtEveryLengthAndCut) {
  std::string text;
  for (int i = 0; i < 30'000; ++i) text += static_cast<char>(i * 7 + i / 3 + i / 251);
  // Every short length, and those around where the lanes of the fast version begin and end.
  for (size_t size = 0; size <= text.size(); size += size < 2000 || size % 4096 < 40 ? 1 : 19) {
    const ByteView whole = as_bytes(std::string_view(text).substr(0, size));
    const uint32_t expected = crc32c_extend_portable(0, whole);
    EXPECT_EQ(crc32c(whole), expected);
    const size_t cut = size / 3;
    EXPECT_EQ(crc32c_extend(crc32c(whole.first(cut)), whole.subspan(cut)), expected);
  }
}

TEST(ParseInteger, TakesTheWholeTextAndWhatTheTypeHolds) {
  EXPECT_EQ(parse_integer("0"), 0);
  EXPECT_EQ(parse_integer("-12"), -12);
  EXPECT_EQ(parse_integer("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(parse_integer<uint32_t>("4294967295"), UINT32_MAX);
  for (const std::string_view text :
       {"", " 1", "1 ", "+1", "1.0", "1e3", "0x1", "-", "9223372036854775808"}) {
    EXPECT_EQ(parse_integer(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_integer<uint32_t>("-1"), std::nullopt);
  EXPECT_EQ(parse_integer<uint32_t>("4294967296"), std::nullopt);
}

}  // namespace
}  // namespace mr::codec
