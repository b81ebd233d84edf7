#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "codec/json_reader.h"
#include "event/captured_batch.h"
#include "event/event_names.h"
#include "event/otel_request.h"
#include "event/raw_event.h"

// What this folder's tests and fuzzers share.
namespace mr::event {

// Identifiers that are the same in every run: version 7, of the asked time, counted from 1.
class CountingUuids final : public UuidSource {
 public:
  codec::Uuid next(WallTime at) override { return codec::uuid_v7(at.millis, 0, ++count_); }

 private:
  uint64_t count_ = 0;
};

// "status reason" of a refusal, or "accepted N".
inline std::string outcome(const CaptureVerdict& verdict) {
  if (verdict) return "accepted " + std::to_string(verdict->events.size());
  return std::to_string(verdict.error().status) + " " +
         std::string(to_string(verdict.error().reason));
}

// Whatever comes in as a request of traces: a verdict, and what is accepted are AI events that can
// be mapped.
inline void check_otel_body(std::string_view body, std::string_view content_type) {
  BearerRequest request;
  request.authorization = "Bearer phc_t";
  request.content_type = content_type;
  request.body = body;
  request.now = {1'767'323'045'678};
  request.limits.body_bytes_max = 1 << 20;
  CountingUuids uuids;
  const CaptureVerdict verdict = decode_otel_request(std::move(request), uuids);
  if (!verdict) {
    MR_ASSERT(verdict.error().status >= 400 && verdict.error().status < 500);
    return;
  }
  for (const CapturedEvent& event : verdict->events) {
    MR_ASSERT(json::is_valid(event.raw));
    MR_ASSERT(is_ai_event(event.envelope.event) && !event.envelope.distinct_id.empty());
    MR_ASSERT(event.envelope.timestamp >= time_min && event.envelope.timestamp <= time_max);
    MR_ASSERT(decode_envelope(encode_envelope(event.envelope)).value() == event.envelope);
    const auto mapped = read_raw_event(event.envelope, event.raw);
    MR_ASSERT(mapped.has_value() && mapped->properties.contains("$ai_ingestion_source"));
  }
}

}  // namespace mr::event
