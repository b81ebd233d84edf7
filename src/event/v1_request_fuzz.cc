#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "codec/json_object.h"
#include "event/raw_event.h"
#include "event/test_support.h"
#include "event/v1_request.h"

// The first byte chooses the encoding, and whether the next line is a header; the rest is the body.
// Whatever comes in: a verdict, each event of an accepted request is kept or dropped, and what is
// kept is well-formed, lies inside the batch's own body, and can be mapped.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mr::event;
  if (size == 0) return 0;
  const uint8_t choice = data[0];
  std::string_view text = mr::as_text({data + 1, size - 1});
  V1Request request;
  V1Headers& headers = request.headers;
  headers = {"Bearer phc_t",
             "application/json",
             std::nullopt,
             "agent",
             "posthog-test/1.0",
             "1",
             "0198b0c1-0000-7000-8000-0000000000ff",
             "2026-01-02T03:04:05Z"};
  constexpr std::string_view encodings[] = {"", "gzip", "deflate", "br", "zstd"};
  headers.content_encoding = encodings[choice % 5];
  constexpr V1Headers::Header V1Headers::* chosen[] = {
      &V1Headers::authorization, &V1Headers::content_type, &V1Headers::sdk_info,
      &V1Headers::attempt,       &V1Headers::request_id,   &V1Headers::request_timestamp};
  if (const size_t which = choice / 5; which < std::size(chosen)) {
    const size_t end = std::min(text.find('\n'), text.size());
    headers.*chosen[which] = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  request.body = std::string(text);
  request.now = {1'767'323'045'678};
  request.limits.body_bytes_max = 1 << 20;
  const CaptureVerdict verdict = decode_v1_request(std::move(request));
  if (!verdict) {
    MR_ASSERT(verdict.error().status >= 400 && verdict.error().status < 500);
    return 0;
  }
  uint32_t dropped = 0;
  for (const uint32_t count : verdict->dropped) dropped += count;
  MR_ASSERT(verdict->reports.size() == verdict->events.size() + dropped);
  for (const CapturedEvent& event : verdict->events) {
    MR_ASSERT(mr::json::Object::parse(event.raw).has_value());
    MR_ASSERT(event.raw.data() >= verdict->body->data());
    MR_ASSERT(event.raw.data() + event.raw.size() <= verdict->body->data() + verdict->body->size());
    MR_ASSERT(!event.envelope.distinct_id.empty() && !event.envelope.event.empty());
    MR_ASSERT(event.envelope.timestamp >= time_min && event.envelope.timestamp <= time_max);
    MR_ASSERT(decode_envelope(encode_envelope(event.envelope)).value() == event.envelope);
    const auto mapped = read_raw_event(event.envelope, event.raw);
    MR_ASSERT(mapped.has_value());
    MR_ASSERT(mr::json::is_valid(mapped->properties.to_json()));
  }
  return 0;
}
