#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "event/captured_batch.h"
#include "event/segment_call.h"

namespace mr::event {

// Reads the requests of Segment's HTTP API, which RudderStack's libraries speak too (contract:
// capture section 10). Pure, like capture_request.h.

// What a path below /v1/ asks for.
struct SegmentEndpoint {
  // The call of every item; nothing for batches, whose items name theirs.
  std::optional<SegmentCall> call;
  bool is_import = false;  // history: the events are marked so
};

// For "/v1/batch", "/v1/b", "/v1/import", "/v1/track", "/v1/t", …, also with a trailing slash.
std::optional<SegmentEndpoint> segment_endpoint_of_path(std::string_view path);

struct SegmentLimits {
  size_t item_bytes_max = 32 * 1024;    // a single request, and each item of a batch
  size_t batch_bytes_max = 500 * 1024;  // after decompression
  size_t items_max = 2500;              // further ones are accepted and dropped, as Segment does
};

struct SegmentRequest {
  SegmentEndpoint endpoint;
  std::string_view authorization;  // the header; may be empty
  std::string_view content_encoding;
  std::string body;  // as it was sent
  WallTime now;      // arrival
  std::string_view client_ip;
  SegmentLimits limits;
};

// The write key is taken from Basic authorization (as the user), else the body's `writeKey`, else a
// Bearer token. Refuses with 400 what cannot be read or is too large and with 401 a request without
// a well-formed key; unusable items of a batch are dropped and counted, and their siblings kept.
CaptureVerdict decode_segment_request(SegmentRequest request, UuidSource& uuids);

// What the libraries expect as answers, as JSON.
inline constexpr std::string_view segment_success_body = R"({"success":true})";
std::string segment_error_body(const Refusal& refusal);

}  // namespace mr::event
