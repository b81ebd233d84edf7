#include "event/envelope.h"

#include <gtest/gtest.h>

namespace mr::event {
namespace {

Envelope sample() {
  Envelope envelope;
  envelope.dialect = Dialect::segment;
  envelope.uuid = *codec::parse_uuid("0198b0c1-0000-7000-8000-000000000001");
  envelope.event = "$pageview";
  envelope.distinct_id = "zo\xc3\xab";
  envelope.token = "phc_token";
  envelope.ip = "2001:db8::1";
  envelope.arrival = {1'767'323'045'678};
  envelope.sent_at = WallTime{1'767'323'045'000};
  envelope.timestamp = {1'767'323'040'000};
  envelope.historical = true;
  envelope.context = R"({"library":{"name":"x"}})";
  return envelope;
}

TEST(Envelope, ComesBackAsItWent) {
  const Envelope full = sample();
  EXPECT_EQ(decode_envelope(encode_envelope(full)).value(), full);
  Envelope bare;
  EXPECT_EQ(decode_envelope(encode_envelope(bare)).value(), bare);
  bare.cookieless = true;
  bare.personless = true;
  bare.packed = true;
  bare.dialect = Dialect::posthog_v1;
  bare.arrival = {INT64_MIN};
  bare.timestamp = {INT64_MAX};
  EXPECT_EQ(decode_envelope(encode_envelope(bare)).value(), bare);
}

Bytes beside_key(const Envelope& envelope) {
  Bytes bytes(envelope_bytes_max(envelope));
  uint8_t* const end = write_envelope(envelope, EnvelopeForm::beside_key, bytes.data());
  bytes.resize(static_cast<size_t>(end - bytes.data()));
  return bytes;
}

TEST(Envelope, BesideItsKeyItIsShorterAndComesBackTheSame) {
  Envelope envelope = sample();
  const std::string key = record_key(envelope);
  const Bytes bytes = beside_key(envelope);
  EXPECT_EQ(decode_envelope(bytes, as_bytes(key)).value(), envelope);
  EXPECT_EQ(bytes.size() + key.size(), encode_envelope(envelope).size());
  for (const std::string_view other : {"", "phc_token", "phc_toke:n", "x"}) {
    const auto read = decode_envelope(bytes, as_bytes(other));
    ASSERT_FALSE(read) << other;
    EXPECT_EQ(read.error().code(), ErrorCode::corrupt);
  }
  envelope.distinct_id = "a:b";
  EXPECT_EQ(decode_envelope(beside_key(envelope), as_bytes("phc_token:a:b")).value(), envelope);
}

TEST(Envelope, WhereTheKeySaysSomethingElseItIsWhole) {
  Envelope cookieless = sample();
  cookieless.cookieless = true;
  EXPECT_EQ(beside_key(cookieless), encode_envelope(cookieless));
  Envelope recording = sample();
  recording.dialect = Dialect::replay;
  EXPECT_EQ(beside_key(recording), encode_envelope(recording));
}

TEST(Envelope, TheFirstVersionIsFrozenByteByByte) {
  Envelope envelope;
  envelope.uuid.bytes.fill(0xab);
  envelope.event = "e";
  envelope.distinct_id = "d";
  envelope.token = "t";
  envelope.ip = "";
  envelope.arrival = {1000};
  envelope.timestamp = {999};
  envelope.sent_at = WallTime{1002};
  Bytes expected{1, 1, 1};
  expected.insert(expected.end(), 16, 0xab);
  for (const uint8_t byte : {0xd0, 0x0f, 0x01, 0x04, 1, 'e' + 0, 1, 'd' + 0, 1, 't' + 0, 0}) {
    expected.push_back(byte);
  }
  EXPECT_EQ(encode_envelope(envelope), expected);
}

TEST(Envelope, EveryCutAndEveryTailIsCorrupt) {
  const Bytes whole = encode_envelope(sample());
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto cut = decode_envelope(ByteView(whole).first(size));
    ASSERT_FALSE(cut.has_value()) << size;
    EXPECT_EQ(cut.error().code(), ErrorCode::corrupt);
  }
  Bytes longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(decode_envelope(longer).has_value());
}

TEST(Envelope, ANewerVersionIsNamedAsSuch) {
  Bytes newer = encode_envelope(sample());
  newer[0] = 2;
  EXPECT_EQ(decode_envelope(newer).error().code(), ErrorCode::unsupported);
  newer[0] = 1;
  newer[2] |= 0x80;
  EXPECT_EQ(decode_envelope(newer).error().code(), ErrorCode::unsupported);
}

TEST(Envelope, TheKeyOrdersByDistinctIdOrCookielessByAddress) {
  Envelope envelope = sample();
  EXPECT_EQ(record_key(envelope), "phc_token:zo\xc3\xab");
  envelope.cookieless = true;
  EXPECT_EQ(record_key(envelope), "phc_token:2001:db8::1");
}

}  // namespace
}  // namespace mr::event
