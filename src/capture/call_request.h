#pragma once

#include "base/time.h"
#include "capture/route.h"
#include "event/captured_batch.h"
#include "http/response.h"

namespace mr::capture {

class ProjectFinder;

// Reads a request of a call route (route.h): what in its head matters to the wire formats of
// Segment, RudderStack and Jitsu, then event/segment_request.h. `projects` tells which part of
// Jitsu's keys is a token.
event::CaptureVerdict decode_calls(const http::Request& request, Route route,
                                   const ProjectFinder& projects, WallTime now,
                                   std::string_view client_ip, event::UuidSource& uuids);

// Whether a request that X-Write-Key makes Jitsu's is PostHog's after all: on the path that they
// share, with a token at the body's root, where Jitsu has none (contract: section 10).
bool is_posthog_after_all(const http::Request& request);

}  // namespace mr::capture
