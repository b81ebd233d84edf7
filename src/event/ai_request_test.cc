#include "event/ai_request.h"

#include <gtest/gtest.h>

#include "codec/gzip.h"
#include "event/raw_event.h"
#include "event/test_support.h"

namespace mr::event {
namespace {

constexpr WallTime now{1'767'323'045'678};  // 2026-01-02T03:04:05.678Z
const std::string fields =
    R"("event":"$ai_generation","distinct_id":"u","uuid":"0198b0c1-0000-7000-8000-00000000000a")";
const std::string properties = R"({"$ai_model":"m", "$ai_total_cost_usd":0.10})";

std::string part(std::string_view name, std::string_view content) {
  return "--AB\r\nContent-Disposition: form-data; name=\"" + std::string(name) +
         "\"\r\nContent-Type: application/json\r\n\r\n" + std::string(content) + "\r\n";
}

CaptureVerdict decode(std::string body, std::string_view authorization = "Bearer phc_t",
                      std::string_view content_type = "multipart/form-data; boundary=AB") {
  CountingUuids uuids;
  BearerRequest request;
  if (!authorization.empty()) request.authorization = authorization;
  request.content_type = content_type;
  request.body = std::move(body);
  request.now = now;
  request.client_ip = "192.0.2.7";
  return decode_ai_request(std::move(request), uuids);
}

// The outcome for an event that has its properties in it.
std::string with_event(std::string_view event) {
  return outcome(decode(part("event", event) + "--AB--"));
}

TEST(AiRequest, PropertiesOfAPartAreInsertedAsText) {
  const auto verdict = decode(part("event", " {" + fields + " } \n") +
                              part("event.properties", " " + properties + "\n") + "--AB--\r\n");
  ASSERT_EQ(outcome(verdict), "accepted 1");
  EXPECT_EQ(verdict->token, "phc_t");
  const CapturedEvent& captured = verdict->events[0];
  EXPECT_EQ(captured.raw, "{" + fields + R"( ,"properties":)" + properties + "}");
  EXPECT_EQ(captured.envelope.dialect, Dialect::posthog);
  EXPECT_EQ(captured.envelope.event, "$ai_generation");
  EXPECT_EQ(codec::to_string(captured.envelope.uuid), "0198b0c1-0000-7000-8000-00000000000a");
  EXPECT_EQ(captured.envelope.ip, "192.0.2.7");
  EXPECT_EQ(captured.envelope.timestamp, now);
  const auto event = read_raw_event(captured.envelope, captured.raw);
  EXPECT_EQ(event->properties.find("$ai_total_cost_usd"), "0.10");
  ASSERT_EQ(verdict->parts.size(), 2u);
  EXPECT_EQ(verdict->parts[1].name, "event.properties");
  EXPECT_EQ(verdict->parts[1].length, properties.size() + 2);
  EXPECT_EQ(verdict->parts[1].content_type, "application/json");
  EXPECT_FALSE(verdict->parts[1].content_encoding);
}

TEST(AiRequest, PropertiesInTheEventAndACompressedBody) {
  const std::string event =
      "{" + fields + R"(,"timestamp":"2026-01-02T03:04:00Z","properties":)" + properties + "}";
  for (const bool packed : {false, true}) {
    const std::string body = part("event", event) + "--AB--";
    const auto verdict = decode(packed ? codec::gzip(body) : body);
    ASSERT_EQ(outcome(verdict), "accepted 1");
    EXPECT_EQ(verdict->events[0].raw, event);
    EXPECT_EQ(verdict->events[0].envelope.timestamp, WallTime{1'767'323'040'000});
  }
}

TEST(AiRequest, WhatIsNoSuchFormIsRefused) {
  const std::string event = part("event", "{" + fields + R"(,"properties":)" + properties + "}");
  const std::string bare = part("event", "{" + fields + "}");
  const std::string separate = part("event.properties", properties);
  EXPECT_EQ(outcome(decode(event + "--AB--")), "accepted 1");
  EXPECT_EQ(outcome(decode("")), "400 empty_payload");
  EXPECT_EQ(outcome(decode(event)), "400 not_multipart");
  EXPECT_EQ(outcome(decode("--AB--")), "400 unexpected_part");
  EXPECT_EQ(outcome(decode(event + "--AB--", "Bearer phc_t", "application/json")),
            "400 not_multipart");
  EXPECT_EQ(outcome(decode(event + "--AB--", "Bearer phc_t", "multipart/form-data")),
            "400 not_multipart");
  EXPECT_EQ(outcome(decode(event + "--AB--", "")), "401 missing_token");
  EXPECT_EQ(outcome(decode(event + "--AB--", "bearer phc_t")), "401 missing_token");
  EXPECT_EQ(outcome(decode(event + "--AB--", "Bearer phx_t")), "401 malformed_token");
  EXPECT_EQ(outcome(decode(separate + bare + "--AB--")), "400 unexpected_part");
  EXPECT_EQ(outcome(decode(bare + part("event.properties.$ai_input", "x") + "--AB--")),
            "400 unexpected_part");
  EXPECT_EQ(outcome(decode(event + event + "--AB--")), "400 unexpected_part");
  EXPECT_EQ(outcome(decode(event + separate + "--AB--")), "400 unexpected_part");
  EXPECT_EQ(outcome(decode(bare + separate + separate + "--AB--")), "400 not_multipart");
  EXPECT_EQ(outcome(decode(codec::gzip(event + "--AB--").substr(0, 60))), "400 damaged_gzip");
}

TEST(AiRequest, WhatIsNoAiEventIsRefused) {
  const std::string rest = R"(,"properties":)" + properties + "}";
  const std::string id = R"("uuid":"0198b0c1-0000-7000-8000-00000000000a")";
  EXPECT_EQ(with_event("{" + fields + rest), "accepted 1");
  EXPECT_EQ(with_event(R"({"event":"$ai_other","distinct_id":"u",)" + id + rest),
            "400 not_ai_event");
  EXPECT_EQ(with_event(R"({"distinct_id":"u",)" + id + rest), "400 missing_event_name");
  EXPECT_EQ(with_event(R"({"event":"$ai_span","distinct_id":7,)" + id + rest),
            "400 missing_distinct_id");
  EXPECT_EQ(with_event(R"({"event":"$ai_span","distinct_id":"",)" + id + rest),
            "400 missing_distinct_id");
  EXPECT_EQ(with_event(R"({"event":"$ai_span","distinct_id":"u")" + rest), "400 missing_uuid");
  EXPECT_EQ(with_event(R"({"event":"$ai_span","distinct_id":"u","uuid":"x")" + rest),
            "400 invalid_uuid");
  EXPECT_EQ(with_event("{" + fields + "}"), "400 invalid_event");
  EXPECT_EQ(with_event("{" + fields + R"(,"properties":{"$ai_model":""}})"), "400 invalid_event");
  EXPECT_EQ(with_event("{}"), "400 missing_distinct_id");
  EXPECT_EQ(with_event("[]"), "400 invalid_event");
  EXPECT_EQ(with_event("{" + fields), "400 not_json");
  EXPECT_EQ(with_event("{" + fields + rest + " 1"), "400 not_json");
  EXPECT_EQ(with_event("{\"x\":\"\xff\"}"), "400 not_utf8");
}

TEST(AiRequest, TooLargeIs413) {
  const auto filled = [](size_t bytes) {
    const std::string begin = R"({"$ai_model":"m","x":")";
    return begin + std::string(bytes - begin.size() - 2, 'x') + "\"}";
  };
  const std::string event = "{" + fields + "}";
  const auto separate = [&](size_t bytes) {
    return outcome(
        decode(part("event", event) + part("event.properties", filled(bytes)) + "--AB--"));
  };
  EXPECT_EQ(separate(ai_parts_bytes_max - event.size()), "accepted 1");
  EXPECT_EQ(separate(ai_parts_bytes_max - event.size() + 1), "413 event_too_large");
  const std::string begin = "{" + fields + R"(,"properties":)";
  const size_t room = ai_event_part_bytes_max - begin.size() - 1;
  EXPECT_EQ(with_event(begin + filled(room) + "}"), "accepted 1");
  EXPECT_EQ(with_event(begin + filled(room + 1) + "}"), "413 event_too_large");
}

}  // namespace
}  // namespace mr::event
