#include "event/capture_request.h"

#include <gtest/gtest.h>

#include "codec/base64.h"
#include "codec/gzip.h"
#include "codec/percent.h"
#include "event/test_support.h"

namespace mr::event {
namespace {

constexpr WallTime now{1'767'323'045'678};  // 2026-01-02T03:04:05.678Z

CaptureVerdict decode(std::string body, CaptureRequest request = {}) {
  CountingUuids uuids;
  request.body = std::move(body);
  request.now = now;
  request.client_ip = "192.0.2.7";
  return decode_capture_request(std::move(request), uuids);
}

const std::string single =
    R"({"api_key":"phc_t","event":"signed up","distinct_id":"u1","properties":{"n":1.50}})";
const std::string batch =
    R"({"api_key":"phc_t","batch":[{"event":"a","distinct_id":"u1"},{"event":"b","distinct_id":2,)"
    R"("properties":{"k":[1, 2]}}],"sent_at":"2026-01-02T03:04:05Z"})";

TEST(CaptureRequest, ASingleEventKeepsItsBytes) {
  const auto verdict = decode(single);
  ASSERT_TRUE(verdict.has_value());
  EXPECT_EQ(verdict->token, "phc_t");
  ASSERT_EQ(verdict->events.size(), 1u);
  const CapturedEvent& event = verdict->events[0];
  EXPECT_EQ(event.raw, single);
  EXPECT_EQ(event.envelope.event, "signed up");
  EXPECT_EQ(event.envelope.distinct_id, "u1");
  EXPECT_EQ(event.envelope.ip, "192.0.2.7");
  EXPECT_EQ(event.envelope.arrival, now);
  EXPECT_EQ(event.envelope.timestamp, now);
  EXPECT_EQ(event.envelope.uuid.version(), 7);
}

TEST(CaptureRequest, ABatchIsSlicedWithoutTouchingAByte) {
  const auto verdict = decode(batch);
  ASSERT_TRUE(verdict.has_value());
  ASSERT_EQ(verdict->events.size(), 2u);
  EXPECT_EQ(verdict->events[0].raw, R"({"event":"a","distinct_id":"u1"})");
  EXPECT_EQ(verdict->events[1].raw, R"({"event":"b","distinct_id":2,"properties":{"k":[1, 2]}})");
  EXPECT_EQ(verdict->events[1].envelope.distinct_id, "2");
  EXPECT_EQ(verdict->events[1].envelope.sent_at, WallTime{1'767'323'045'000});
  EXPECT_NE(verdict->events[0].envelope.uuid, verdict->events[1].envelope.uuid);
}

TEST(CaptureRequest, TheSlicesSurviveTheMoveOfTheBatch) {
  CapturedBatch moved = *decode(single);
  EXPECT_EQ(moved.events[0].raw, single);
  EXPECT_GE(moved.events[0].raw.data(), moved.body->data());
}

TEST(CaptureRequest, EveryEncodingOfTheSamePayloadIsUnderstood) {
  const std::string packed = codec::gzip(batch);
  const std::string form_type = "application/x-www-form-urlencoded; charset=utf-8";
  EXPECT_EQ(outcome(decode(packed)), "accepted 2");
  EXPECT_EQ(outcome(decode(packed, {.content_type = "text/plain"})), "accepted 2");
  EXPECT_EQ(outcome(decode(packed, {.content_encoding = "gzip"})), "accepted 2");
  EXPECT_EQ(outcome(decode(packed, {.query = "compression=gzip-js&ip=1&ver=1.2"})), "accepted 2");
  EXPECT_EQ(outcome(decode(batch, {.content_encoding = "gzip"})), "accepted 2");
  const std::string base64 = codec::base64_encode(batch + (batch.size() % 3 == 0 ? " " : ""));
  EXPECT_EQ(outcome(decode(base64)), "accepted 2");
  EXPECT_EQ(outcome(decode(codec::base64_encode(packed))), "accepted 2");
  const std::string form = "data=" + codec::percent_encode(base64);
  EXPECT_EQ(outcome(decode(form, {.content_type = form_type})), "accepted 2");
  EXPECT_EQ(outcome(decode(form, {.content_type = "text/plain"})), "accepted 2");
  EXPECT_EQ(outcome(decode("data=" + base64 + "&compression=base64")), "accepted 2");
  EXPECT_EQ(outcome(decode("data=" + codec::percent_encode(single))), "accepted 1");
  EXPECT_EQ(outcome(decode(single, {.content_type = form_type})), "accepted 1");
  const std::string query = "data=" + codec::percent_encode(base64);
  EXPECT_EQ(outcome(decode("", {.query = query})), "accepted 2");
  EXPECT_EQ(outcome(decode("ignored", {.query = query})), "accepted 2");
  EXPECT_EQ(outcome(decode("\xef\xbb\xbf" + single)), "accepted 1");
}

TEST(CaptureRequest, GzipBytesInAFormKeepTheirBlanks) {
  // Every level packs differently, and some of the bytes are blanks by chance.
  std::string event = R"({"api_key":"t","event":"a b","distinct_id":"u","properties":{)";
  for (int i = 0; i < 40; ++i) event += "\"k" + std::to_string(i) + "\": \"x y\", ";
  event += R"("z":0}})";
  for (int level = 1; level <= 12; ++level) {
    const std::string form = "data=" + codec::percent_encode(codec::gzip(event, level));
    EXPECT_EQ(outcome(decode(form)), "accepted 1") << level;
  }
}

TEST(CaptureRequest, LzStringIsUnpackedWithinTheCap) {
  const std::string packed = "N4IgpgbmB2AuIC5wgDQgCYEsDOtPQGNYB9TdREAV1RAEMAHTYgazAE8L6ALA4+AXyA==";
  EXPECT_EQ(outcome(decode(packed, {.content_encoding = "lz-string"})), "accepted 1");
  CaptureRequest small{.query = "compression=lz-string"};
  small.limits.body_bytes_max = 40;
  EXPECT_EQ(outcome(decode(packed, std::move(small))), "413 decompressed_too_large");
}

TEST(CaptureRequest, UndecodablePayloadsAreNamed) {
  const std::string packed = codec::gzip(batch);
  EXPECT_EQ(outcome(decode("")), "400 empty_payload");
  EXPECT_EQ(outcome(decode(packed.substr(0, packed.size() - 9))), "400 damaged_gzip");
  EXPECT_EQ(outcome(decode("hello!", {.content_encoding = "gzip"})), "400 not_gzip");
  EXPECT_EQ(outcome(decode(packed, {.content_encoding = "br"})), "400 unsupported_encoding");
  EXPECT_EQ(outcome(decode("IYIwxq", {.query = "compression=lz64"})), "400 damaged_lz_string");
  EXPECT_EQ(outcome(decode("ver=1&ip=1")), "400 not_form");
  EXPECT_EQ(outcome(decode(R"({"event":)")), "400 not_json");
  EXPECT_EQ(outcome(decode(single + "}")), "400 not_json");
  EXPECT_EQ(outcome(decode("{\"event\":\"\xff\"}")), "400 not_utf8");
  EXPECT_EQ(outcome(decode(std::string(100'000, '['))), "400 not_json");
  CaptureRequest small;
  small.limits.body_bytes_max = 1000;
  EXPECT_EQ(outcome(decode(codec::gzip(std::string(50'000, ' ') + single), std::move(small))),
            "413 decompressed_too_large");
}

TEST(CaptureRequest, OneMalformedEventRefusesTheRequest) {
  const auto with = [](const std::string& event) {
    return outcome(
        decode(R"({"api_key":"phc_t","batch":[{"event":"ok","distinct_id":"u"},)" + event + "]}"));
  };
  EXPECT_EQ(with(R"({"event":"","distinct_id":"u"})"), "400 missing_event_name");
  EXPECT_EQ(with(R"({"distinct_id":"u"})"), "400 missing_event_name");
  EXPECT_EQ(with(R"({"event":7,"distinct_id":"u"})"), "400 invalid_event");
  EXPECT_EQ(with(R"({"event":"e"})"), "400 missing_distinct_id");
  EXPECT_EQ(with(R"({"event":"e","distinct_id":" \n"})"), "400 missing_distinct_id");
  EXPECT_EQ(with(R"({"event":"e","distinct_id":"u","uuid":"nope"})"), "400 invalid_uuid");
  EXPECT_EQ(with(R"({"event":"e","distinct_id":"u","timestamp":123})"), "400 invalid_event");
  EXPECT_EQ(with(R"({"event":"e","distinct_id":"u","properties":[]})"), "400 invalid_event");
  EXPECT_EQ(with(R"({"event":"e","distinct_id":"u","properties":{"$cookieless_mode":1}})"),
            "400 invalid_event");
  EXPECT_EQ(with("3"), "400 invalid_event");
  EXPECT_EQ(with(R"({"event":"e","distinct_id":"u","uuid":"","offset":1.5})"), "accepted 2");
  EXPECT_EQ(outcome(decode(R"({"api_key":"phc_t","batch":[]})")), "400 empty_batch");
  EXPECT_EQ(outcome(decode("[]")), "400 empty_batch");
}

TEST(CaptureRequest, TooLargeIs413) {
  CaptureRequest request;
  request.limits.event_bytes_max = 60;
  EXPECT_EQ(outcome(decode(single, std::move(request))), "413 event_too_large");
  CaptureRequest few;
  few.limits.events_max = 1;
  EXPECT_EQ(outcome(decode(batch, std::move(few))), "413 too_many_events");
}

TEST(CaptureRequest, AiEventsMayBeLarger) {
  const auto with = [](const std::string& event, CapturePath path) {
    CaptureRequest request;
    request.path = path;
    request.limits.event_bytes_max = 60;
    request.limits.ai_event_bytes_max = 100;
    return outcome(decode(R"({"api_key":"phc_t","batch":[)" + event + "]}", std::move(request)));
  };
  const auto sized = [](const std::string& name, size_t bytes) {
    return R"({"distinct_id":"u","event":")" + name + R"(","x":")" +
           std::string(bytes - 37 - name.size(), 'x') + "\"}";
  };
  EXPECT_EQ(with(sized("$ai_span", 100), CapturePath::ai), "accepted 1");
  EXPECT_EQ(with(sized("$ai_span", 100), CapturePath::events), "accepted 1");
  EXPECT_EQ(with(sized("$ai_span", 101), CapturePath::ai), "413 event_too_large");
  EXPECT_EQ(with(sized("other", 61), CapturePath::events), "413 event_too_large");
  EXPECT_EQ(with(sized("other", 60), CapturePath::events), "accepted 1");
  EXPECT_EQ(with(sized("other", 60), CapturePath::ai), "400 not_ai_event");
}

TEST(CaptureRequest, TheTokenIsFoundWhereverItIs) {
  EXPECT_EQ(decode(R"({"token":" phc_t ","event":"e","distinct_id":"u"})")->token, "phc_t");
  EXPECT_EQ(decode(R"({"$token":"phc_t","event":"e","distinct_id":"u"})")->token, "phc_t");
  EXPECT_EQ(decode(R"({"event":"e","properties":{"token":"phc_t","distinct_id":"u"}})")->token,
            "phc_t");
  EXPECT_EQ(
      decode(R"([{"event":"e","distinct_id":"u"},{"token":"t2","event":"e","distinct_id":1}])")
          ->token,
      "t2");
  EXPECT_EQ(outcome(decode(R"([{"token":"t1","event":"e","distinct_id":"u"},)"
                           R"({"token":"t2","event":"e","distinct_id":"u"}])")),
            "401 inconsistent_tokens");
  EXPECT_EQ(outcome(decode(R"([{"event":"e","distinct_id":"u"}])")), "401 missing_token");
  EXPECT_EQ(outcome(decode(R"({"event":"e","distinct_id":"u"})")), "401 missing_token");
  EXPECT_EQ(outcome(decode(R"({"event":"e","distinct_id":"u","properties":{"api_key":"t"}})")),
            "401 missing_token");
  EXPECT_EQ(outcome(decode(R"({"batch":[{"event":"e","distinct_id":"u"}]})")), "400 missing_token");
  EXPECT_EQ(outcome(decode(R"({"batch":[{"event":"e","distinct_id":"u","token":"t"}]})")),
            "400 missing_token");
  EXPECT_EQ(outcome(decode(R"({"api_key":"phx_t","batch":[{"event":"e","distinct_id":"u"}]})")),
            "401 malformed_token");
  EXPECT_EQ(outcome(decode(R"({"api_key":"","event":"e","distinct_id":"u"})")),
            "401 malformed_token");
}

TEST(CaptureRequest, DistinctIdsAreTextOfAtMostTwoHundredCharacters) {
  const auto id = [](const std::string& raw) {
    const auto verdict = decode(R"({"api_key":"t","event":"e","distinct_id":)" + raw + "}");
    return verdict ? verdict->events[0].envelope.distinct_id : outcome(verdict);
  };
  EXPECT_EQ(id("\" u \""), "u");
  EXPECT_EQ(id("12.50"), "12.50");
  EXPECT_EQ(id(R"({ "a": [1] })"), R"({"a":[1]})");
  EXPECT_EQ(id(R"("a\u0000b")"),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(id("null"), "400 missing_distinct_id");
  std::string wide;
  for (int i = 0; i < 250; ++i) wide += "\xc3\xab";
  EXPECT_EQ(id("\"" + wide + "\"").size(), 400u);
  EXPECT_EQ(
      decode(R"({"api_key":"t","event":"e","$distinct_id":"d"})")->events[0].envelope.distinct_id,
      "d");
}

TEST(CaptureRequest, TimesAreCorrectedAtCapture) {
  const auto time = [](const std::string& event, const std::string& sent_at) {
    const auto verdict = decode(R"({"api_key":"t","sent_at":")" + sent_at +
                                R"(","batch":[{"event":"e","distinct_id":"u",)" + event + "}]}");
    return verdict ? format_rfc3339(verdict->events[0].envelope.timestamp) : outcome(verdict);
  };
  const std::string in_sync = "2026-01-02T03:04:05.678901+00:00";
  const std::string ten_fast = "2026-01-02T03:14:05Z";
  EXPECT_EQ(time(R"("timestamp":"2026-01-02T03:00:00Z")", in_sync), "2026-01-02T03:00:00.000Z");
  EXPECT_EQ(time(R"("timestamp":"2026-01-02T03:00:00Z")", ten_fast), "2026-01-02T02:50:00.000Z");
  EXPECT_EQ(
      time(R"("timestamp":"2026-01-02T03:00:00Z","properties":{"$ignore_sent_at":true})", ten_fast),
      "2026-01-02T03:00:00.000Z");
  EXPECT_EQ(time(R"("offset":5678)", in_sync), "2026-01-02T03:04:00.000Z");
  EXPECT_EQ(time(R"("timestamp":"rubbish")", in_sync), "2026-01-02T03:04:05.678Z");
  const auto by_query =
      decode(R"({"api_key":"t","event":"e","distinct_id":"u","timestamp":"2026-01-02T03:00:00Z"})",
             {.query = "_=1767323645678"});
  EXPECT_EQ(format_rfc3339(by_query->events[0].envelope.timestamp), "2026-01-02T02:50:00.000Z");
}

TEST(CaptureRequest, AGeneratedUuidCarriesTheTimeOfTheEvent) {
  const auto verdict =
      decode(R"({"api_key":"t","event":"e","distinct_id":"u","timestamp":"1970-01-01T00:00:01Z"})");
  EXPECT_TRUE(codec::to_string(verdict->events[0].envelope.uuid).starts_with("00000000-03e8-7"));
  const std::string given = "0198b0c1-0000-7000-8000-000000000001";
  EXPECT_EQ(codec::to_string(
                decode(R"({"api_key":"t","event":"e","distinct_id":"u","uuid":")" + given + "\"}")
                    ->events[0]
                    .envelope.uuid),
            given);
}

TEST(CaptureRequest, FlagsAndFilters) {
  const std::string events =
      R"([{"event":"$performance_event","distinct_id":"u"},)"
      R"({"event":"e","distinct_id":"u","properties":{"capture_internal":0}},)"
      R"({"event":"$exception","distinct_id":"u","properties":{"$cookieless_mode":true}}])";
  auto verdict = decode(R"({"historical_migration":true,"api_key":"t","batch":)" + events + "}",
                        {.query = "beacon=1"});
  ASSERT_TRUE(verdict.has_value());
  EXPECT_TRUE(verdict->beacon);
  EXPECT_EQ(verdict->count(DropReason::performance_event), 1u);
  ASSERT_EQ(verdict->events.size(), 2u);
  EXPECT_TRUE(verdict->events[0].envelope.historical);
  EXPECT_EQ(verdict->events[0].envelope.ip, "127.0.0.1");
  EXPECT_FALSE(verdict->events[1].envelope.historical);
  EXPECT_TRUE(verdict->events[1].envelope.cookieless);
  EXPECT_EQ(outcome(decode(R"({"api_key":"t","event":"$performance_event"})")), "accepted 0");
}

TEST(CaptureRequest, OnlyEngageAcceptsAnEventWithoutAName) {
  const std::string engage = R"({"token":"t","$distinct_id":"u","$set":{"a":1}})";
  EXPECT_EQ(outcome(decode(engage)), "400 missing_event_name");
  const auto verdict = decode(engage, {.path = CapturePath::engage});
  ASSERT_TRUE(verdict.has_value());
  EXPECT_EQ(verdict->events[0].envelope.event, "$identify");
  EXPECT_EQ(verdict->events[0].raw, engage);
}

}  // namespace
}  // namespace mr::event
