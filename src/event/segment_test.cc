#include <gtest/gtest.h>

#include "codec/base64.h"
#include "codec/gzip.h"
#include "event/captured_message.h"
#include "event/raw_event.h"
#include "event/segment_mapping.h"
#include "event/segment_request.h"
#include "event/test_support.h"

namespace mr::event {
namespace {

constexpr WallTime now{1'767'323'045'678};  // 2026-01-02T03:04:05.678Z

CaptureVerdict decode(std::string_view path, std::string body, SegmentRequest request = {}) {
  CountingUuids uuids;
  request.endpoint = *segment_endpoint_of_path(path);
  request.body = std::move(body);
  request.now = now;
  request.client_ip = "192.0.2.7";
  return decode_segment_request(std::move(request), uuids);
}

// One call, captured and mapped; the event borrows from the batch.
struct Mapped {
  CapturedBatch batch;
  RawEvent event;
};

Mapped map(std::string_view path, const std::string& body) {
  auto verdict = decode(path, body, {.keys = {.authorization = "Basic a2V5Og=="}});
  EXPECT_TRUE(verdict.has_value()) << outcome(verdict);
  const CapturedEvent& captured = verdict->events.at(0);
  auto event = read_raw_event(captured.envelope, captured.raw);
  return {*std::move(verdict), *std::move(event)};
}

TEST(SegmentRequest, ABatchOfEveryCall) {
  const std::string body =
      R"({"writeKey":"key","sentAt":"2026-01-02T03:04:05.000Z","context":{"library":{"name":"x"}},)"
      R"("batch":[{"type":"track","event":"bought","userId":"u","messageId":"m-1"},)"
      R"({"type":"identify","userId":7,"traits":{"a":1}},{"type":"page","anonymousId":"a"},)"
      R"({"type":"screen","anonymousId":"a"},{"type":"group","userId":"u","groupId":"g"},)"
      R"({"type":"alias","userId":"u","previousId":"a"}]})";
  const auto verdict = decode("/v1/batch", codec::gzip(body), {.content_encoding = "gzip"});
  ASSERT_TRUE(verdict.has_value()) << outcome(verdict);
  EXPECT_EQ(verdict->token, "key");
  std::vector<std::string> names;
  for (const CapturedEvent& event : verdict->events) {
    names.push_back(event.envelope.event + "/" + event.envelope.distinct_id);
    EXPECT_EQ(event.envelope.context, R"({"library":{"name":"x"}})");
    EXPECT_EQ(event.envelope.dialect, Dialect::segment);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"bought/u", "$identify/7", "$pageview/a", "$screen/a",
                                             "$groupidentify/u", "$create_alias/u"}));
  EXPECT_EQ(verdict->events[0].raw,
            R"({"type":"track","event":"bought","userId":"u","messageId":"m-1"})");
  EXPECT_EQ(verdict->events[0].envelope.uuid.version(), 5);
  const auto again = decode("/v1/batch", body);
  EXPECT_EQ(again->events[0].envelope.uuid, verdict->events[0].envelope.uuid);
}

TEST(SegmentRequest, TheKeyComesFromThreePlaces) {
  const std::string body = R"({"event":"e","userId":"u"})";
  EXPECT_EQ(decode("/v1/track", body, {.keys = {.authorization = "Basic a2V5Og=="}})->token, "key");
  EXPECT_EQ(decode("/v1/track", body, {.keys = {.authorization = "basic a2V5"}})->token, "key");
  EXPECT_EQ(decode("/v1/track", body, {.keys = {.authorization = "Bearer abc"}})->token, "abc");
  EXPECT_EQ(decode("/v1/t", R"({"event":"e","userId":"u","writeKey":"w"})")->token, "w");
  EXPECT_EQ(outcome(decode("/v1/track", body)), "401 missing_token");
  EXPECT_EQ(outcome(decode("/v1/track", body, {.keys = {.authorization = "Basic !!!"}})),
            "401 missing_token");
}

