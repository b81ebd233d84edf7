#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "codec/json_object.h"
#include "event/capture_request.h"
#include "event/test_support.h"

// The first byte chooses the headers, the rest is the body. Whatever comes in: a verdict, and what
// is accepted is well-formed, has an id and a token, and lies inside the batch's own body.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mr::event;
  if (size == 0) return 0;
  const uint8_t choice = data[0];
  CaptureRequest request;
  request.path = (choice & 1) != 0 ? CapturePath::engage : CapturePath::events;
  if ((choice & 2) != 0) request.content_type = "application/x-www-form-urlencoded";
  if ((choice & 4) != 0) request.content_encoding = "gzip";
  const std::string_view text = mr::as_text({data + 1, size - 1});
  if ((choice & 8) != 0) {
    request.query = text.substr(0, text.find('\n'));
  }
  request.body = std::string(text);
  request.now = {1'767'323'045'678};
  request.limits.body_bytes_max = 1 << 20;
  CountingUuids uuids;
  const CaptureVerdict verdict = decode_capture_request(std::move(request), uuids);
  if (!verdict) {
    MR_ASSERT(verdict.error().status >= 400 && verdict.error().status < 500);
    return 0;
  }
  for (const CapturedEvent& event : verdict->events) {
    MR_ASSERT(mr::json::Object::parse(event.raw).has_value());
    MR_ASSERT(event.raw.data() >= verdict->body->data());
    MR_ASSERT(event.raw.data() + event.raw.size() <= verdict->body->data() + verdict->body->size());
    MR_ASSERT(!event.envelope.distinct_id.empty() && !event.envelope.token.empty());
    MR_ASSERT(!event.envelope.event.empty());
    MR_ASSERT(event.envelope.timestamp >= time_min && event.envelope.timestamp <= time_max);
    MR_ASSERT(decode_envelope(encode_envelope(event.envelope)).value() == event.envelope);
  }
  return 0;
}
