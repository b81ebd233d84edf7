#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace mr::codec {

// The compressions that HTTP names in Content-Encoding; "deflate" there means zlib (RFC 9110).
enum class Packing : uint8_t { gzip, zlib, brotli, zstd };

enum class UnpackFailure : uint8_t {
  damaged,    // of another kind, cut off, or a checksum or code is wrong
  too_large,  // the content is longer than the caller's cap
};

// The content of what was packed so, at most `content_bytes_max` bytes of it. The memory used grows
// with what was really found, apart from the window of zstd, which is at most zstd_window_log_max.
// Nothing may follow the packed bytes, apart from further members of gzip and frames of zstd.
std::expected<std::string, UnpackFailure> unpack(Packing packing, ByteView packed,
                                                 size_t content_bytes_max);

// 8 MiB, the most that RFC 9659 lets a sender ask for.
inline constexpr int zstd_window_log_max = 23;

}  // namespace mr::codec
