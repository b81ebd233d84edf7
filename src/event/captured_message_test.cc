#include "event/captured_message.h"

#include <gtest/gtest.h>

#include "event/raw_event.h"

namespace mr::event {
namespace {

Envelope envelope_of(std::string event, std::string distinct_id) {
  Envelope envelope;
  envelope.uuid = *codec::parse_uuid("0190a6b2-0000-7000-8000-00000000000a");
  envelope.event = std::move(event);
  envelope.distinct_id = std::move(distinct_id);
  envelope.token = "phc_x";
  envelope.ip = "10.0.0.1";
  envelope.arrival = {1'700'000'000'123};
  envelope.timestamp = {1'700'000'000'001};
  return envelope;
}

// What ingest sees of a record.
std::string seen(const Envelope& envelope, std::string_view value) {
  const auto event = read_raw_event(envelope, value);
  if (!event) return event.error().message();
  return event->event + "|" + event->distinct_id + "|" + codec::to_string(event->uuid) + "|" +
         std::to_string(event->timestamp.millis) + "|" + std::to_string(event->arrival.millis) +
         "|" + (event->historical ? "h" : "") + (event->cookieless ? "c" : "") + "|" +
         event->properties.to_json() + "|" + event->set.to_json() + "|" + event->set_once.to_json();
}

TEST(CapturedMessage, HasTheContractsKeysInTheirOrder) {
  Envelope envelope = envelope_of("e", "d");
  envelope.sent_at = WallTime{1'700'000'000'050};
  envelope.historical = true;
  const auto json = captured_message_json(
      envelope, R"({"event":"e","distinct_id":"d","properties":{"a":1.50},"unknown":1})");
  ASSERT_TRUE(json);
  EXPECT_EQ(*json,
            R"({"uuid":"0190a6b2-0000-7000-8000-00000000000a","distinct_id":"d","ip":"10.0.0.1",)"
            R"("data":"{\"event\":\"e\",\"distinct_id\":\"d\",\"properties\":{\"a\":1.50},)"
            R"(\"uuid\":null}","now":"2023-11-14T22:13:20.123Z",)"
            R"("sent_at":"2023-11-14T22:13:20.050Z","token":"phc_x","event":"e",)"
            R"("timestamp":"2023-11-14T22:13:20.001Z","historical_migration":true})");
}

TEST(CapturedMessage, HeadersAreTextsWithTheTimeInMilliseconds) {
  Envelope envelope = envelope_of("e", "d");
  envelope.personless = true;
  const auto headers =
      captured_message_headers(envelope, R"({"properties":{"$session_id":"s-1","other":2}})");
  const MessageHeaders expected = {{"token", "phc_x"},
                                   {"distinct_id", "d"},
                                   {"session_id", "s-1"},
                                   {"timestamp", "1700000000001"},
                                   {"event", "e"},
                                   {"uuid", "0190a6b2-0000-7000-8000-00000000000a"},
                                   {"now", "2023-11-14T22:13:20.123Z"},
                                   {"force_disable_person_processing", "true"}};
  EXPECT_EQ(headers, expected);
}

TEST(CapturedMessage, APostHogEventComesBackAsItWent) {
  Envelope envelope = envelope_of("pägeview \"x\"", "d\n1");
  envelope.sent_at = WallTime{1'700'000'000'050};
  envelope.cookieless = true;
  envelope.historical = true;
  const std::string value =
      R"({"event":"pägeview \"x\"","properties":{"n":1,"$set":{"a":1}},"$set_once":{"b":"\ud800"})"
      R"(,"uuid":"0190a6b2-0000-7000-8000-00000000000a"})";
  const auto json = captured_message_json(envelope, value);
  ASSERT_TRUE(json);
  const auto back = read_captured_message(*json);
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back->envelope, envelope);
  EXPECT_EQ(back->value, value);
}

TEST(CapturedMessage, ASegmentCallComesBackAsTheEventThatItWasMappedTo) {
  Envelope envelope = envelope_of("Bought", "u1");
  envelope.dialect = Dialect::segment;
  envelope.context = R"({"library":{"name":"x"}})";
  const std::string value =
      R"({"type":"track","event":"Bought","userId":"u1","properties":{"price":12.50},)"
      R"("context":{"ip":"9.9.9.9","traits":{"plan":"pro"}}})";
  const auto json = captured_message_json(envelope, value);
  ASSERT_TRUE(json);
  const auto back = read_captured_message(*json);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->envelope.dialect, Dialect::posthog);
  EXPECT_EQ(seen(back->envelope, back->value), seen(envelope, value));
}

TEST(CapturedMessage, FieldsThatOlderWritersLeaveOutAreFilled) {
  const auto back = read_captured_message(
      R"({"uuid":"0190a6b2-0000-7000-8000-00000000000a","distinct_id":"d","ip":"","site_url":"",)"
      R"("data":"{\"event\":\"e\",\"api_key\":\"phc_y\"}","now":"2023-11-14T22:13:20+00:00"})");
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back->envelope.event, "e");
  EXPECT_EQ(back->envelope.token, "phc_y");
  EXPECT_EQ(back->envelope.timestamp, back->envelope.arrival);
}

TEST(CapturedMessage, WhatIsNoMessageIsRefusedByField) {
  for (const auto& [json, field] : std::vector<std::pair<std::string, std::string>>{
           {R"({})", "data"},
           {R"({"data":"[1]"})", "data"},
           {R"({"data":"{}","uuid":"x"})", "uuid"},
           {R"({"data":"{}","uuid":"0190a6b2-0000-7000-8000-00000000000a"})", "distinct_id"},
           {R"({"data":"{}","uuid":"0190a6b2-0000-7000-8000-00000000000a","distinct_id":"d",)"
            R"("now":"soon"})",
            "now"}}) {
    const auto back = read_captured_message(json);
    ASSERT_FALSE(back) << json;
    EXPECT_NE(back.error().message().find("`" + field + "`"), std::string::npos) << json;
  }
}

}  // namespace
}  // namespace mr::event
