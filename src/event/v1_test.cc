#include <gtest/gtest.h>

#include "codec/gzip.h"
#include "event/captured_message.h"
#include "event/raw_event.h"
#include "event/test_support.h"
#include "event/v1_event.h"
#include "event/v1_request.h"

namespace mr::event {
namespace {

constexpr WallTime now{1'767'323'045'678};  // 2026-01-02T03:04:05.678Z
constexpr std::string_view uuid_a = "0198b0c1-0000-7000-8000-00000000000a";

V1Headers good_headers() {
  V1Headers headers;
  headers.authorization = "Bearer phc_t";
  headers.content_type = "application/json";
  headers.user_agent = "posthog-python/7.1.0";
  headers.sdk_info = "posthog-python/7.1.0";
  headers.attempt = "1";
  headers.request_id = "0198b0c1-0000-7000-8000-0000000000ff";
  headers.request_timestamp = "2026-01-02T03:04:05.678Z";
  return headers;
}

// An event; `fields` stand behind its uuid.
std::string event_with(std::string_view fields, std::string_view uuid = uuid_a) {
  return R"({"uuid":")" + std::string(uuid) + "\"" + (fields.empty() ? "" : ",") +
         std::string(fields) + "}";
}

std::string batch_of(std::string_view events, std::string_view more = "") {
  return R"({"created_at":"2026-01-02T03:04:05Z","batch":[)" + std::string(events) + "]" +
         std::string(more) + "}";
}

CaptureVerdict decode(std::string body, const V1Headers& headers = good_headers()) {
  V1Request request;
  request.headers = headers;
  request.body = std::move(body);
  request.now = now;
  request.client_ip = "192.0.2.7";
  return decode_v1_request(std::move(request));
}

const std::string plain =
    event_with(R"("event":"e","distinct_id":" u ","timestamp":"2026-01-02T03:04:00Z")");

// "kept", or why the only event was dropped.
std::string fate_of(std::string_view event) {
  const auto verdict = decode(batch_of(event));
  if (!verdict) return outcome(verdict);
  EXPECT_EQ(verdict->reports.size(), 1u);
  const EventReport& report = verdict->reports.at(0);
  EXPECT_EQ(codec::to_string(report.uuid), uuid_a);
  EXPECT_EQ(verdict->events.size(), report.dropped ? 0u : 1u);
  return report.dropped ? std::string(to_string(*report.dropped)) : "kept";
}

TEST(V1Request, AnEventKeepsItsBytesAndGetsItsEnvelope) {
  const auto verdict = decode(batch_of(plain));
  ASSERT_EQ(outcome(verdict), "accepted 1");
  EXPECT_EQ(verdict->token, "phc_t");
  EXPECT_EQ(verdict->events[0].raw, plain);
  const Envelope& envelope = verdict->events[0].envelope;
  EXPECT_EQ(envelope.dialect, Dialect::posthog_v1);
  EXPECT_EQ(codec::to_string(envelope.uuid), uuid_a);
  EXPECT_EQ(envelope.event, "e");
  EXPECT_EQ(envelope.distinct_id, "u");
  EXPECT_EQ(envelope.ip, "192.0.2.7");
  EXPECT_EQ(envelope.sent_at, now);
  EXPECT_EQ(format_rfc3339(envelope.timestamp), "2026-01-02T03:04:00.000Z");
  EXPECT_EQ(envelope.context, R"({"$lib":"posthog-python","$lib_version":"7.1.0"})");
}

TEST(V1Request, EachRequiredHeaderIsMissed) {
  for (const auto member : {&V1Headers::authorization, &V1Headers::content_type,
                            &V1Headers::user_agent, &V1Headers::sdk_info, &V1Headers::attempt,
                            &V1Headers::request_id, &V1Headers::request_timestamp}) {
    V1Headers headers = good_headers();
    headers.*member = std::nullopt;
    EXPECT_EQ(outcome(decode(batch_of(plain), headers)), "400 missing_headers");
  }
  const auto none = decode(batch_of(plain), {});
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message.find("Authorization, Content-Type"), std::string::npos);
}

