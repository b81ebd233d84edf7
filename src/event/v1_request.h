#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "event/captured_batch.h"
#include "event/v1_headers.h"

namespace mr::event {

// Reads the requests of PostHog's v1 wire format, /i/v1/analytics/events and /i/v1/ai/events
// (contract: capture section 5). Pure, like capture_request.h.

inline constexpr size_t v1_event_name_bytes_max = 200;
inline constexpr size_t v1_distinct_id_bytes_max = 200;

struct V1Request {
  V1Headers headers;
  std::string body;  // as it was sent
  WallTime now;      // arrival
  std::string_view client_ip;
  bool ai_only = false;  // other events than AI events are dropped
  CaptureLimits limits;
};

// The events with their envelopes and a report for each event of the request, or the answer that
// refuses it: for its headers (read_v1_headers), 400 for a body or batch that cannot be read and
// for uuids that are missing, malformed or not distinct, 413 for what is too large. An event that
// is malformed otherwise is dropped and reported, and its siblings are kept.
CaptureVerdict decode_v1_request(V1Request request);

}  // namespace mr::event
