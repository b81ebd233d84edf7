#include "event/bearer_request.h"

#include <utility>

#include "codec/gzip.h"
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
  const size_t bytes_max = request.limits.body_bytes_max;
  std::optional<codec::Packing> packing;
  const bool is_packed = read_encoding(request.content_encoding, packing) && packing &&
                         *packing != codec::Packing::gzip;
  if (is_packed) return unpack_body(*packing, request.body, bytes_max);
  const bool is_known =
      packing || content_encoding_hint(request.content_encoding) != Compression::unsupported;
  if (!is_known && !codec::looks_like_gzip(as_bytes(request.body))) {
    return refuse(400, RefusalReason::unsupported_encoding,
                  "Content-Encoding must be gzip, deflate, br or zstd");
  }
  return decompress(std::move(request.body), Compression::none, bytes_max);
}

}  // namespace mr::event
