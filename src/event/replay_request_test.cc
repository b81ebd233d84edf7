#include "event/replay_request.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "codec/gzip.h"
#include "codec/json_object.h"
#include "event/captured_message.h"
#include "event/lane.h"
#include "event/recording.h"
#include "event/test_support.h"

namespace mr::event {
namespace {

constexpr WallTime now{1'767'323'045'678};

CaptureVerdict decode(std::string body, std::string_view user_agent = "Mozilla/5.0") {
  CountingUuids uuids;
  ReplayRequest request;
  request.body = std::move(body);
  request.user_agent = user_agent;
  request.now = now;
  request.client_ip = "192.0.2.1";
  request.limits.body_bytes_max = 1 << 20;
  return decode_replay_request(std::move(request), uuids);
}

// An item with these properties beside the token, distinct id and session.
std::string item(const std::string& properties) {
  const std::string always = R"("token":"phc_t","distinct_id":"ada","$session_id":"s-1",)";
  return R"({"event":"$snapshot","properties":{)" + always + properties + "}}";
}

std::string refused(const std::string& body) {
  return outcome(decode(body));
}

TEST(ReplayRequest, TheWholeBodyIsOneRecordOfItsSession) {
  const std::string body = "[" + item(R"("$window_id":"w","$snapshot_source":"mobile","$lib":"x",
      "$snapshot_host":"h","$snapshot_data":[{"type":4, "n":1.50},{"type":2}])") +
                           ", " + item(R"("$snapshot_data":{"type":3})") + "]";
  const auto batch = decode(body);
  ASSERT_TRUE(batch.has_value()) << batch.error().message;
  ASSERT_EQ(batch->events.size(), 1u);
  EXPECT_EQ(batch->token, "phc_t");
  const CapturedEvent& event = batch->events.front();
  EXPECT_EQ(event.raw, body);
  EXPECT_EQ(event.envelope.dialect, Dialect::replay);
  EXPECT_EQ(event.envelope.event, "$snapshot_items");
  EXPECT_EQ(event.envelope.distinct_id, "ada");
  EXPECT_EQ(event.envelope.ip, "192.0.2.1");
  EXPECT_EQ(event.envelope.timestamp, now);
  EXPECT_EQ(event.envelope.context,
            R"({"$session_id":"s-1","$window_id":"w","$snapshot_source":"mobile","$lib":"x",)"
            R"("$snapshot_host":"h"})");
  EXPECT_EQ(record_key(event.envelope), "s-1");
  EXPECT_EQ(lane_of(event.envelope), Lane::replay);
  const std::vector<std::string_view> snapshots = {R"({"type":4, "n":1.50})", R"({"type":2})",
                                                   R"({"type":3})"};
  EXPECT_EQ(snapshots_of(event.raw).value(), snapshots);
}

TEST(ReplayRequest, WhatIsMissingHasADefault) {
  const auto batch = decode(item(R"("$snapshot_data":[],"$snapshot_host":7)"));
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->events.front().envelope.context,
            R"({"$session_id":"s-1","$window_id":"s-1","$snapshot_source":"web","$lib":"web"})");
  const auto mobile = decode(item(R"("$snapshot_data":[])"), "posthog-ios/3.1.0 (iPhone)");
  EXPECT_EQ(read_recording_context(mobile->events.front().envelope.context)->lib, "posthog-ios");
}

TEST(ReplayRequest, TheFirstItemSpeaksForAll) {
  const std::string first =
      R"({"uuid":"0198b0c1-0000-7000-8000-00000000000a","api_key":"phc_root",)"
      R"("distinct_id":" ada ","timestamp":"2026-01-02T03:04:00Z",)"
      R"("sent_at":"2026-01-02T03:14:05.678Z",)"
      R"("properties":{"$session_id":"s","$snapshot_data":[1]}})";
  const std::string second =
      R"({"timestamp":7,"properties":{"token":"phc_other","$session_id":"!",)"
      R"("$snapshot_data":[2]}})";
  const auto batch = decode("[" + first + "," + second + "]");
  ASSERT_TRUE(batch.has_value()) << batch.error().message;
  const Envelope& envelope = batch->events.front().envelope;
  EXPECT_EQ(envelope.token, "phc_root");
  EXPECT_EQ(envelope.distinct_id, " ada ");
  EXPECT_EQ(codec::to_string(envelope.uuid), "0198b0c1-0000-7000-8000-00000000000a");
  // The client's clock is ten minutes ahead.
  EXPECT_EQ(envelope.timestamp, *parse_timestamp("2026-01-02T02:54:00Z"));
}

TEST(ReplayRequest, GzipIsSeenByItsFirstBytes) {
  const std::string body = item(R"("$snapshot_data":[{"type":4}])");
  const auto batch = decode(codec::gzip(body));
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->events.front().raw, body);
}