TEST(SegmentRequest, RefusesWhatCannotBeRead) {
  EXPECT_EQ(outcome(decode("/v1/batch", "")), "400 empty_payload");
  EXPECT_EQ(outcome(decode("/v1/batch", "{")), "400 not_json");
  EXPECT_EQ(outcome(decode("/v1/batch", "[]")), "400 not_json");
  EXPECT_EQ(outcome(decode("/v1/batch", R"({"writeKey":"k"})")), "400 empty_batch");
  EXPECT_EQ(outcome(decode("/v1/batch", R"({"writeKey":"k","batch":[]})")), "400 empty_batch");
  EXPECT_EQ(outcome(decode("/v1/batch", codec::gzip(std::string(4'097'000, ' ')))),
            "413 decompressed_too_large");
  EXPECT_EQ(outcome(decode("/v1/batch", R"({"writeKey":"k","batch":[{"type":"page"},3]})")),
            "400 missing_distinct_id");
  EXPECT_EQ(outcome(decode("/v1/track", R"({"writeKey":"k","event":"e"})")),
            "400 missing_distinct_id");
  EXPECT_EQ(outcome(decode("/v1/track", R"({"writeKey":"k","userId":"u"})")),
            "400 missing_event_name");
  EXPECT_EQ(segment_error_body({400, RefusalReason::not_json, "say \"no\""}),
            R"({"code":"not_json","message":"say \"no\""})");
}

TEST(SegmentRequest, UnusableItemsOfABatchAreDroppedAndCounted) {
  SegmentRequest request;
  request.limits.items_max = 5;
  auto verdict = decode("/v1/batch",
                        R"({"writeKey":"k","batch":[{"type":"track","event":"e","userId":"u"},3,)"
                        R"({"type":"what","userId":"u"},{"type":"track","event":"e"},)"
                        R"({"type":"track","userId":"u"},{"type":"page","userId":"u"}]})",
                        std::move(request));
  ASSERT_TRUE(verdict.has_value());
  EXPECT_EQ(verdict->events.size(), 1u);
  EXPECT_EQ(verdict->count(DropReason::segment_invalid_item), 1u);
  EXPECT_EQ(verdict->count(DropReason::segment_unknown_type), 1u);
  EXPECT_EQ(verdict->count(DropReason::segment_missing_id), 1u);
  EXPECT_EQ(verdict->count(DropReason::segment_missing_name), 1u);
  EXPECT_EQ(verdict->count(DropReason::over_batch_count), 1u);
}

TEST(SegmentRequest, TimesAndAddresses) {
  const auto envelope = [](const std::string& fields) {
    return decode("/v1/track", R"({"writeKey":"k","event":"e","userId":"u")" + fields + "}")
        ->events[0]
        .envelope;
  };
  EXPECT_EQ(format_rfc3339(envelope(R"(,"timestamp":"2026-01-02T03:00:00Z")").timestamp),
            "2026-01-02T03:00:00.000Z");
  EXPECT_EQ(format_rfc3339(envelope(R"(,"originalTimestamp":"2026-01-02T03:00:00Z",)"
                                    R"("sentAt":"2026-01-02T03:14:05Z")")
                               .timestamp),
            "2026-01-02T02:50:00.000Z");
  EXPECT_EQ(envelope("").timestamp, now);
  EXPECT_EQ(envelope("").ip, "");
  EXPECT_EQ(envelope(R"(,"context":{"ip":"198.51.100.1"})").ip, "198.51.100.1");
  EXPECT_EQ(envelope(R"(,"context":{"page":{"url":"x"}})").ip, "192.0.2.7");
  EXPECT_EQ(envelope(R"(,"context":{"direct":true})").ip, "192.0.2.7");
}

