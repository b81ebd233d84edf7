#include "event/otel_json.h"

#include <algorithm>
#include <string>
#include <vector>

#include "codec/hex.h"
#include "codec/json_text.h"
#include "codec/utf8.h"

namespace mr::event {
namespace {

// The items of an array; none for anything else. The text was validated as a whole.
std::vector<std::string_view> items_of(std::string_view raw) {
  if (json::kind_of(raw) != json::Kind::array) return {};
  return json::split_array(raw).value_or(std::vector<std::string_view>());
}

std::string json_of(std::string_view value, int depth);

std::string array_of(std::string_view array, int depth) {
  std::string out = "[";
  for (const std::string_view item : items_of(json::member_of(array, "values"))) {
    if (out.size() > 1) out += ',';
    out += json_of(item, depth + 1);
  }
  return out += ']';
}

json::Object attributes_of(std::string_view list, int depth) {
  json::Object attributes;
  std::string scratch;
  for (const std::string_view item : items_of(list)) {
    const std::string_view key = json::text_of(json::member_of(item, "key"), scratch);
    if (key.empty()) continue;
    attributes.set(key, json_of(json::member_of(item, "value"), depth + 1));
  }
  return attributes;
}

// 64-bit integers come as texts, because JavaScript has none.
std::string number_of(std::string_view raw) {
  std::string scratch;
  const std::string_view text = json::is_string(raw) ? json::text_of(raw, scratch) : raw;
  const bool is_number = json::kind_of(text) == json::Kind::number && json::is_valid(text);
  return is_number ? std::string(text) : "null";
}

// The JSON of a value that OTLP wraps by its kind: {"intValue":"7"}.
std::string json_of(std::string_view value, int depth) {
  if (depth > otel_attribute_depth_max || json::kind_of(value) != json::Kind::object) return "null";
  json::Reader reader(value);
  reader.enter_object();
  std::string_view kind;
  while (reader.next_member(kind)) {
    const std::string_view raw = reader.value();
    if (kind == "stringValue" || kind == "bytesValue") {
      return std::string(json::is_string(raw) ? raw : "null");
    }
    if (kind == "boolValue") return json::is_true(raw) ? "true" : "false";
    if (kind == "intValue" || kind == "doubleValue") return number_of(raw);
    if (kind == "arrayValue") return array_of(raw, depth);
    if (kind == "kvlistValue") {
      return attributes_of(json::member_of(raw, "values"), depth).to_json();
    }
  }
  return "null";
}

// An identifier in hexadecimal; one of nothing but zeros is none.
std::string id_of(std::string_view raw) {
  std::string scratch;
  std::string id = codec::lower_ascii(json::text_of(raw, scratch));
  const bool is_hex =
      std::ranges::all_of(id, [](char c) { return codec::hex_digit_value(c) >= 0; });
  return is_hex && id.find_first_not_of('0') != std::string::npos ? id : std::string();
}

int64_t nanos_of(std::string_view raw) {
  return std::max<int64_t>(json::as_int64(number_of(raw)).value_or(0), 0);
}

std::string text_or_nothing(std::string_view raw) {
  return std::string(json::is_string(raw) && raw != "\"\"" ? raw : std::string_view());
}

OtelSpan read_span(std::string_view raw) {
  OtelSpan span;
  span.trace_id = id_of(json::member_of(raw, "traceId"));
  span.span_id = id_of(json::member_of(raw, "spanId"));
  span.parent_span_id = id_of(json::member_of(raw, "parentSpanId"));
  span.name = text_or_nothing(json::member_of(raw, "name"));
  span.started_nanos = nanos_of(json::member_of(raw, "startTimeUnixNano"));
  span.ended_nanos = nanos_of(json::member_of(raw, "endTimeUnixNano"));
  const std::string_view status = json::member_of(raw, "status");
  const std::string_view code = json::member_of(status, "code");
  span.failed = code == "2" || code == R"("STATUS_CODE_ERROR")";
  span.failure = text_or_nothing(json::member_of(status, "message"));
  span.attributes = attributes_of(json::member_of(raw, "attributes"), 0);
  return span;
}

}  // namespace

void read_otel_json(std::string_view text, OtelSpanSink& sink) {
  for (const std::string_view group :
       items_of(json::member_of(codec::trim(text), "resourceSpans"))) {
    const json::Object resource = usable_resource(
        attributes_of(json::member_of(json::member_of(group, "resource"), "attributes"), 0));
    for (const std::string_view scope : items_of(json::member_of(group, "scopeSpans"))) {
      const std::string version =
          text_or_nothing(json::member_of(json::member_of(scope, "scope"), "version"));
      for (const std::string_view raw : items_of(json::member_of(scope, "spans"))) {
        OtelSpan span = read_span(raw);
        span.resource = &resource;
        span.library_version = version;
        if (!sink.take(span)) return;
      }
    }
  }
}

}  // namespace mr::event
