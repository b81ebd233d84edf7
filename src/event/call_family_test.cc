#include <gtest/gtest.h>

#include "codec/base64.h"
#include "codec/json_object.h"
#include "event/pixel_payload.h"
#include "event/raw_event.h"
#include "event/segment_endpoint.h"
#include "event/segment_request.h"
#include "event/test_support.h"

// What RudderStack and Jitsu add to Segment's wire format; segment_test.cc has the rest.
namespace mr::event {
namespace {

constexpr WallTime now{1'767'323'045'678};  // 2026-01-02T03:04:05.678Z

class TwoTokens final : public TokenLookup {
 public:
  bool has(std::string_view token) const override { return token == "phc_a" || token == "a:b"; }
};

std::string token_of(const WriteKeys& keys, const TokenLookup* tokens) {
  const auto token = resolve_write_key(keys, tokens);
  return token ? *token : std::string(to_string(token.error().reason));
}

std::string call_of(std::string_view query, std::string_view type = "track") {
  const auto pixel = read_pixel(query, type);
  return pixel ? pixel->call : std::string(to_string(pixel.error().reason));
}

CaptureVerdict decode(const SegmentEndpoint& endpoint, std::string body,
                      SegmentRequest request = {}) {
  CountingUuids uuids;
  request.endpoint = endpoint;
  request.keys.header = "phc_a";
  request.body = std::move(body);
  request.now = now;
  request.client_ip = "192.0.2.7";
  return decode_segment_request(std::move(request), uuids);
}

Envelope envelope_of(const SegmentEndpoint& endpoint, const std::string& fields,
                     SegmentRequest request = {}) {
  const auto verdict =
      decode(endpoint, R"({"event":"e","userId":"u")" + fields + "}", std::move(request));
  EXPECT_TRUE(verdict.has_value()) << outcome(verdict);
  return verdict->events.at(0).envelope;
}

TEST(CallEndpoint, KnowsSegmentsAndRudderStacksPaths) {
  EXPECT_FALSE(segment_endpoint_of_path("/v1/batch/")->is_single());
  EXPECT_TRUE(segment_endpoint_of_path("/v1/import")->is_import);
  EXPECT_EQ(segment_endpoint_of_path("/v1/i")->call, SegmentCall::identify);
  EXPECT_EQ(segment_endpoint_of_path("/v1/merge")->call, SegmentCall::alias);
  for (const char* path : {"/v1/projects", "/batch", "/v1/", "/v1/webhook", "/v1/audiencelist"}) {
    EXPECT_FALSE(segment_endpoint_of_path(path).has_value()) << path;
  }
  EXPECT_TRUE(rudder_endpoint_of_path("/beacon/v1/batch")->from_device);
  EXPECT_EQ(rudder_endpoint_of_path("/pixel/v1/page/")->call, SegmentCall::page);
  EXPECT_TRUE(rudder_endpoint_of_path("/pixel/v1/track")->is_pixel);
  EXPECT_FALSE(rudder_endpoint_of_path("/pixel/v1/identify").has_value());
  EXPECT_FALSE(rudder_endpoint_of_path("/beacon/v1/track").has_value());
}

TEST(CallEndpoint, KnowsJitsusPaths) {
  EXPECT_EQ(jitsu_endpoint_of_path("/api/s/track")->call, SegmentCall::track);
  EXPECT_EQ(jitsu_endpoint_of_path("/api/s/t")->call, SegmentCall::track);
  EXPECT_TRUE(jitsu_endpoint_of_path("/api/s/event")->type_in_body);
  EXPECT_TRUE(jitsu_endpoint_of_path("/api/s/e/")->overrides_ip);
  EXPECT_EQ(jitsu_endpoint_of_path("/api/s/s")->call, SegmentCall::screen);
  EXPECT_EQ(jitsu_endpoint_of_path("/api/s/s2s/page")->call, SegmentCall::page);
  EXPECT_FALSE(jitsu_endpoint_of_path("/api/s/s2s/page")->overrides_ip);
  EXPECT_TRUE(jitsu_endpoint_of_path("/api/s/s2s/page")->from_server);
  EXPECT_FALSE(jitsu_endpoint_of_path("/api/s/s2s/batch")->is_single());
  EXPECT_TRUE(jitsu_endpoint_of_path("/api/px/p")->is_pixel);
  EXPECT_TRUE(jitsu_endpoint_of_path("/batch").has_value());
  EXPECT_TRUE(jitsu_endpoint_of_path("/b").has_value());
  for (const char* path : {"/api/s/", "/api/s/batch", "/api/s/s2s/", "/api/px/", "/api/status",
                           "/api/s/teleport", "/", "/v1/b"}) {
    EXPECT_FALSE(jitsu_endpoint_of_path(path).has_value()) << path;
  }
}

TEST(WriteKey, ComesFromTheFirstPlaceThatHasOne) {
  const std::string basic = "Basic " + codec::base64_encode("phc_a:password");
  EXPECT_EQ(
      token_of({.authorization = basic, .header = "h", .query = "q", .body = R"("b")"}, nullptr),
      "phc_a");
  EXPECT_EQ(token_of({.header = " h ", .query = "q", .body = R"("b")"}, nullptr), "h");
  EXPECT_EQ(token_of({.query = "q", .body = R"("b")"}, nullptr), "q");
  EXPECT_EQ(token_of({.authorization = "BEARER t", .body = "null"}, nullptr), "t");
  EXPECT_EQ(token_of({}, nullptr), "missing_token");
  EXPECT_EQ(token_of({.header = "phx_secret"}, nullptr), "malformed_token");
}

TEST(WriteKey, OfJitsuIsTheWholeTheIdOrTheSecret) {
  const TwoTokens tokens;
  EXPECT_EQ(token_of({.header = "phc_a"}, &tokens), "phc_a");
  EXPECT_EQ(token_of({.header = "phc_a:secret"}, &tokens), "phc_a");
  EXPECT_EQ(token_of({.header = "id:phc_a"}, &tokens), "phc_a");
  EXPECT_EQ(token_of({.header = "a:b"}, &tokens), "a:b");
  EXPECT_EQ(token_of({.header = "nobody:knows"}, &tokens), "nobody");
  EXPECT_EQ(token_of({.authorization = "Basic " + codec::base64_encode("id:phc_a")}, &tokens),
            "phc_a");
  EXPECT_EQ(token_of({.authorization = "Basic " + codec::base64_encode("phc_a:")}, &tokens),
            "phc_a");
}

TEST(Pixel, DotsNestAndQuotesComeOff) {
  EXPECT_EQ(call_of("writeKey=k&anonymousId=%22a%22&event=seen&context.page.url=x&context.page."
                    "title=T&context.ip=1.2.3.4&properties.a.b=1"),
            R"({"anonymousId":"a","event":"seen","context":{"page":{"url":"x","title":"T"},)"
            R"("ip":"1.2.3.4"},"properties":{"a":{"b":"1"}},"type":"track"})");
  EXPECT_EQ(read_pixel("a=1&writeKey=k", "track")->write_key, "k");
  EXPECT_EQ(call_of("type=identify&name=&anonymousId=%22", "page"),
            R"({"type":"page","name":"Unknown Page","anonymousId":"\""})");
  EXPECT_EQ(call_of("a=1&a.b=2&.x=3&y.=4&"), R"({"a":{"b":"2"},".x":"3","y.":"4","type":"track"})");
  EXPECT_EQ(call_of("a.b.c.d.e.f.g.h.i.j=1"),
            R"({"a":{"b":{"c":{"d":{"e":{"f":{"g":{"h.i.j":"1"}}}}}}},"type":"track"})");
  EXPECT_EQ(call_of("a=%ff"), "not_utf8");
  EXPECT_EQ(call_of("", ""), "{}");
}

TEST(Pixel, AWholeCallMayStandInData) {
  const std::string data =
      "data=" + codec::base64_encode(R"({"event":"e","context":{"ip":"x","n":1.50}})");
  EXPECT_EQ(call_of(data + "&context.ip=y&writekey=k&cookie_domain=d&destination_url=u", ""),
            R"({"event":"e","context":{"ip":"y","n":1.50}})");
  EXPECT_EQ(call_of("data=%21"), "not_json");
  EXPECT_EQ(call_of("data=" + codec::base64_encode("[]")), "not_json");
}

TEST(CallRequest, TheAddressIsTheUsersOnly) {
  const SegmentEndpoint server{.call = SegmentCall::track};
  const SegmentEndpoint browser = *jitsu_endpoint_of_path("/api/s/track");
  const std::string named = R"(,"context":{"ip":"198.51.100.1","userAgent":"agent"})";
  EXPECT_EQ(envelope_of(server, R"(,"channel":"web")").ip, "192.0.2.7");
  EXPECT_EQ(envelope_of(server, R"(,"channel":"mobile")").ip, "192.0.2.7");
  EXPECT_EQ(envelope_of(server, R"(,"channel":"server","context":{"userAgent":"agent"})").ip, "");
  EXPECT_EQ(envelope_of(server, R"(,"channel":"server","request_ip":"198.51.100.2")").ip,
            "198.51.100.2");
  EXPECT_EQ(envelope_of(server, named).ip, "198.51.100.1");
  EXPECT_EQ(envelope_of(server, R"(,"context":{"page":{},"userAgent":null})").ip, "");
  EXPECT_EQ(envelope_of(browser, named).ip, "192.0.2.7");
  const SegmentEndpoint s2s = *jitsu_endpoint_of_path("/api/s/s2s/track");
  EXPECT_EQ(envelope_of(s2s, named).ip, "198.51.100.1");
  EXPECT_EQ(envelope_of(s2s, R"(,"context":{"page":{"url":"x"}})").ip, "");
}

TEST(CallRequest, TheDevicesHeadersStandInForAMissingAgent) {
  const SegmentEndpoint browser = *jitsu_endpoint_of_path("/api/s/track");
  constexpr std::string_view device = R"({"userAgent":"header","locale":"de"})";
  EXPECT_EQ(envelope_of(browser, "", {.device_context = device}).context, device);
  EXPECT_EQ(
      envelope_of(browser, R"(,"context":{"userAgent":"own"})", {.device_context = device}).context,
      "");
  const auto batch =
      decode(*rudder_endpoint_of_path("/beacon/v1/batch"),
             R"({"context":{"locale":"en"},"batch":[{"type":"track","event":"e","userId":"u"}]})",
             {.device_context = device});
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->events[0].envelope.context, R"({"userAgent":"header","locale":"en"})");
}

