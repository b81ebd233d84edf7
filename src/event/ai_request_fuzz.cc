#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "event/ai_request.h"
#include "event/raw_event.h"
#include "event/test_support.h"

// The input is the body. Whatever comes in: a verdict, and what is accepted is one AI event that
// can be mapped.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mr::event;
  BearerRequest request;
  request.authorization = "Bearer phc_t";
  request.content_type = "multipart/form-data; boundary=AB";
  request.body = mr::as_text({data, size});
  request.now = {1'767'323'045'678};
  request.limits.body_bytes_max = 1 << 20;
  CountingUuids uuids;
  const CaptureVerdict verdict = decode_ai_request(std::move(request), uuids);
  if (!verdict) {
    MR_ASSERT(verdict.error().status >= 400 && verdict.error().status < 500);
    return 0;
  }
  MR_ASSERT(verdict->events.size() == 1 && !verdict->parts.empty());
  const CapturedEvent& event = verdict->events[0];
  MR_ASSERT(!event.envelope.distinct_id.empty() && !event.envelope.uuid.is_nil());
  MR_ASSERT(decode_envelope(encode_envelope(event.envelope)).value() == event.envelope);
  const auto mapped = read_raw_event(event.envelope, event.raw);
  MR_ASSERT(mapped.has_value() && mapped->properties.contains("$ai_model"));
  return 0;
}
