#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "event/captured_batch.h"

namespace mr::event {

// Reads the requests of /s, which bring session recordings (contract: capture section 8): one item
// `{"event":"$snapshot","properties":{…}}` or an array of them. Pure; the caller has checked method
// and wire size, and afterwards asks the catalog whether the token exists.
struct ReplayRequest {
  std::string_view query;  // behind the '?', not decoded
  std::string_view content_type;
  std::string_view content_encoding;
  std::string_view user_agent;
  std::string body;  // as it was sent
  WallTime now;      // arrival
  std::string_view client_ip;
  CaptureLimits limits;
};

// A batch of one event, which is the whole payload as it was sent, named `$snapshot_items`; its
// envelope has the dialect `replay` and, as context, what the first item says of the session
// (recording.h). Or the answer that refuses the request: 400 for what cannot be read and for fields
// that break the contract's rules, 401 for a missing or malformed token, 413 for what is too large.
// The views in the request need to live for the call only.
CaptureVerdict decode_replay_request(ReplayRequest request, UuidSource& uuids);

}  // namespace mr::event