TEST(V1Request, HeadersAreCheckedEach) {
  struct Case {
    V1Headers::Header V1Headers::* header;
    std::string_view value;
    std::string_view outcome;
  };
  for (const Case& c : std::initializer_list<Case>{
           {&V1Headers::authorization, "bEARER   phc_t ", "accepted 1"},
           {&V1Headers::authorization, "Basic phc_t", "400 invalid_header"},
           {&V1Headers::authorization, "Bearer phx_secret", "401 malformed_token"},
           {&V1Headers::authorization, "Bearer ", "401 malformed_token"},
           {&V1Headers::content_type, "Application/JSON; charset=utf-8", "accepted 1"},
           {&V1Headers::content_type, "text/plain", "415 unsupported_content_type"},
           {&V1Headers::content_encoding, "lz4", "415 unsupported_encoding"},
           {&V1Headers::content_encoding, "identity", "accepted 1"},
           {&V1Headers::content_encoding, "gzip", "400 damaged_body"},
           {&V1Headers::attempt, "0", "400 invalid_header"},
           {&V1Headers::attempt, "two", "400 invalid_header"},
           {&V1Headers::attempt, "12", "accepted 1"},
           {&V1Headers::request_id, "1", "400 invalid_header"},
           {&V1Headers::request_timestamp, "2026-01-02 03:04", "400 invalid_header"},
           {&V1Headers::sdk_info, "posthog-\xc3\xab/1", "400 invalid_header"},
           {&V1Headers::sdk_info, "no slash", "accepted 1"},
           {&V1Headers::user_agent, "", "accepted 1"}}) {
    V1Headers headers = good_headers();
    headers.*c.header = c.value;
    EXPECT_EQ(outcome(decode(batch_of(plain), headers)), c.outcome) << c.value;
  }
}

TEST(V1Request, TheLibraryIsSplitAtTheLastSlashOrLeftOut) {
  for (const auto& [info, context] : std::initializer_list<std::pair<std::string, std::string>>{
           {"a/b/1.0", R"({"$lib":"a/b","$lib_version":"1.0"})"},
           {"a / 1 ", R"({"$lib":"a","$lib_version":"1"})"},
           {"a", ""},
           {"/1", ""},
           {"a/", ""},
           {"a/" + std::string(sdk_info_bytes_max, '1'), ""}}) {
    V1Headers headers = good_headers();
    headers.sdk_info = info;
    EXPECT_EQ(decode(batch_of(plain), headers)->events[0].envelope.context, context) << info;
  }
}

TEST(V1Request, WhatIsWrongWithTheBatchRefusesIt) {
  EXPECT_EQ(outcome(decode("")), "400 empty_payload");
  EXPECT_EQ(outcome(decode("[]")), "400 not_json");
  EXPECT_EQ(outcome(decode("{\"batch\":[1")), "400 not_json");
  EXPECT_EQ(outcome(decode("{\"\xff\":1}")), "400 not_utf8");
  EXPECT_EQ(outcome(decode(R"({"created_at":"2026-01-02T03:04:05Z"})")), "400 invalid_event");
  EXPECT_EQ(outcome(decode(batch_of(""))), "400 empty_batch");
  EXPECT_EQ(outcome(decode(R"({"batch":[)" + plain + "]}")), "400 invalid_batch");
  EXPECT_EQ(outcome(decode(R"({"created_at":"today","batch":[)" + plain + "]}")),
            "400 invalid_batch");
  EXPECT_EQ(outcome(decode(batch_of(plain + ",7"))), "400 invalid_event");
  EXPECT_EQ(outcome(decode(batch_of("{}"))), "400 missing_uuid");
  EXPECT_EQ(outcome(decode(batch_of(event_with("", "  ")))), "400 missing_uuid");
  EXPECT_EQ(outcome(decode(batch_of(event_with("", "1")))), "400 invalid_uuid");
  const std::string again = event_with("", "0198B0C1-0000-7000-8000-00000000000A ");
  EXPECT_EQ(outcome(decode(batch_of(plain + "," + again))), "400 duplicate_uuid");
}

