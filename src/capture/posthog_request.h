#pragma once

#include "base/time.h"
#include "capture/route.h"
#include "event/captured_batch.h"
#include "http/response.h"

namespace mr::capture {

// Reads a request of one of PostHog's routes for events, after what its head says; see
// event/capture_request.h, ai_request.h, replay_request.h and v1_request.h for what is refused.
event::CaptureVerdict decode_posthog(const http::Request& request, Route route, WallTime now,
                                     std::string_view client_ip, event::UuidSource& uuids);

}  // namespace mr::capture