TEST(CallRequest, WithoutIdsACallStandsForItselfWhereThatIsAllowed) {
  const SegmentEndpoint browser = *jitsu_endpoint_of_path("/api/s/event");
  const std::string body = R"({"type":"page","messageId":"0198b0c1-0000-7000-8000-000000000001"})";
  const auto kept = decode(browser, body, {.needs_ids = false});
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(kept->events[0].envelope.distinct_id, "0198b0c1-0000-7000-8000-000000000001");
  EXPECT_TRUE(kept->events[0].envelope.personless);
  EXPECT_EQ(outcome(decode(browser, body)), "400 missing_distinct_id");
  EXPECT_EQ(outcome(decode(browser, R"({"userId":"u"})")), "400 invalid_event");
}

TEST(CallRequest, APixelsPathNamesTheCall) {
  const auto verdict = decode(*rudder_endpoint_of_path("/pixel/v1/page"),
                              "writeKey=phc_b&type=identify&anonymousId=a&properties.url=x");
  ASSERT_TRUE(verdict.has_value()) << outcome(verdict);
  EXPECT_EQ(verdict->events[0].envelope.event, "$pageview");
  EXPECT_EQ(verdict->events[0].envelope.ip, "192.0.2.7");
  const auto event = read_raw_event(verdict->events[0].envelope, verdict->events[0].raw);
  EXPECT_EQ(event->properties.find_text("$current_url"), "x");
}

}  // namespace
}  // namespace mr::event
