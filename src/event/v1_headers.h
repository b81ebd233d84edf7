#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "codec/unpack.h"
#include "event/captured_batch.h"

namespace mr::event {

// The headers that PostHog's v1 looks at (contract: capture section 5). Absent is not empty.
struct V1Headers {
  using Header = std::optional<std::string_view>;

  Header authorization;
  Header content_type;
  Header content_encoding;  // the only one that may be missing
  Header user_agent;
  Header sdk_info;
  Header attempt;
  Header request_id;
  Header request_timestamp;
};

// What they say.
struct V1RequestInfo {
  std::string token;
  std::optional<codec::Packing> packing;
  WallTime request_time;  // the client's clock when it sent this attempt
  std::string library;    // a JSON object with `$lib` and `$lib_version`; empty when unusable
};

// Refuses with 400 what is missing or malformed, with 401 a token that cannot be one, and with 415
// a type or an encoding that is not read here.
std::expected<V1RequestInfo, Refusal> read_v1_headers(const V1Headers& headers);

// Longer texts of PostHog-Sdk-Info name no library.
inline constexpr size_t sdk_info_bytes_max = 256;

}  // namespace mr::event
