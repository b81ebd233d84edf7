#pragma once

#include <cstdint>
#include <string_view>

#include "http/request_head.h"

namespace mr::capture {

// What a path of the public port is for.
enum class Route : uint8_t {
  posthog,                // /batch /e /i/v0/e /capture /track: single events, arrays and batches
  posthog_engage,         // /engage: the same, events may lack a name
  posthog_ai_batch,       // /i/v0/ai/batch: the same, AI events only
  posthog_ai,             // /i/v0/ai: one AI event as a form
  posthog_otel,           // /i/v0/ai/otel: traces of OpenTelemetry
  posthog_otel_protobuf,  // the same in protobuf, and so is the answer
  posthog_v1,             // /i/v1/analytics/events: batches that are answered event by event
  posthog_v1_ai,          // /i/v1/ai/events: the same, AI events only
  posthog_replay,         // /s: session recordings
  segment,                // /v1/…: Segment's calls
  rudder,                 // the same and /beacon/v1/batch, of RudderStack's libraries
  jitsu,                  // the same, /api/s/…, /batch and /b, of Jitsu's libraries
  pixel,            // /pixel/v1/… and /api/px/…: a call as a query string, answered by a picture
  client_settings,  // what libraries ask beside sending (client_settings.h)
  static_file,      // /static/….js (static_files.h)
  black_hole,       // /test/black_hole: taken and thrown away
  telemetry,        // /i/v1/logs and their like: not taken here
  root,             // /: the word "capture"
  readiness,
  liveness,
  metrics,
  api,  // /api/…: relayed
  unknown,
};

// The path without one slash at its end; "/" stays.
std::string_view without_slash(std::string_view path);

// The route of a request, by its raw path (one trailing slash is ignored) and, where client
// families share a path, by a header that only one of them sends: X-Write-Key is Jitsu's,
// AnonymousId RudderStack's, and the Content-Type tells the forms of traces. RudderStack's
// libraries for servers give no such sign and are answered as Segment's, which they do not mind:
// none of them reads the body of a success.
Route route_of(const http::RequestHead& head);

// Whether requests of the route carry events.
bool is_event_route(Route route);

// Whether requests and answers are in the words of PostHog's v1.
bool is_v1_route(Route route);

// Whether requests are traces of OpenTelemetry, in either form.
bool is_otel_route(Route route);

// Whether they are calls in Segment's wire format, whoever sends them.
bool is_call_route(Route route);

// Whether the route takes the method; OPTIONS is answered before that is asked.
bool takes_method(Route route, http::Method method);
// For the header Allow.
std::string_view allowed_methods(Route route);

}  // namespace mr::capture