TEST(V1Request, TheLimitsAreThoseOfTheUnpackedBody) {
  V1Request request;
  request.headers = good_headers();
  request.headers.content_encoding = "GZIP";
  request.now = now;
  request.limits.body_bytes_max = batch_of(plain).size();
  request.body = codec::gzip(batch_of(plain));
  EXPECT_EQ(outcome(decode_v1_request(request)), "accepted 1");
  request.limits.body_bytes_max -= 1;
  EXPECT_EQ(outcome(decode_v1_request(request)), "413 decompressed_too_large");
  request.limits.body_bytes_max += 1;
  request.limits.events_max = 0;
  EXPECT_EQ(outcome(decode_v1_request(request)), "413 too_many_events");
}

TEST(V1Request, AMalformedEventIsDroppedAlone) {
  const std::string good = R"("event":"e","distinct_id":"u","timestamp":"2026-01-02T03:04:00Z")";
  const std::string untimed = R"("event":"e","distinct_id":"u")";
  const std::string long_text(201, 'x');
  for (const auto& [fields, fate] : std::initializer_list<std::pair<std::string, std::string>>{
           {good, "kept"},
           {good + R"(,"session_id":7,"unknown":1,"properties":null,"options":null)", "kept"},
           {"", "missing_event_name"},
           {R"("event":5)", "missing_event_name"},
           {R"("event":"$performance_event")", "performance_event"},
           {R"("event":")" + long_text + "\"", "event_name_too_long"},
           {R"("event":"e","distinct_id":7)", "missing_distinct_id"},
           {R"("event":"e","distinct_id":" \t")", "missing_distinct_id"},
           {R"("event":"e","distinct_id":")" + long_text + "\"", "distinct_id_too_large"},
           {untimed, "invalid_event_timestamp"},
           {untimed + R"(,"timestamp":"2026-01-02 03:04:00")", "invalid_event_timestamp"},
           {untimed + R"(,"timestamp":1767323045)", "invalid_event_timestamp"},
           {good + R"(,"properties":[])", "malformed_event_properties"},
           {good + R"(,"options":[])", "invalid_options"},
           {good + R"(,"options":{"cookieless_mode":"maybe"})", "invalid_options"},
           {good + R"(,"distinct_id":"$posthog_cookieless")", "cookieless_mode_required"},
           {good + R"(,"properties":{"x":")" + std::string(1'000'000, 'x') + "\"}",
            "event_too_big"}}) {
    EXPECT_EQ(fate_of(event_with(fields)), fate) << fields.substr(0, 200);
  }
}

TEST(V1Request, AiEventsMayBeLargerAndHaveAPathOfTheirOwn) {
  const auto fate = [](std::string_view name, size_t bytes, bool ai_only) {
    const std::string begin = R"("event":")" + std::string(name) +
                              R"(","distinct_id":"u","timestamp":"2026-01-02T03:04:00Z","x":")";
    const std::string event =
        event_with(begin + std::string(bytes - event_with(begin).size() - 1, 'x') + "\"");
    EXPECT_EQ(event.size(), bytes);
    V1Request request;
    request.headers = good_headers();
    request.body = batch_of(event);
    request.now = now;
    request.ai_only = ai_only;
    request.limits.event_bytes_max = 200;
    request.limits.ai_event_bytes_max = 300;
    const auto verdict = decode_v1_request(std::move(request));
    const EventReport& report = verdict->reports.at(0);
    return report.dropped ? std::string(to_string(*report.dropped)) : "kept";
  };
  for (const bool ai_only : {false, true}) {
    EXPECT_EQ(fate("$ai_generation", 300, ai_only), "kept");
    EXPECT_EQ(fate("$ai_generation", 301, ai_only), "ai_event_too_big");
  }
  EXPECT_EQ(fate("$ai_other", 200, false), "kept");
  EXPECT_EQ(fate("$ai_other", 201, false), "event_too_big");
  EXPECT_EQ(fate("$ai_other", 200, true), "misrouted_event");
}

