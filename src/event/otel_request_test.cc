#include "event/otel_request.h"

#include <gtest/gtest.h>

#include "codec/gzip.h"
#include "codec/json_text.h"
#include "event/otel_span.h"
#include "event/raw_event.h"
#include "event/test_support.h"

namespace mr::event {
namespace {

constexpr WallTime now{1'767'323'045'678};  // 2026-01-02T03:04:05.678Z
constexpr std::string_view ids =
    R"("traceId":"0102030405060708090A0B0C0D0E0F10","spanId":"0102030405060708",)";

CaptureVerdict decode(std::string body, std::string_view authorization = "Bearer phc_t",
                      std::string_view content_type = "application/json") {
  CountingUuids uuids;
  BearerRequest request;
  if (!authorization.empty()) request.authorization = authorization;
  request.content_type = content_type;
  request.body = std::move(body);
  request.now = now;
  request.client_ip = "192.0.2.7";
  return decode_otel_request(std::move(request), uuids);
}

std::string trace_of(std::string_view spans, std::string_view resource = "") {
  return R"({"resourceSpans":[{"resource":{"attributes":[)" + std::string(resource) +
         R"(]},"scopeSpans":[{"scope":{"name":"x","version":"6.7.1"},"spans":[)" +
         std::string(spans) + "]}]}]}";
}

std::string text(std::string_view key, std::string_view value) {
  return R"({"key":")" + std::string(key) + R"(","value":{"stringValue":)" + json::quote(value) +
         "}}";
}

// A span with these attributes; `more` stands before them.
std::string span_of(std::string_view attributes, std::string_view more = ids) {
  return "{" + std::string(more) +
         R"("name":"chat gpt","startTimeUnixNano":"1767323040000000000",)" +
         R"("endTimeUnixNano":1767323041500000000,"attributes":[)" + std::string(attributes) + "]}";
}

// An event with the request that it borrows from.
struct OwnedEvent : RawEvent {
  OwnedEvent(RawEvent event, CaptureVerdict from)
      : RawEvent(std::move(event)), request(std::move(from)) {}
  CaptureVerdict request;
};

// The only event of a trace of one span, as ingest reads it.
OwnedEvent event_of(std::string_view span, std::string_view resource = "") {
  auto verdict = decode(trace_of(span, resource));
  EXPECT_EQ(outcome(verdict), "accepted 1");
  const CapturedEvent& captured = verdict->events.at(0);
  auto event = read_raw_event(captured.envelope, captured.raw).value();
  return {std::move(event), std::move(verdict)};
}

std::string property(const RawEvent& event, std::string_view name) {
  return std::string(event.properties.find(name).value_or("absent"));
}

TEST(OtelRequest, AChatBecomesAGeneration) {
  const auto event = event_of(
      span_of(text("gen_ai.operation.name", "chat") + "," + text("gen_ai.system", "openai") + "," +
              text("gen_ai.response.model", "gpt-4o-mini") + "," +
              text("gen_ai.request.model", "gpt-4o") + "," +
              text("gen_ai.input.messages", R"([{"role":"user","n":1.50}])") + "," +
              text("gen_ai.output.messages", "no JSON") + "," + text("user.id", "u1") +
              R"(,{"key":"gen_ai.usage.input_tokens","value":{"intValue":"12345678901234567"}})" +
              R"(,{"key":"gen_ai.request.temperature","value":{"doubleValue":0.70}})"),
      text("service.name", "shop") + "," + text("host.name", "h"));
  EXPECT_EQ(event.event, "$ai_generation");
  EXPECT_EQ(event.distinct_id, "u1");
  EXPECT_EQ(event.timestamp, WallTime{1'767'323'040'000});
  EXPECT_EQ(property(event, "$ai_provider"), R"("openai")");
  EXPECT_EQ(property(event, "$ai_model"), R"("gpt-4o-mini")");
  EXPECT_EQ(property(event, "gen_ai.request.model"), "absent");
  EXPECT_EQ(property(event, "$ai_input"), R"([{"role":"user","n":1.50}])");
  EXPECT_EQ(property(event, "$ai_output_choices"), R"("no JSON")");
  EXPECT_EQ(property(event, "$ai_input_tokens"), "12345678901234567");
  EXPECT_EQ(property(event, "gen_ai.request.temperature"), "0.70");
  EXPECT_EQ(property(event, "$ai_trace_id"), R"("0102030405060708090a0b0c0d0e0f10")");
  EXPECT_EQ(property(event, "$ai_span_id"), R"("0102030405060708")");
  EXPECT_EQ(property(event, "$ai_span_name"), R"("chat gpt")");
  EXPECT_EQ(property(event, "$ai_latency"), "1.500000000");
  EXPECT_EQ(property(event, "$ai_parent_id"), "absent");
  EXPECT_EQ(property(event, "$ai_is_error"), "absent");
  EXPECT_EQ(property(event, "service.name"), R"("shop")");
  EXPECT_EQ(property(event, "host.name"), "absent");
  EXPECT_EQ(property(event, "user.id"), "absent");
  EXPECT_EQ(property(event, "$lib"), R"("posthog-otel")");
  EXPECT_EQ(property(event, "$lib_version"), R"("6.7.1")");
  EXPECT_EQ(property(event, "$ip"), R"("192.0.2.7")");
}

TEST(OtelRequest, TheOperationNamesTheEvent) {
  const std::string child = std::string(ids) + R"("parentSpanId":"0102030405060709",)";
  const auto name = [&](std::string_view key, std::string_view value) {
    return event_of(span_of(text(key, value), child)).event;
  };
  EXPECT_EQ(name("gen_ai.operation.name", "embeddings"), "$ai_embedding");
  EXPECT_EQ(name("gen_ai.operation.name", "execute_tool"), "$ai_span");
  EXPECT_EQ(name("llm.request.type", "completion"), "$ai_generation");
  EXPECT_EQ(name("llm.request.type", "embedding"), "$ai_embedding");
  EXPECT_EQ(name("ai.operationId", "ai.streamText.doStream"), "$ai_generation");
  EXPECT_EQ(name("ai.operationId", "ai.embed.doEmbed"), "$ai_embedding");
  EXPECT_EQ(name("ai.operationId", "ai.toolCall"), "$ai_span");
  EXPECT_EQ(name("traceloop.entity.name", "x"), "$ai_span");
  EXPECT_EQ(event_of(span_of(text("gen_ai.tool.name", "x"))).event, "$ai_trace");
}

TEST(OtelRequest, ASpanStandsOverItsResource) {
  const std::string resource = text("service.name", "shop") + "," + text("a", "1") + "," +
                               text("b", "2") + "," + text("gen_ai.system", "r") + "," +
                               text("gen_ai.response.model", "m") + "," + text("$lib", "own");
  const auto shared = event_of(span_of(text("ai.x", "y")), resource);
  EXPECT_EQ(property(shared, "a"), R"("1")");
  EXPECT_EQ(property(shared, "$ai_provider"), R"("r")");
  EXPECT_EQ(property(shared, "$ai_model"), R"("m")");
  EXPECT_EQ(property(shared, "$lib"), R"("own")");
  EXPECT_EQ(property(shared, "gen_ai.system"), "absent");
  const auto own = event_of(span_of(text("ai.x", "y") + "," + text("b", "3") + "," +
                                    text("service.name", "s") + "," + text("gen_ai.system", "t")),
                            resource);
  EXPECT_EQ(property(own, "a"), R"("1")");
  EXPECT_EQ(property(own, "b"), R"("3")");
  EXPECT_EQ(property(own, "service.name"), R"("s")");
  EXPECT_EQ(property(own, "$ai_provider"), R"("t")");
  const std::string& raw = *own.request->body;
  EXPECT_EQ(raw.find(R"("b":)"), raw.rfind(R"("b":)"));
}

TEST(OtelRequest, FieldsComeInAnyOrder) {
  const auto verdict =
      decode(R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[)"
             R"({"value":{"kvlistValue":{"values":[{"value":{"intValue":1},"key":"k"},)"
             R"({"key":"l"},{"key":"k","value":{"intValue":2}}]}},"key":"ai.map"}]}],)"
             R"("scope":{"version":"1"}}],"resource":{"attributes":[)" +
             text("user.id", "u") + "]}}]}");
  ASSERT_EQ(outcome(verdict), "accepted 1");
  EXPECT_EQ(verdict->events.at(0).envelope.distinct_id, "u");
  EXPECT_TRUE(verdict->events.at(0).raw.contains(R"("ai.map":{"k":2,"l":null})"));
  EXPECT_TRUE(verdict->events.at(0).raw.contains(R"("$lib_version":"1")"));
}

TEST(OtelRequest, BodiesMayBePacked) {
  const std::string body = trace_of(span_of(text("ai.x", "y")));
  const auto packed = [&](std::string_view encoding, std::string bytes) {
    CountingUuids uuids;
    return outcome(decode_otel_request({.authorization = "Bearer phc_t",
                                        .content_type = "application/json",
                                        .content_encoding = encoding,
                                        .body = std::move(bytes),
                                        .now = now},
                                       uuids));
  };
  // An empty trace, {}, as zlib packs it.
  const std::string zlib("\x78\x9c\xab\xae\x05\x00\x01\x75\x00\xf9", 10);
  EXPECT_EQ(packed("deflate", zlib), "accepted 0");
  EXPECT_EQ(packed("deflate", zlib.substr(0, 9)), "400 damaged_body");
  EXPECT_EQ(packed("gzip", codec::gzip(body)), "accepted 1");
  EXPECT_EQ(packed("", codec::gzip(body)), "accepted 1");
  EXPECT_EQ(packed("identity", body), "accepted 1");
  EXPECT_EQ(packed("snappy", body), "400 unsupported_encoding");
}

TEST(OtelRequest, ThePersonIsTheSpansOrTheTraces) {
  const std::string tool = text("gen_ai.tool.name", "x");
  const auto id = [&](std::string_view attributes, std::string_view more = ids,
                      std::string_view resource = "") {
    return event_of(span_of(tool + std::string(attributes), more), resource).distinct_id;
  };
  EXPECT_EQ(id("," + text("posthog.distinct_id", "a") + "," + text("user.id", "b")), "a");
  EXPECT_EQ(id("", ids, text("user.id", "c")), "c");
  EXPECT_EQ(id(""), id(""));
  EXPECT_EQ(id("", R"("traceId":"00","spanId":"01",)").size(), 36u);
  EXPECT_NE(id(""), id("", R"("traceId":"02","spanId":"0102030405060708",)"));
  const std::string session = "," + text("gen_ai.conversation.id", "s");
  EXPECT_EQ(id(session), id(session, R"("traceId":"02","spanId":"01",)"));
}

TEST(OtelRequest, ARepeatedRequestBringsTheSameEvents) {
  const std::string body = trace_of(span_of(text("gen_ai.tool.name", "x")));
  const auto first = decode(body);
  const auto again = decode(codec::gzip(body));
  EXPECT_EQ(first->events.at(0).envelope.uuid, again->events.at(0).envelope.uuid);
  EXPECT_EQ(first->events.at(0).raw, again->events.at(0).raw);
}

TEST(OtelRequest, AttributesOfEveryKindAndFailures) {
  std::string deep = R"({"intValue":"1"})";
  for (int i = 0; i < 40; ++i) deep = R"({"arrayValue":{"values":[)" + deep + "]}}";
  const auto event = event_of(span_of(
      R"({"key":"ai.list","value":{"arrayValue":{"values":[)"
      R"({"boolValue":true},{"stringValue":"a"}]}}},)"
      R"({"key":"ai.map","value":{"kvlistValue":{"values":[)"
      R"({"key":"k","value":{"doubleValue":"NaN"}}]}}},)"
      R"({"key":"ai.none","value":{}},{"key":"ai.odd","value":7},{"value":{"boolValue":true}},)"
      R"({"key":"ai.deep","value":)" +
          deep + "}",
      std::string(ids) + R"("status":{"code":2,"message":"no \"luck\""},)"));
  EXPECT_EQ(property(event, "ai.list"), R"([true,"a"])");
  EXPECT_EQ(property(event, "ai.map"), R"({"k":null})");
  EXPECT_EQ(property(event, "ai.none"), "null");
  EXPECT_EQ(property(event, "ai.odd"), "null");
  EXPECT_NE(property(event, "ai.deep").find("null"), std::string::npos);
  EXPECT_EQ(property(event, "$ai_is_error"), "true");
  EXPECT_EQ(property(event, "$ai_error"), R"("no \"luck\"")");
}

TEST(OtelRequest, OtherSpansAndThoseBehindTheLastAreCounted) {
  const std::string other = span_of(text("http.method", "GET"));
  const auto verdict = decode(trace_of(other + "," + span_of(text("ai.x", "y")) + ",7"));
  ASSERT_EQ(outcome(verdict), "accepted 1");
  EXPECT_EQ(verdict->dropped[static_cast<size_t>(DropReason::not_ai_span)], 2u);
  EXPECT_EQ(outcome(decode("{}")), "accepted 0");
  EXPECT_EQ(outcome(decode(R"({"resourceSpans":7})")), "accepted 0");
  std::string many = other;
  for (size_t i = 0; i < otel_spans_max; ++i) many += "," + other;
  const auto bound = decode(trace_of(many));
  ASSERT_EQ(outcome(bound), "accepted 0");
  EXPECT_EQ(bound->dropped[static_cast<size_t>(DropReason::not_ai_span)], otel_spans_max);
  EXPECT_EQ(bound->dropped[static_cast<size_t>(DropReason::over_batch_count)], 1u);
}

TEST(OtelRequest, WhatIsNoTraceIsRefused) {
  EXPECT_EQ(outcome(decode("{}", "")), "401 missing_token");
  EXPECT_EQ(outcome(decode("{}", "Bearer ")), "401 malformed_token");
  EXPECT_EQ(outcome(decode("{}", "Bearer phc_t", "text/plain")), "415 unsupported_content_type");
  EXPECT_EQ(outcome(decode("")), "400 empty_payload");
  EXPECT_EQ(outcome(decode("[]")), "400 not_json");
  EXPECT_EQ(outcome(decode("{")), "400 not_json");
}

}  // namespace
}  // namespace mr::event
