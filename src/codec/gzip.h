#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace mr::codec {

enum class GzipFailure : uint8_t {
  not_gzip,   // the first bytes are not gzip's magic
  damaged,    // cut off, or a checksum or code is wrong
  too_large,  // the content is longer than the caller's cap
};

// One sentence for people.
std::string_view to_string(GzipFailure failure);

// The three bytes that begin every gzip member: 1f 8b and method 8 (deflate).
bool looks_like_gzip(ByteView bytes);

// The content of one or more gzip members (RFC 1952), at most `content_bytes_max` bytes of it. The
// memory used grows with what was really found: a member that only claims to be huge costs little.
// Bytes behind the last member that do not begin another one are ignored, as gzip does with
// padding.
std::expected<std::string, GzipFailure> gunzip(ByteView compressed, size_t content_bytes_max);

// One gzip member. `level` is 1 (fast) to 12 (small).
std::string gzip(std::string_view content, int level = 6);

}  // namespace mr::codec
