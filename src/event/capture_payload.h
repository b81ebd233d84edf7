#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "event/captured_batch.h"

namespace mr::event {

// The first half of reading a PostHog v0 request: from the bytes on the wire to JSON text
// (contract: capture section 1, "payload decoding"). Where the reference is strict without need,
// this is lenient: base64 and forms are understood on every path, JSON sent as a form or under a
// gzip hint is read as JSON, and unusable query values count as absent.

enum class Compression : uint8_t { none, gzip, lz_string, base64, unsupported };

// `gzip`, `gzip-js`, `lz64`, `lz-string`, `base64`, `b64`, in any case; anything else is no hint.
Compression compression_hint(std::string_view name);
// The same for a Content-Encoding, where an unknown name is `unsupported` and not ignored.
Compression content_encoding_hint(std::string_view name);

// What the query string says.
struct CaptureQuery {
  Compression compression = Compression::none;
  std::string data;                 // the payload, or empty
  std::optional<WallTime> sent_at;  // from `sent_at` or `_`, milliseconds, after 2020
  bool beacon = false;
};
CaptureQuery parse_capture_query(std::string_view query);

struct Payload {
  std::string body;  // as it was sent
  std::string_view content_type;
  std::string_view content_encoding;
  size_t body_bytes_max;
};

// The JSON text (not yet parsed, its UTF-8 not yet checked). Takes `data` out of the query.
std::expected<std::string, Refusal> decode_payload(Payload payload, CaptureQuery& query);

// The same as the body of a batch without events, which knows whether it came as a beacon.
CaptureVerdict open_batch(Payload payload, CaptureQuery& query);

// Gunzips when the encoding or the first bytes say so; shared with the other wire formats. `hint`
// is gzip or none.
std::expected<std::string, Refusal> decompress(std::string bytes, Compression hint,
                                               size_t bytes_max);

}  // namespace mr::event