TEST(ReplayRequest, RefusesWhatBreaksTheRulesOfTheFields) {
  EXPECT_EQ(refused(""), "400 empty_payload");
  EXPECT_EQ(refused("[]"), "400 empty_batch");
  EXPECT_EQ(refused("[1]"), "400 invalid_event");
  EXPECT_EQ(refused("{"), "400 not_json");
  EXPECT_EQ(refused(item(R"("n":1)")), "400 missing_snapshot_data");
  EXPECT_EQ(refused(item(R"("$snapshot_data":"text")")), "400 missing_snapshot_data");
  EXPECT_EQ(refused("[" + item(R"("$snapshot_data":[])") + "," + item(R"("n":1)") + "]"),
            "400 missing_snapshot_data");
  for (const char* id : {R"("")", "7", R"("a b")", R"("a/b")", R"("é")"}) {
    const std::string session = std::string(R"("$snapshot_data":[],"$session_id":)") + id;
    EXPECT_EQ(refused(item(session)), "400 invalid_session_id") << id;
  }
  const std::string longest(70, 'a');
  EXPECT_EQ(refused(item(R"("$snapshot_data":[],"$session_id":")" + longest + "\"")), "accepted 1");
  EXPECT_EQ(refused(item(R"("$snapshot_data":[],"$session_id":")" + longest + "a\"")),
            "400 invalid_session_id");
  EXPECT_EQ(refused(item(R"("$snapshot_data":[],"$cookieless_mode":"yes")")), "400 invalid_event");
  EXPECT_EQ(refused(item(R"("$snapshot_data":[],"distinct_id":null)")), "400 missing_distinct_id");
  EXPECT_EQ(refused(R"({"properties":{"$session_id":"s","$snapshot_data":[],"distinct_id":"d"}})"),
            "401 missing_token");
  EXPECT_EQ(refused(item(R"("$snapshot_data":[],"token":"phx_secret")")), "401 malformed_token");
}

TEST(ReplayRequest, IsAMessageOfItsSnapshotsOnKafkaAndComesBack) {
  const auto batch = decode("[" + item(R"("$snapshot_data":[{"a" : 1.50}])") + "," +
                            item(R"("$snapshot_data":{"b":"\u001f\u008b"})") + "]");
  ASSERT_TRUE(batch.has_value());
  const CapturedEvent& event = batch->events.front();
  const auto message = json::Object::parse(*captured_message_json(event.envelope, event.raw));
  EXPECT_EQ(message->find_text("event"), "$snapshot_items");
  EXPECT_EQ(message->find_text("data"),
            R"({"event":"$snapshot_items","properties":{"distinct_id":"ada","$session_id":"s-1",)"
            R"("$window_id":"s-1","$snapshot_source":"web","$lib":"web",)"
            R"("$snapshot_items":[{"a" : 1.50},{"b":"\u001f\u008b"}]}})");
  const auto headers = captured_message_headers(event.envelope, event.raw);
  EXPECT_TRUE(std::ranges::find(headers, std::pair<std::string, std::string>(
                                             "session_id", "s-1")) != headers.end());

  const auto back = read_captured_message(*captured_message_json(event.envelope, event.raw));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->envelope, event.envelope);
  EXPECT_EQ(snapshots_of(back->value).value(), snapshots_of(event.raw).value());
}

}  // namespace
}  // namespace mr::event
