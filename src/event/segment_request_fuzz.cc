#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "event/raw_event.h"
#include "event/segment_request.h"
#include "event/test_support.h"

// Whatever the body: a verdict, and what is accepted can be mapped.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mr::event;
  if (size == 0) return 0;
  SegmentRequest request;
  if ((data[0] & 1) != 0) request.endpoint.call = static_cast<SegmentCall>((data[0] >> 1) % 6);
  request.keys.authorization = "Basic a2V5Og==";
  request.body = std::string(mr::as_text({data + 1, size - 1}));
  request.now = {1'767'323'045'678};
  request.client_ip = "192.0.2.7";
  CountingUuids uuids;
  const CaptureVerdict verdict = decode_segment_request(std::move(request), uuids);
  if (!verdict) {
    MR_ASSERT(verdict.error().status == 400 || verdict.error().status == 401);
    return 0;
  }
  for (const CapturedEvent& event : verdict->events) {
    MR_ASSERT(!event.envelope.event.empty() && !event.envelope.distinct_id.empty());
    const auto mapped = read_raw_event(event.envelope, event.raw);
    MR_ASSERT(mapped.has_value());
    MR_ASSERT(mr::json::is_valid(mapped->properties.to_json()));
  }
  return 0;
}
