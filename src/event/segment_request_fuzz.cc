#include <array>
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "event/raw_event.h"
#include "event/segment_request.h"
#include "event/test_support.h"

namespace {

using namespace mr::event;

class OneToken final : public TokenLookup {
 public:
  bool has(std::string_view token) const override { return token == "key"; }
};

// The first byte chooses what is asked for: a call or a batch of Segment's, or in its upper half a
// path of RudderStack or Jitsu.
SegmentEndpoint endpoint_of(uint8_t choice) {
  constexpr std::array<std::string_view, 8> paths = {
      "/v1/batch",    "/beacon/v1/batch", "/pixel/v1/track", "/pixel/v1/page",
      "/api/s/event", "/api/s/s2s/batch", "/api/px/event",   "/api/px/page"};
  const std::string_view path = paths[(choice >> 4) % paths.size()];
  if (const auto rudder = rudder_endpoint_of_path(path)) return *rudder;
  if (const auto jitsu = jitsu_endpoint_of_path(path)) return *jitsu;
  if ((choice & 1) == 0) return {};
  return {.call = static_cast<SegmentCall>((choice >> 1) % 6)};
}

}  // namespace

// Whatever the body: a verdict, and what is accepted can be mapped.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const OneToken tokens;
  SegmentRequest request;
  request.endpoint = endpoint_of(data[0]);
  const bool is_jitsu = request.endpoint.overrides_ip || request.endpoint.from_server;
  if (is_jitsu) request.tokens = &tokens;
  request.needs_ids = !is_jitsu;
  if (request.endpoint.from_device) request.device_context = R"({"userAgent":"agent"})";
  if (!request.endpoint.is_pixel) request.keys.header = "key:secret";
  request.body = std::string(mr::as_text({data + 1, size - 1}));
  request.now = {1'767'323'045'678};
  request.client_ip = "192.0.2.7";
  CountingUuids uuids;
  const CaptureVerdict verdict = decode_segment_request(std::move(request), uuids);
  if (!verdict) {
    const int status = verdict.error().status;
    MR_ASSERT(status == 400 || status == 401 || status == 413);
    return 0;
  }
  MR_ASSERT(!verdict->events.empty() && !verdict->token.empty());
  for (const CapturedEvent& event : verdict->events) {
    MR_ASSERT(!event.envelope.event.empty() && !event.envelope.distinct_id.empty());
    const auto mapped = read_raw_event(event.envelope, event.raw);
    MR_ASSERT(mapped.has_value());
    MR_ASSERT(mr::json::is_valid(mapped->properties.to_json()));
  }
  return 0;
}
