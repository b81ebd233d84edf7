#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "event/event_names.h"
#include "event/otel_request.h"
#include "event/raw_event.h"
#include "event/test_support.h"

// The input is the body. Whatever comes in: a verdict, and what is accepted are AI events that can
// be mapped.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mr::event;
  BearerRequest request;
  request.authorization = "Bearer phc_t";
  request.content_type = "application/json";
  request.body = mr::as_text({data, size});
  request.now = {1'767'323'045'678};
  request.limits.body_bytes_max = 1 << 20;
  CountingUuids uuids;
  const CaptureVerdict verdict = decode_otel_request(std::move(request), uuids);
  if (!verdict) {
    MR_ASSERT(verdict.error().status >= 400 && verdict.error().status < 500);
    return 0;
  }
  for (const CapturedEvent& event : verdict->events) {
    MR_ASSERT(is_ai_event(event.envelope.event) && !event.envelope.distinct_id.empty());
    MR_ASSERT(event.envelope.timestamp >= time_min && event.envelope.timestamp <= time_max);
    MR_ASSERT(decode_envelope(encode_envelope(event.envelope)).value() == event.envelope);
    const auto mapped = read_raw_event(event.envelope, event.raw);
    MR_ASSERT(mapped.has_value() && mapped->properties.contains("$ai_ingestion_source"));
  }
  return 0;
}
