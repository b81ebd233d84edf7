#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "event/captured_batch.h"
#include "event/segment_endpoint.h"
#include "event/write_key.h"

namespace mr::event {

// Reads the requests of Segment's HTTP API, and of RudderStack and Jitsu, who speak it too
// (contract: capture section 10). Pure, like capture_request.h.

// RudderStack's limits, which are wider than Segment's 32 KB for a call, 500 KB for a batch and
// 2,500 calls: nothing in a request says whose it is, and to take more harms no library.
struct SegmentLimits {
  size_t body_bytes_max = 4000 * 1024;  // after decompression
  size_t items_max = 100'000;           // further ones are accepted and dropped, as Segment does
};

struct SegmentRequest {
  SegmentEndpoint endpoint;
  WriteKeys keys;                       // `body` is filled in by the decoder
  const TokenLookup* tokens = nullptr;  // to tell what part of Jitsu's keys is the token
  std::string_view content_encoding;
  std::string body;  // as it was sent; for a pixel its query
  WallTime now;      // arrival
  std::string_view client_ip;
  // What the request's headers say of the device, as a JSON object: the batch's own context and
  // the items' win over it. May be empty.
  std::string_view device_context;
  // Else a call without userId and anonymousId is kept under an id of its own, without a person.
  bool needs_ids = true;
  SegmentLimits limits;
};

// Refuses with 400 what cannot be read, 413 what is too large and 401 a request without a
// well-formed key (write_key.h). Unusable items of a batch are dropped and counted, and their
// siblings kept; a batch of which nothing would be kept is refused.
CaptureVerdict decode_segment_request(SegmentRequest request, UuidSource& uuids);

// What the libraries expect as answers, as JSON.
inline constexpr std::string_view segment_success_body = R"({"success":true})";
std::string segment_error_body(const Refusal& refusal);

}  // namespace mr::event