TEST(V1Request, OneBadEventDoesNotCostItsSiblings) {
  const auto verdict =
      decode(batch_of(plain + "," + event_with("", "0198b0c1-0000-7000-8000-00000000000b")));
  ASSERT_EQ(outcome(verdict), "accepted 1");
  ASSERT_EQ(verdict->reports.size(), 2u);
  EXPECT_FALSE(verdict->reports[0].dropped);
  EXPECT_EQ(verdict->reports[1].dropped, DropReason::missing_event_name);
  EXPECT_EQ(verdict->dropped[static_cast<size_t>(DropReason::missing_event_name)], 1u);
}

TEST(V1Request, IdsThatAreAMistakeLeaveNoTraceOnAPerson) {
  for (const auto& [id, personless] : std::initializer_list<std::pair<std::string, bool>>{
           {"u", false},
           {"Null", true},
           {" [object Object] ", true},
           {"NaN", true},
           {"00000000-0000-0000-0000-000000000000", true},
           {"users", false}}) {
    const auto verdict = decode(batch_of(event_with(
        R"("event":"e","timestamp":"2026-01-02T03:04:00Z","distinct_id":")" + id + "\"")));
    EXPECT_EQ(verdict->events.at(0).envelope.personless, personless) << id;
    EXPECT_EQ(verdict->reports.at(0).personless, personless) << id;
  }
}

TEST(V1Request, TheRootMarksImportsAndTheMakersOwnEvents) {
  const auto verdict =
      decode(batch_of(plain, R"(,"historical_migration":true,"capture_internal":"1")"));
  EXPECT_TRUE(verdict->events[0].envelope.historical);
  EXPECT_EQ(verdict->events[0].envelope.ip, "127.0.0.1");
  const std::string exception =
      event_with(R"("event":"$exception","distinct_id":"u","timestamp":"2026-01-02T03:04:00Z",)"
                 R"("properties":{"capture_internal":null})");
  const auto other =
      decode(batch_of(exception, R"(,"historical_migration":true,"capture_internal":[])"));
  EXPECT_FALSE(other->events[0].envelope.historical);
  EXPECT_EQ(other->events[0].envelope.ip, "127.0.0.1");
}

TEST(V1Request, TheSkewIsThatOfTheRequestUnlessTheEventObjects) {
  V1Headers headers = good_headers();
  headers.request_timestamp = "2026-01-02T04:04:05.678Z";
  const std::string fields = R"("event":"e","distinct_id":"u","timestamp":"2026-01-02T04:04:00Z")";
  const auto time_of = [&](const std::string& more) {
    return format_rfc3339(
        decode(batch_of(event_with(fields + more)), headers)->events.at(0).envelope.timestamp);
  };
  EXPECT_EQ(time_of(""), "2026-01-02T03:04:00.000Z");
  EXPECT_EQ(time_of(R"(,"options":{"disable_skew_correction":1})"), "2026-01-02T04:04:00.000Z");
}