TEST(SegmentMapping, ATrackKeepsItsPropertiesAndGetsTheContext) {
  const auto event = map(
      "/v1/track",
      R"({"type":"track","event":"bought","userId":"u","properties":{"price":9.90,"$lib":"own"},)"
      R"("context":{"ip":"198.51.100.1","library":{"name":"l","version":"1.2"},)"
      R"("userAgent":"agent","campaign":{"name":"spring","source":"mail"},)"
      R"("page":{"url":"https://example.com/x"}}})");
  EXPECT_EQ(event.event.event, "bought");
  EXPECT_EQ(event.event.properties.to_json(),
            R"({"price":9.90,"$lib":"own","$current_url":"https://example.com/x",)"
            R"("$lib_version":"1.2","$raw_user_agent":"agent","utm_campaign":"spring",)"
            R"("utm_source":"mail","$ip":"198.51.100.1"})");
}

TEST(SegmentMapping, APageAndAScreen) {
  const auto page = map("/v1/page", R"({"anonymousId":"a","name":"Home","category":"Docs",)"
                                    R"("properties":{"url":"https://example.com/"}})");
  EXPECT_EQ(page.event.event, "$pageview");
  EXPECT_EQ(page.event.properties.find_text("$current_url"), "https://example.com/");
  EXPECT_EQ(page.event.properties.find_text("name"), "Home");
  EXPECT_EQ(page.event.properties.find_text("category"), "Docs");
  const auto screen = map("/v1/screen", R"({"anonymousId":"a","name":"Home"})");
  EXPECT_EQ(screen.event.event, "$screen");
  EXPECT_EQ(screen.event.properties.find_text("$screen_name"), "Home");
}

TEST(SegmentMapping, AnIdentifySetsTraitsAndNamesTheAnonymousId) {
  const auto event =
      map("/v1/identify", R"({"userId":"u","anonymousId":"a","traits":{"email":"x@example.com"}})");
  EXPECT_EQ(event.event.event, "$identify");
  EXPECT_EQ(event.event.set.to_json(), R"({"email":"x@example.com"})");
  EXPECT_EQ(event.event.properties.to_json(),
            R"({"$anon_distinct_id":"a","$set":{"email":"x@example.com"}})");
  const auto same = map("/v1/identify", R"({"userId":"a","anonymousId":"a"})");
  EXPECT_FALSE(same.event.properties.contains("$anon_distinct_id"));
  const auto anonymous = map("/v1/identify", R"({"anonymousId":"a","traits":{"k":1}})");
  EXPECT_EQ(anonymous.event.distinct_id, "a");
  EXPECT_FALSE(anonymous.event.properties.contains("$anon_distinct_id"));
}

TEST(SegmentMapping, AGroupAndAnAlias) {
  const auto group =
      map("/v1/group", R"({"userId":"u","groupId":12,"traits":{"groupType":"team","plan":"pro"}})");
  EXPECT_EQ(group.event.event, "$groupidentify");
  EXPECT_EQ(group.event.properties.to_json(),
            R"({"$group_type":"team","$group_set":{"plan":"pro"},"$group_key":"12",)"
            R"("$groups":{"team":"12"}})");
  EXPECT_EQ(
      map("/v1/group", R"({"userId":"u","groupId":"g"})").event.properties.find_text("$group_type"),
      segment_group_type_default);
  const auto alias = map("/v1/alias", R"({"userId":"u","previousId":"a"})");
  EXPECT_EQ(alias.event.event, "$create_alias");
  EXPECT_EQ(alias.event.properties.find_text("alias"), "a");
}

TEST(SegmentMapping, TheCapturedMessageShowsTheMappedEvent) {
  const auto verdict = decode("/v1/page", R"({"writeKey":"k","anonymousId":"a","messageId":)"
                                          R"("0198b0c1-0000-7000-8000-000000000001"})");
  const auto message = captured_message_json(verdict->events[0].envelope, verdict->events[0].raw);
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(json::Object::parse(*message)->find_text("data"),
            R"({"event":"$pageview","distinct_id":"a",)"
            R"("uuid":"0198b0c1-0000-7000-8000-000000000001","properties":{},)"
            R"("timestamp":"2026-01-02T03:04:05.678Z"})");
}

}  // namespace
}  // namespace mr::event
