#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "event/captured_batch.h"

namespace mr::event {

// Reads the requests of PostHog's v0 wire format, any of /e, /i/v0/e, /capture, /track, /engage,
// /batch and /i/v0/ai/batch (contract: capture sections 1, 3 and 7). Pure; the caller has checked
// method and wire size, and afterwards asks the catalog whether the token exists.

// Where the path matters: /engage accepts events without a name, as `$identify`, and
// /i/v0/ai/batch refuses a request with any event but AI events.
enum class CapturePath : uint8_t { events, engage, ai };

struct CaptureRequest {
  CapturePath path = CapturePath::events;
  std::string_view query;  // behind the '?', not decoded
  std::string_view content_type;
  std::string_view content_encoding;
  std::string body;  // as it was sent
  WallTime now;      // arrival
  std::string_view client_ip;
  CaptureLimits limits;
};

// The events with their envelopes, or the answer that refuses the request: 400 for what cannot be
// read, 401 for a missing, inconsistent or malformed token, 413 for what is too large. The views in
// the request need to live for the call only.
CaptureVerdict decode_capture_request(CaptureRequest request, UuidSource& uuids);

}  // namespace mr::event
