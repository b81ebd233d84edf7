#include "event/v1_headers.h"

#include <algorithm>
#include <array>
#include <utility>

#include "codec/integer.h"
#include "codec/json_object.h"
#include "codec/utf8.h"
#include "event/request_fields.h"
#include "event/timestamp.h"

namespace mr::event {
namespace {

std::unexpected<Refusal> invalid(std::string message) {
  return refuse(400, RefusalReason::invalid_header, std::move(message));
}

std::string missing_names(const V1Headers& headers) {
  const std::array<std::pair<std::string_view, const V1Headers::Header*>, 7> required = {
      {{"Authorization", &headers.authorization},
       {"Content-Type", &headers.content_type},
       {"User-Agent", &headers.user_agent},
       {"PostHog-Sdk-Info", &headers.sdk_info},
       {"PostHog-Attempt", &headers.attempt},
       {"PostHog-Request-Id", &headers.request_id},
       {"PostHog-Request-Timestamp", &headers.request_timestamp}}};
  std::string names;
  for (const auto& [name, header] : required) {
    if (header->has_value()) continue;
    if (!names.empty()) names += ", ";
    names += name;
  }
  return names;
}

std::expected<std::string, Refusal> read_token(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer ";
  if (codec::lower_ascii(authorization.substr(0, scheme.size())) != scheme) {
    return invalid("Authorization must be of the scheme Bearer");
  }
  return accept_token(authorization.substr(scheme.size()));
}

bool is_attempt(std::string_view text) {
  return codec::parse_integer<uint32_t>(text).value_or(0) >= 1;
}

bool is_visible_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// "posthog-python/7.1.0", split at the last slash.
std::string library_of(std::string_view sdk_info) {
  const size_t slash = sdk_info.rfind('/');
  if (sdk_info.size() > sdk_info_bytes_max || slash == std::string_view::npos) return {};
  const std::string_view name = codec::trim(sdk_info.substr(0, slash));
  const std::string_view version = codec::trim(sdk_info.substr(slash + 1));
  if (name.empty() || version.empty()) return {};
  json::Object library;
  library.set_text("$lib", name);
  library.set_text("$lib_version", version);
  return library.to_json();
}

}  // namespace

std::expected<V1RequestInfo, Refusal> read_v1_headers(const V1Headers& headers) {
  if (std::string missing = missing_names(headers); !missing.empty()) {
    return refuse(400, RefusalReason::missing_headers, "the request lacks " + std::move(missing));
  }
  V1RequestInfo info;
  auto token = read_token(*headers.authorization);
  if (!token) return std::unexpected(std::move(token).error());
  info.token = *std::move(token);
  if (!is_json_type(*headers.content_type)) {
    return refuse(415, RefusalReason::unsupported_content_type,
                  "Content-Type must be application/json");
  }
  if (!read_encoding(headers.content_encoding.value_or(""), info.packing)) {
    return refuse(415, RefusalReason::unsupported_encoding,
                  "Content-Encoding must be gzip, deflate, br or zstd");
  }
  if (!codec::parse_uuid(*headers.request_id)) {
    return invalid("PostHog-Request-Id must be a UUID");
  }
  if (!is_attempt(*headers.attempt)) {
    return invalid("PostHog-Attempt must be an integer from 1 on");
  }
  const auto time = parse_rfc3339(*headers.request_timestamp);
  if (!time) return invalid("PostHog-Request-Timestamp must be a time of RFC 3339");
  info.request_time = *time;
  if (!is_visible_ascii(*headers.sdk_info)) {
    return invalid("PostHog-Sdk-Info must be ASCII");
  }
  info.library = library_of(*headers.sdk_info);
  return info;
}

}  // namespace mr::event