TEST(V1Options, FlagsAreReadAsClientsWriteThem) {
  for (const std::string_view raw : {"true", "1", "-0.5", R"("true")", R"(" T ")", R"("YES")",
                                     R"("y")", R"("on")", R"("1")", R"("2.0")"}) {
    std::optional<bool> flag;
    EXPECT_TRUE(read_v1_flag(raw, flag)) << raw;
    EXPECT_EQ(flag, true) << raw;
  }
  for (const std::string_view raw : {"false", "0", "0.0", R"("FALSE")", R"("f")", R"("no")",
                                     R"("n")", R"("off")", R"("0")", R"("0.0")"}) {
    std::optional<bool> flag;
    EXPECT_TRUE(read_v1_flag(raw, flag)) << raw;
    EXPECT_EQ(flag, false) << raw;
  }
  for (const std::string_view raw : {"", "null", R"("")", R"("  ")"}) {
    std::optional<bool> flag;
    EXPECT_TRUE(read_v1_flag(raw, flag)) << raw;
    EXPECT_EQ(flag, std::nullopt) << raw;
  }
  for (const std::string_view raw : {"[]", "{}", R"("maybe")", R"("1x")", R"("-")"}) {
    std::optional<bool> flag;
    EXPECT_FALSE(read_v1_flag(raw, flag)) << raw;
  }
}

TEST(V1Options, UnknownKeysAreIgnoredAndUnreadableValuesAreNot) {
  EXPECT_TRUE(read_v1_options(R"({"new":{"deep":[1]},"cookieless_mode":null})"));
  EXPECT_EQ(read_v1_options(R"({"product_tour_id":"t"})")->product_tour_id, "t");
  EXPECT_EQ(read_v1_options(R"({"product_tour_id":17})")->product_tour_id, "17");
  EXPECT_FALSE(read_v1_options(R"({"product_tour_id":1.5})"));
  EXPECT_FALSE(read_v1_options(R"({"process_person_profile":{}})"));
  EXPECT_FALSE(read_v1_options(R"("x")"));
}

Envelope v1_envelope() {
  Envelope envelope = decode(batch_of(plain))->events[0].envelope;
  envelope.ip.clear();
  envelope.sent_at.reset();
  return envelope;
}

TEST(V1Event, WhatStandsBesideThePropertiesGoesOverThem) {
  const std::string value = event_with(
      R"("session_id":"s","window_id":"w","$set":{"not":"read"},"options":{"cookieless_mode":0,)"
      R"("disable_skew_correction":"yes","product_tour_id":"t","process_person_profile":false},)"
      R"("properties":{"n":1.50,"$lib":"x","$session_id":"old","$ai_gateway_id":1,)"
      R"("$set":{"a":1}})");
  const auto event = read_raw_event(v1_envelope(), value);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->properties.to_json(),
            R"({"n":1.50,"$lib":"posthog-python","$session_id":"s","$set":{"a":1},)"
            R"("$window_id":"w","$cookieless_mode":false,"$ignore_sent_at":true,)"
            R"("$product_tour_id":"t","$process_person_profile":false,"$lib_version":"7.1.0"})");
  EXPECT_EQ(event->set.to_json(), R"({"a":1})");
}

TEST(V1Event, WhatIsNotSetAddsNothing) {
  Envelope envelope = v1_envelope();
  envelope.context.clear();
  const std::string value = event_with(R"("properties":{"n":1})");
  const auto event = read_raw_event(envelope, value);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->properties.to_json(), R"({"n":1})");
  EXPECT_EQ(read_raw_event(envelope, plain)->properties.to_json(), "{}");
  EXPECT_FALSE(read_raw_event(envelope, "[1]"));
}

TEST(V1Event, BecomesTheMessageOfAnEventThatReadsTheSame) {
  const Envelope envelope = v1_envelope();
  const std::string value = event_with(R"("session_id":"s","properties":{"n":1.50})");
  const auto back = read_captured_message(captured_message_json(envelope, value).value());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->envelope.dialect, Dialect::posthog);
  EXPECT_EQ(read_raw_event(back->envelope, back->value)->properties.to_json(),
            read_raw_event(envelope, value)->properties.to_json());
  const auto headers = captured_message_headers(envelope, value);
  EXPECT_EQ(headers[2], (std::pair<std::string, std::string>("session_id", "s")));
}

}  // namespace
}  // namespace mr::event
