#include "codec/gzip.h"

#include <libdeflate.h>

#include <algorithm>
#include <memory>

#include "base/assert.h"

namespace mr::codec {
namespace {

// The first guess at the content of a member: what its trailer claims, but no more than this many
// times its size (JSON rarely exceeds it; real excess costs a second try).
constexpr size_t expansion_guess = 16;
constexpr size_t content_bytes_first = 4096;

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
};
struct FreeCompressor {
  void operator()(libdeflate_compressor* c) const { libdeflate_free_compressor(c); }
};

// The last four bytes of a member: its content's size modulo 2^32.
size_t claimed_size(ByteView compressed) {
  if (compressed.size() < 4) return 0;
  const uint8_t* tail = compressed.data() + compressed.size() - 4;
  return static_cast<size_t>(tail[0]) | static_cast<size_t>(tail[1]) << 8 |
         static_cast<size_t>(tail[2]) << 16 | static_cast<size_t>(tail[3]) << 24;
}

// Appends the content of the first member of `compressed` to `content` and returns how many bytes
// of it the member took.
std::expected<size_t, GzipFailure> gunzip_member(libdeflate_decompressor* decompressor,
                                                 ByteView compressed, std::string& content,
                                                 size_t content_bytes_max) {
  const size_t before = content.size();
  const size_t room_max = content_bytes_max - before;
  size_t room = std::min(claimed_size(compressed), compressed.size() * expansion_guess);
  room = std::min(std::max(room, content_bytes_first), room_max);
  while (true) {
    size_t taken = 0;
    size_t given = 0;
    libdeflate_result outcome = LIBDEFLATE_BAD_DATA;
    content.resize_and_overwrite(before + room, [&](char* data, size_t) {
      outcome = libdeflate_gzip_decompress_ex(decompressor, compressed.data(), compressed.size(),
                                              data + before, room, &taken, &given);
      return before + (outcome == LIBDEFLATE_SUCCESS ? given : 0);
    });
    if (outcome == LIBDEFLATE_SUCCESS) return taken;
    if (outcome != LIBDEFLATE_INSUFFICIENT_SPACE) return std::unexpected(GzipFailure::damaged);
    if (room == room_max) return std::unexpected(GzipFailure::too_large);
    room = room > room_max / 2 ? room_max : room * 2;
  }
}

}  // namespace

std::string_view to_string(GzipFailure failure) {
  switch (failure) {
    case GzipFailure::not_gzip:
      return "the body is not gzip";
    case GzipFailure::damaged:
      return "the gzip body is truncated or damaged";
    case GzipFailure::too_large:
      return "the decompressed body is over the limit";
  }
  return "unknown";
}

bool looks_like_gzip(ByteView bytes) {
  return bytes.size() >= 3 && bytes[0] == 0x1f && bytes[1] == 0x8b && bytes[2] == 0x08;
}

std::expected<std::string, GzipFailure> gunzip(ByteView compressed, size_t content_bytes_max) {
  if (!looks_like_gzip(compressed)) return std::unexpected(GzipFailure::not_gzip);
  const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
      libdeflate_alloc_decompressor());
  MR_ASSERT(decompressor != nullptr);
  std::string content;
  do {
    const auto taken = gunzip_member(decompressor.get(), compressed, content, content_bytes_max);
    if (!taken) return std::unexpected(taken.error());
    compressed = compressed.subspan(*taken);
  } while (looks_like_gzip(compressed));
  return content;
}

std::string gzip(std::string_view content, int level) {
  const std::unique_ptr<libdeflate_compressor, FreeCompressor> compressor(
      libdeflate_alloc_compressor(std::clamp(level, 1, 12)));
  MR_ASSERT(compressor != nullptr);
  std::string out;
  const size_t room = libdeflate_gzip_compress_bound(compressor.get(), content.size());
  out.resize_and_overwrite(room, [&](char* data, size_t size) {
    return libdeflate_gzip_compress(compressor.get(), content.data(), content.size(), data, size);
  });
  MR_ASSERT(!out.empty());
  return out;
}

}  // namespace mr::codec
