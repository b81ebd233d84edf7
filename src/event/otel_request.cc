#include "event/otel_request.h"

#include <utility>

#include "codec/json_text.h"
#include "codec/utf8.h"
#include "event/distinct_id.h"
#include "event/otel_json.h"
#include "event/otel_protobuf.h"
#include "event/request_fields.h"

namespace mr::event {
namespace {

// The namespace of the identifiers of events that are made of spans.
constexpr codec::Uuid span_events = {{0xc1, 0x4a, 0x52, 0x9e, 0x06, 0x7b, 0x4d, 0x33, 0x8f, 0x10,
                                      0x2e, 0xb9, 0x91, 0x5d, 0x40, 0x6a}};

// Makes events of spans. Their texts lie one behind the other, and move until all are there.
class SpanWriter final : public OtelSpanSink {
 public:
  SpanWriter(const BearerRequest& request, CapturedBatch& batch, UuidSource& uuids, OtelWork& work)
      : request_(request), batch_(batch), uuids_(uuids), work_(work) {}

  bool wants_span() override {
    if (++spans_ > otel_spans_max) {
      ++batch_.count(DropReason::over_batch_count);
    } else if (work_.is_spent()) {
      ++batch_.count(DropReason::over_request_work);
    } else {
      return true;
    }
    return false;
  }

  void take(OtelSpan span) override {
    if (work_.is_spent()) {
      ++batch_.count(DropReason::over_request_work);
    } else if (!is_ai_span(span)) {
      ++batch_.count(DropReason::not_ai_span);
    } else if (span.attributes.are_too_many || span.resource.has_too_many_attributes()) {
      ++batch_.count(DropReason::too_many_attributes);
    } else if (!work_.spend(span.resource.bytes() + span.library_version.size())) {
      ++batch_.count(DropReason::over_request_work);
    } else {
      write(span);
    }
  }

  // Puts the texts into the batch.
  void finish() {
    batch_.body = std::make_unique<const std::string>(std::move(texts_));
    size_t begin = 0;
    for (size_t i = 0; i < ends_.size(); ++i) {
      batch_.events[i].raw = std::string_view(*batch_.body).substr(begin, ends_[i] - begin);
      begin = ends_[i];
    }
  }

 private:
  void write(OtelSpan& span) {
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
    const size_t begin = texts_.size();
    append_event(envelope, mapped.properties, span.resource);
    if (texts_.size() - begin > request_.limits.bytes_max_of(envelope.event)) {
      ++batch_.count(DropReason::ai_event_too_big);
      texts_.resize(begin);
      return;
    }
    if (texts_.size() > otel_events_bytes_max) {
      ++batch_.count(DropReason::over_request_work);
      texts_.resize(begin);
      return;
    }
    ends_.push_back(texts_.size());
    batch_.events.push_back(std::move(captured));
  }

  void append_event(const Envelope& envelope, const json::Object& properties,
                    const OtelResource& resource) {
    texts_ += R"({"event":)";
    json::append_quoted(texts_, envelope.event);
    texts_ += R"(,"distinct_id":)";
    json::append_quoted(texts_, envelope.distinct_id);
    texts_ += R"(,"uuid":)";
    json::append_quoted(texts_, codec::to_string(envelope.uuid));
    texts_ += R"(,"properties":{)";
    resource.append_members(texts_, properties);
    properties.append_members(texts_);
    texts_ += "}}";
  }

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
  OtelWork& work_;
  size_t spans_ = 0;
  std::string texts_;
  std::vector<size_t> ends_;
};

std::optional<Refusal> read_json(std::string_view text, SpanWriter& writer, OtelWork& work) {
  if (!json::is_valid(text) || json::kind_of(codec::trim(text)) != json::Kind::object) {
    return Refusal{400, RefusalReason::not_json, "the body is not a valid JSON object"};
  }
  read_otel_json(text, writer, work);
  return std::nullopt;
}

std::optional<Refusal> read_protobuf(std::string_view bytes, SpanWriter& writer, OtelWork& work) {
  if (const auto read = read_otel_protobuf(bytes, writer, work); !read) {
    return Refusal{400, RefusalReason::not_protobuf,
                   "the body is not an ExportTraceServiceRequest in protobuf: " +
                       std::string(read.error().message())};
  }
  return std::nullopt;
}

}  // namespace

std::optional<OtelForm> otel_form_of(std::string_view content_type) {
  if (is_json_type(content_type)) return OtelForm::json;
  if (is_protobuf_type(content_type)) return OtelForm::protobuf;
  return std::nullopt;
}

CaptureVerdict decode_otel_request(BearerRequest request, UuidSource& uuids) {
  auto token = read_bearer_token(request.authorization);
  if (!token) return std::unexpected(std::move(token).error());
  const auto form = otel_form_of(request.content_type);
  if (!form) {
    return refuse(415, RefusalReason::unsupported_content_type,
                  "traces are taken as OTLP/HTTP: Content-Type must be application/x-protobuf or "
                  "application/json");
  }
  // A message without fields is no bytes at all.
  const bool is_empty = *form == OtelForm::protobuf && request.body.empty();
  const auto body = is_empty ? std::string() : open_body(request);
  if (!body) return std::unexpected(body.error());
  CapturedBatch batch;
  batch.token = *std::move(token);
  OtelWork work(body->size());
  SpanWriter writer(request, batch, uuids, work);
  auto refusal =
      *form == OtelForm::json ? read_json(*body, writer, work) : read_protobuf(*body, writer, work);
  if (refusal) return std::unexpected(*std::move(refusal));
  writer.finish();
  return batch;
}

}  // namespace mr::event
