#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "event/captured_batch.h"

namespace mr::event {

// A request about AI, as a form (ai_request.h) or as traces (otel_request.h), which names its
// project by `Authorization: Bearer TOKEN` (contract: capture section 7).
struct BearerRequest {
  std::optional<std::string_view> authorization;
  std::string_view content_type;
  std::string_view content_encoding;
  std::string body;  // as it was sent
  WallTime now;      // arrival
  std::string_view client_ip;
  CaptureLimits limits;
};

// The project token of `Authorization: Bearer TOKEN`, where the scheme is taken as it is written.
// Refuses with 401.
std::expected<std::string, Refusal> read_bearer_token(
    std::optional<std::string_view> authorization);

// Takes the body out of the request and decompresses it: gzip, which shows, or what the encoding
// says (deflate, br, zstd). Refuses with 400 one that is empty, damaged or of another encoding, and
// with 413 one that is too large.
std::expected<std::string, Refusal> open_body(BearerRequest& request);

}  // namespace mr::event
