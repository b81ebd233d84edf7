#include "event/otel_protobuf.h"

#include <gtest/gtest.h>

#include <limits>
#include <protozero/pbf_writer.hpp>

#include "codec/gzip.h"
#include "codec/json_text.h"
#include "event/otel_request.h"
#include "event/raw_event.h"
#include "event/test_support.h"

namespace mr::event {
namespace {

using protozero::pbf_writer;

// The messages of OTLP, by the numbers of their fields (opentelemetry-proto, trace/v1 and
// common/v1), written by something else than what reads them.

// A message of which `fill` writes the fields.
template <typename Fill>
std::string message(Fill fill) {
  std::string bytes;
  pbf_writer writer(bytes);
  fill(writer);
  return bytes;
}

std::string text_value(std::string_view text) {
  return message([&](pbf_writer& value) { value.add_string(1, text.data(), text.size()); });
}
std::string bool_value(bool truth) {
  return message([&](pbf_writer& value) { value.add_bool(2, truth); });
}
std::string int_value(int64_t number) {
  return message([&](pbf_writer& value) { value.add_int64(3, number); });
}
std::string double_value(double number) {
  return message([&](pbf_writer& value) { value.add_double(4, number); });
}
std::string bytes_value(std::string_view bytes) {
  return message([&](pbf_writer& value) { value.add_bytes(7, bytes.data(), bytes.size()); });
}
// A message of one repeated field of that number.
std::string list_of(protozero::pbf_tag_type tag, const std::vector<std::string>& items) {
  return message([&](pbf_writer& list) {
    for (const std::string& item : items) list.add_message(tag, item);
  });
}
std::string array_value(const std::vector<std::string>& items) {
  return list_of(5, {list_of(1, items)});
}
std::string map_value(const std::vector<std::string>& attributes) {
  return list_of(6, {list_of(1, attributes)});
}
std::string attribute(std::string_view key, const std::string& value) {
  return message([&](pbf_writer& item) {
    item.add_string(1, key.data(), key.size());
    item.add_message(2, value);
  });
}
std::string text(std::string_view key, std::string_view value) {
  return attribute(key, text_value(value));
}

const std::string trace_id("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10");
const std::string span_id("\x01\x02\x03\x04\x05\x06\x07\xff");

std::string span_of(const std::vector<std::string>& attributes, std::string_view more = "") {
  return message([&](pbf_writer& span) {
           span.add_bytes(1, trace_id);
           span.add_bytes(2, span_id);
           span.add_string(3, "state=1");
           span.add_string(5, "chat gpt");
           span.add_enum(6, 3);
           span.add_fixed64(7, 1'767'323'040'000'000'000);
           span.add_fixed64(8, 1'767'323'041'500'000'000);
           for (const std::string& item : attributes) span.add_message(9, item);
           span.add_uint32(10, 1);
           span.add_fixed32(16, 1);
         }) +
         std::string(more);
}

std::string trace_of(const std::vector<std::string>& spans,
                     const std::vector<std::string>& resource = {}) {
  const std::string scope_spans = message([&](pbf_writer& scope) {
    scope.add_message(1, message([](pbf_writer& of) {
                        of.add_string(1, "x");
                        of.add_string(2, "6.7.1");
                      }));
    for (const std::string& span : spans) scope.add_message(2, span);
    scope.add_string(3, "https://schema");
  });
  return list_of(1, {message([&](pbf_writer& group) {
                   group.add_message(1, list_of(1, resource));
                   group.add_message(2, scope_spans);
                 })});
}

CaptureVerdict decode(std::string body, std::string_view content_type = "application/x-protobuf") {
  CountingUuids uuids;
  BearerRequest request;
  request.authorization = "Bearer phc_t";
  request.content_type = content_type;
  request.body = std::move(body);
  request.now = {1'767'323'045'678};
  return decode_otel_request(std::move(request), uuids);
}

// The properties of the only event of a request.
json::Object properties_of(const std::string& body) {
  const auto verdict = decode(body);
  EXPECT_EQ(outcome(verdict), "accepted 1");
  if (!verdict || verdict->events.empty()) return {};
  const std::string_view properties = json::member_of(verdict->events.at(0).raw, "properties");
  return json::Object::parse(properties).value();
}

// What an attribute with this AnyValue becomes.
std::string json_of(const std::string& value) {
  const auto properties = properties_of(trace_of({span_of({attribute("ai.x", value)})}));
  return std::string(properties.find("ai.x").value_or("absent"));
}

TEST(OtelProtobuf, BringsTheSameEventsAsJson) {
  const std::string json =
      R"({"resourceSpans":[{"resource":{"attributes":[)"
      R"({"key":"service.name","value":{"stringValue":"shop"}},)"
      R"({"key":"host.name","value":{"stringValue":"h"}}]},)"
      R"("scopeSpans":[{"scope":{"name":"x","version":"6.7.1"},"spans":[)"
      R"({"traceId":"0102030405060708090A0B0C0D0E0F10","spanId":"01020304050607ff",)"
      R"("parentSpanId":"0102030405060709","name":"chat gpt",)"
      R"("startTimeUnixNano":"1767323040000000000","endTimeUnixNano":"1767323041500000000",)"
      R"("status":{"code":2,"message":"no \"luck\""},"attributes":[)"
      R"({"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},)"
      R"({"key":"gen_ai.input.messages","value":{"stringValue":"[{\"n\":1.50}]"}},)"
      R"({"key":"gen_ai.usage.input_tokens","value":{"intValue":"9007199254740993"}},)"
      R"({"key":"gen_ai.request.temperature","value":{"doubleValue":0.7}},)"
      R"({"key":"ai.raw","value":{"bytesValue":"AP8="}},)"
      R"({"key":"ai.list","value":{"arrayValue":{"values":[{"boolValue":true},{}]}}},)"
      R"({"key":"ai.map","value":{"kvlistValue":{"values":[)"
      R"({"key":"k","value":{"stringValue":"ö\n"}}]}}}]}]}]}]})";
  const std::string more = message([](pbf_writer& span) {
    span.add_bytes(4, std::string("\x01\x02\x03\x04\x05\x06\x07\x09"));
    span.add_message(15, message([](pbf_writer& status) {
                       status.add_string(2, "no \"luck\"");
                       status.add_enum(3, 2);
                     }));
  });
  const std::string protobuf =
      trace_of({span_of({text("gen_ai.operation.name", "chat"),
                         text("gen_ai.input.messages", R"([{"n":1.50}])"),
                         attribute("gen_ai.usage.input_tokens", int_value(9'007'199'254'740'993)),
                         attribute("gen_ai.request.temperature", double_value(0.7)),
                         attribute("ai.raw", bytes_value(std::string_view("\0\xff", 2))),
                         attribute("ai.list", array_value({bool_value(true), ""})),
                         attribute("ai.map", map_value({text("k", "ö\n")}))},
                        more)},
               {text("service.name", "shop"), text("host.name", "h")});
  const auto wanted = decode(json, "application/json");
  ASSERT_EQ(outcome(wanted), "accepted 1");
  for (const std::string& body : {protobuf, codec::gzip(protobuf)}) {
    const auto got = decode(body);
    ASSERT_EQ(outcome(got), "accepted 1");
    EXPECT_EQ(got->events.at(0).raw, wanted->events.at(0).raw);
    EXPECT_EQ(got->events.at(0).envelope, wanted->events.at(0).envelope);
  }
}

TEST(OtelProtobuf, ValuesOfEveryKind) {
  EXPECT_EQ(json_of(text_value("a\"\x01")), R"("a\"\u0001")");
  EXPECT_EQ(json_of(text_value("a\xff\xc3")), "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
  EXPECT_EQ(json_of(text_value("")), R"("")");
  EXPECT_EQ(json_of(bool_value(true)), "true");
  EXPECT_EQ(json_of(bool_value(false)), "false");
  // Two bytes that say the same as one.
  EXPECT_EQ(json_of(std::string("\x10\x80\x01", 3)), "true");
  EXPECT_EQ(json_of(int_value(0)), "0");
  EXPECT_EQ(json_of(int_value(std::numeric_limits<int64_t>::max())), "9223372036854775807");
  EXPECT_EQ(json_of(int_value(std::numeric_limits<int64_t>::min())), "-9223372036854775808");
  EXPECT_EQ(json_of(bytes_value("")), R"("")");
  EXPECT_EQ(json_of(array_value({})), "[]");
  EXPECT_EQ(json_of(array_value({int_value(1), array_value({text_value("b")})})), R"([1,["b"]])");
  EXPECT_EQ(json_of(map_value({text("k", "1"), text("l", "2"), text("k", "3"), text("", "4")})),
            R"({"k":"3","l":"2"})");
  EXPECT_EQ(json_of(map_value({text("a\xff", "1")})), "{\"a\xef\xbf\xbd\":\"1\"}");
  EXPECT_EQ(json_of(""), "null");
  // Of several kinds the last one counts, as in every reader of protobuf.
  EXPECT_EQ(json_of(text_value("a") + int_value(7)), "7");
}

TEST(OtelProtobuf, NumbersAreTheShortestThatReadTheSame) {
  EXPECT_EQ(json_of(double_value(0.1)), "0.1");
  EXPECT_EQ(json_of(double_value(-2)), "-2");
  EXPECT_EQ(json_of(double_value(100'000)), "100000");
  EXPECT_EQ(json_of(double_value(0.000001)), "0.000001");
  EXPECT_EQ(json_of(double_value(1e21)), "1e+21");
  EXPECT_EQ(json_of(double_value(5e-324)), "5e-324");
  EXPECT_EQ(json_of(double_value(std::numeric_limits<double>::max())), "1.7976931348623157e+308");
  EXPECT_EQ(json_of(double_value(std::numeric_limits<double>::infinity())), "null");
  EXPECT_EQ(json_of(double_value(std::numeric_limits<double>::quiet_NaN())), "null");
}

TEST(OtelProtobuf, WhatNestsTooDeepIsNull) {
  const auto nested = [](int levels) {
    std::string deep = int_value(1);
    for (int i = 0; i < levels; ++i) {
      deep = i % 2 == 0 ? array_value({deep}) : map_value({attribute("k", deep)});
    }
    return json_of(deep);
  };
  // The attribute itself is the first level.
  EXPECT_NE(nested(otel_attribute_depth_max - 1).find('1'), std::string::npos);
  EXPECT_EQ(nested(otel_attribute_depth_max).find('1'), std::string::npos);
  EXPECT_NE(nested(otel_attribute_depth_max).find("null"), std::string::npos);
  EXPECT_NE(nested(5'000).find("null"), std::string::npos);
}

TEST(OtelProtobuf, IdentifiersAndTimesThatSayNothingAreAbsent) {
  const std::string bare = message([&](pbf_writer& span) {
    span.add_bytes(1, std::string(16, '\0'));
    span.add_bytes(2, std::string());
    span.add_fixed64(7, std::numeric_limits<uint64_t>::max());
    span.add_message(9, text("ai.x", "y"));
  });
  const auto verdict = decode(trace_of({bare}));
  ASSERT_EQ(outcome(verdict), "accepted 1");
  const CapturedEvent& event = verdict->events.at(0);
  EXPECT_EQ(event.envelope.timestamp, event.envelope.arrival);
  const std::string_view properties = json::member_of(event.raw, "properties");
  for (const auto* absent : {"$ai_trace_id", "$ai_span_id", "$ai_span_name", "$ai_latency"}) {
    EXPECT_EQ(json::member_of(properties, absent), "") << absent;
  }
}

TEST(OtelProtobuf, FieldsComeInAnyOrder) {
  const std::string resource = list_of(1, {list_of(1, {text("service.name", "shop")})});
  const std::string scope = list_of(1, {message([](pbf_writer& of) { of.add_string(2, "9"); })});
  const std::string spans = list_of(2, {span_of({text("ai.x", "y")})});
  const auto properties = properties_of(list_of(1, {list_of(2, {spans + scope}) + resource}));
  EXPECT_EQ(properties.find("service.name"), R"("shop")");
  EXPECT_EQ(properties.find("$lib_version"), R"("9")");
}

TEST(OtelProtobuf, UnknownFieldsAndOtherWireTypesAreSkipped) {
  // Each known field of a span once more, of a wire type that it does not have.
  const std::string odd = message([](pbf_writer& span) {
    for (const protozero::pbf_tag_type tag : {1, 2, 4, 5, 9, 15}) span.add_fixed32(tag, 7);
    for (const protozero::pbf_tag_type tag : {7, 8}) span.add_uint64(tag, 7);
    span.add_string(200, "of a later version");
  });
  const std::string odd_value = message([](pbf_writer& value) {
    for (const protozero::pbf_tag_type tag : {1, 4, 5, 6, 7}) value.add_uint64(tag, 7);
    for (const protozero::pbf_tag_type tag : {2, 3}) value.add_string(tag, "x");
  });
  const std::vector<std::string> attributes = {text("ai.x", "y"), attribute("ai.odd", odd_value)};
  const auto properties = properties_of(trace_of({span_of(attributes, odd)}));
  EXPECT_EQ(properties.find("$ai_span_name"), R"("chat gpt")");
  EXPECT_EQ(properties.find("$ai_latency"), "1.500000000");
  EXPECT_EQ(properties.find("ai.odd"), "null");
  const std::string group = message([](pbf_writer& request) { request.add_uint64(1, 7); });
  EXPECT_EQ(outcome(decode(group)), "accepted 0");
}

TEST(OtelProtobuf, WhatIsCutOffIsRefused) {
  const std::string whole = trace_of({span_of({text("ai.x", "y")})}, {text("service.name", "s")});
  EXPECT_EQ(outcome(decode(whole)), "accepted 1");
  EXPECT_EQ(outcome(decode("")), "accepted 0");
  EXPECT_EQ(outcome(decode(codec::gzip(""))), "accepted 0");
  for (size_t size = 1; size < whole.size(); ++size) {
    EXPECT_EQ(outcome(decode(whole.substr(0, size))), "400 not_protobuf") << size;
  }
}

TEST(OtelProtobuf, HostileBytesAreRefused) {
  using std::string;
  const std::vector<string> bodies = {
      "{}",                                            // JSON under the wrong type
      string("\x0a\xff\xff\xff\xff\x0f", 6),           // a length of 4 GiB
      string(1, '\x0a') + string(9, '\xff') + '\x01',  // of 2^64 - 1
      string(1, '\x0a') + string(11, '\xff'),          // a varint without end
      string("\x02\x00", 2),                           // field 0
      string("\x0b\x0c", 2),                           // a group, which proto3 has not
      string("\x0f", 1),                               // a wire type that does not exist
      trace_of({span_of({attribute("ai.x", string("\x0a\x7f", 2))})}),  // longer than all around it
      trace_of({span_of({attribute("ai.x", string("\x21\x01", 2))})}),  // half a number
      trace_of({span_of({text("ai.x", "y")}, string("\x39\x01", 2))}),  // half a time
  };
  for (size_t i = 0; i < bodies.size(); ++i) {
    EXPECT_EQ(outcome(decode(bodies[i])), "400 not_protobuf") << i;
  }
}

uint32_t dropped(const CaptureVerdict& verdict, DropReason reason) {
  return verdict->dropped[static_cast<size_t>(reason)];
}

TEST(OtelProtobuf, SpansAreBoundInNumberAndSize) {
  const std::string one = span_of({text("ai.x", "y")});
  const auto many = decode(trace_of(std::vector(otel_spans_max + 2, one)));
  ASSERT_EQ(outcome(many), "accepted 10000");
  EXPECT_EQ(dropped(many, DropReason::over_batch_count), 2u);
  const auto shed = decode(trace_of({span_of({text("ai.x", std::string(9'000'000, 'x'))}), one,
                                     span_of({text("http.method", "GET")})}));
  ASSERT_EQ(outcome(shed), "accepted 1");
  EXPECT_EQ(dropped(shed, DropReason::ai_event_too_big), 1u);
  EXPECT_EQ(dropped(shed, DropReason::not_ai_span), 1u);
}

// Whatever the spans share: a request asks for no more than its own size allows.
TEST(OtelProtobuf, ALargeResourceIsNotRepeatedWithoutEnd) {
  const std::vector<std::string> spans(40, span_of({text("ai.x", "y")}));
  for (const std::string_view key : {"service.name", "user.id", "gen_ai.input.messages"}) {
    const auto verdict = decode(trace_of(spans, {text(key, std::string(1'000'000, ' '))}));
    ASSERT_EQ(outcome(verdict), "accepted 11") << key;
    EXPECT_EQ(dropped(verdict, DropReason::over_request_work), 29u) << key;
  }
}

TEST(OtelProtobuf, AttributesAreBoundInNumber) {
  std::vector<std::string> many;
  for (size_t i = 0; i <= otel_attributes_max; ++i) many.push_back(text(std::to_string(i), ""));
  many.front() = text("ai.x", "y");
  const auto own = decode(trace_of({span_of(many), span_of({text("ai.x", "y")})}));
  ASSERT_EQ(outcome(own), "accepted 1");
  EXPECT_EQ(dropped(own, DropReason::too_many_attributes), 1u);
  const auto shared = decode(trace_of({span_of({text("ai.x", "y")})}, many));
  ASSERT_EQ(outcome(shared), "accepted 0");
  EXPECT_EQ(dropped(shared, DropReason::too_many_attributes), 1u);
  // Repeats of one key cost work, too.
  const auto again = decode(trace_of({span_of(std::vector(300'000, text("ai.x", "y")))}));
  ASSERT_EQ(outcome(again), "accepted 0");
  EXPECT_EQ(dropped(again, DropReason::over_request_work), 1u);
}

}  // namespace
}  // namespace mr::event
