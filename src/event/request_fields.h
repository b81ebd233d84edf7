#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "codec/json_reader.h"
#include "codec/unpack.h"
#include "event/captured_batch.h"

namespace mr::event {

// What the readers of requests read and check alike, whatever the wire format. Inner to them.

// The token without the white space around it. Refuses with 401 one that cannot be a token, which
// the message calls `name`.
std::expected<std::string, Refusal> accept_token(std::string_view given,
                                                 std::string_view name = "project token");

// Whether a Content-Type is application/json, whatever its parameters.
bool is_json_type(std::string_view content_type);
// The same for protobuf, under the name that OTLP uses and the registered one.
bool is_protobuf_type(std::string_view content_type);

// How a Content-Encoding says that a body is packed, if it is. False for an encoding that only
// PostHog's v0 knows, or nobody.
bool read_encoding(std::string_view name, std::optional<codec::Packing>& packing);

// What was packed so. Refuses with 400 what is damaged, and with 413 what is too large.
std::expected<std::string, Refusal> unpack_body(codec::Packing packing, std::string_view body,
                                                size_t bytes_max);

// The text behind the mark of UTF-8 that some programs put in front of it.
std::string_view without_byte_order_mark(std::string_view text);

// The time that a raw JSON value tells; nothing for what is no string or no time.
std::optional<WallTime> read_time(std::string_view raw);

// A raw JSON value as plain text; empty for an absent one and null.
std::string plain_text(std::string_view raw);

// Whether a raw JSON value is absent, null or of the kind.
bool is_absent_or(json::Kind kind, std::string_view raw);

}  // namespace mr::event
