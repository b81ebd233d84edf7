#include "event/otel_request.h"

#include <algorithm>
#include <utility>

#include "codec/hex.h"
#include "codec/json_text.h"
#include "codec/utf8.h"
#include "event/distinct_id.h"
#include "event/otel_span.h"
#include "event/request_fields.h"

namespace mr::event {
namespace {

// The namespace of the identifiers of events that are made of spans.
constexpr codec::Uuid span_events = {{0xc1, 0x4a, 0x52, 0x9e, 0x06, 0x7b, 0x4d, 0x33, 0x8f, 0x10,
                                      0x2e, 0xb9, 0x91, 0x5d, 0x40, 0x6a}};

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

std::string_view text_or_nothing(std::string_view raw) {
  return json::is_string(raw) && raw != "\"\"" ? raw : std::string_view();
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

std::expected<std::string, Refusal> open_traces(BearerRequest& request) {
  if (!is_json_type(request.content_type)) {
    return refuse(415, RefusalReason::unsupported_content_type,
                  "traces are taken as OTLP/HTTP in JSON only: Content-Type must be "
                  "application/json");
  }
  auto text = open_body(request);
  if (text && (!json::is_valid(*text) || json::kind_of(codec::trim(*text)) != json::Kind::object)) {
    return refuse(400, RefusalReason::not_json, "the body is not a valid JSON object");
  }
  return text;
}

// Makes events of spans. Their texts lie one behind the other, and move until all are there.
class SpanWriter {
 public:
  SpanWriter(const BearerRequest& request, CapturedBatch& batch, UuidSource& uuids)
      : request_(request), batch_(batch), uuids_(uuids) {}

  void write(const OtelSpan& span) {
    if (!is_ai_span(span)) {
      ++batch_.count(DropReason::not_ai_span);
      return;
    }
    CapturedEvent captured;
    Envelope& envelope = captured.envelope;
    const EventTime time = time_of(span);
    captured.time_outcome = time.outcome;
    envelope.uuid = span.span_id.empty()
                        ? uuids_.next(time.time)
                        : codec::uuid_v5(span_events, span.trace_id + ":" + span.span_id);
    SpanEvent mapped = map_span(span, codec::to_string(envelope.uuid));
    envelope.distinct_id = normalise_distinct_id_text(mapped.distinct_id);
    if (envelope.distinct_id.empty()) envelope.distinct_id = codec::to_string(envelope.uuid);
    envelope.event = std::move(mapped.event);
    envelope.token = batch_.token;
    envelope.ip = request_.client_ip;
    envelope.arrival = request_.now;
    envelope.timestamp = time.time;
    json::Object event;
    event.set_text("event", envelope.event);
    event.set_text("distinct_id", envelope.distinct_id);
    event.set_text("uuid", codec::to_string(envelope.uuid));
    event.set("properties", mapped.properties.to_json());
    const std::string text = event.to_json();
    if (text.size() > request_.limits.bytes_max_of(envelope.event)) {
      ++batch_.count(DropReason::ai_event_too_big);
      return;
    }
    texts_ += text;
    ends_.push_back(texts_.size());
    batch_.events.push_back(std::move(captured));
  }

  void finish() {
    batch_.body = std::make_unique<const std::string>(std::move(texts_));
    size_t begin = 0;
    for (size_t i = 0; i < ends_.size(); ++i) {
      batch_.events[i].raw = std::string_view(*batch_.body).substr(begin, ends_[i] - begin);
      begin = ends_[i];
    }
  }

 private:
  EventTime time_of(const OtelSpan& span) const {
    TimeInput input;
    const std::string started = format_rfc3339(WallTime{span.started_nanos / 1'000'000});
    if (span.started_nanos > 0) input.timestamp = started;
    input.now = request_.now;
    return compute_event_time(input);
  }

  const BearerRequest& request_;
  CapturedBatch& batch_;
  UuidSource& uuids_;
  std::string texts_;
  std::vector<size_t> ends_;
};

std::optional<Refusal> write_spans(std::string_view text, SpanWriter& writer) {
  size_t count = 0;
  for (const std::string_view group : items_of(json::member_of(text, "resourceSpans"))) {
    const json::Object resource =
        attributes_of(json::member_of(json::member_of(group, "resource"), "attributes"), 0);
    for (const std::string_view scope : items_of(json::member_of(group, "scopeSpans"))) {
      const std::string_view version =
          text_or_nothing(json::member_of(json::member_of(scope, "scope"), "version"));
      for (const std::string_view raw : items_of(json::member_of(scope, "spans"))) {
        if (++count > otel_spans_max) {
          return Refusal{
              413, RefusalReason::too_many_events,
              "the request holds more than " + std::to_string(otel_spans_max) + " spans"};
        }
        OtelSpan span = read_span(raw);
        span.resource = &resource;
        span.library_version = version;
        writer.write(span);
      }
    }
  }
  return std::nullopt;
}

}  // namespace

CaptureVerdict decode_otel_request(BearerRequest request, UuidSource& uuids) {
  auto token = read_bearer_token(request.authorization);
  if (!token) return std::unexpected(std::move(token).error());
  const auto text = open_traces(request);
  if (!text) return std::unexpected(text.error());
  CapturedBatch batch;
  batch.token = *std::move(token);
  SpanWriter writer(request, batch, uuids);
  if (auto refusal = write_spans(codec::trim(*text), writer)) {
    return std::unexpected(*std::move(refusal));
  }
  writer.finish();
  return batch;
}

}  // namespace mr::event
