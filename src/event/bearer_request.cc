#include "event/bearer_request.h"

#include <utility>

#include "event/capture_payload.h"
#include "event/request_fields.h"

namespace mr::event {

std::expected<std::string, Refusal> read_bearer_token(
    std::optional<std::string_view> authorization) {
  constexpr std::string_view scheme = "Bearer ";
  if (!authorization || !authorization->starts_with(scheme)) {
    return refuse(401, RefusalReason::missing_token,
                  "the request has no project token (Authorization: Bearer TOKEN)");
  }
  return accept_token(authorization->substr(scheme.size()));
}

std::expected<std::string, Refusal> open_body(BearerRequest& request) {
  if (request.body.empty()) {
    return refuse(400, RefusalReason::empty_payload, "the request has no body");
  }
  return decompress(std::move(request.body), Compression::none, request.limits.body_bytes_max);
}

}  // namespace mr::event
