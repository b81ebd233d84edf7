#include "codec/unpack.h"

#include <brotli/decode.h>
#include <libdeflate.h>
#include <zstd.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "base/assert.h"
#include "codec/gzip.h"

namespace mr::codec {
namespace {

using Unpacked = std::expected<std::string, UnpackFailure>;

// The first guess at the content, as a multiple of what was packed; doubled until it fits.
constexpr size_t expansion_guess = 4;
constexpr size_t content_bytes_first = 4096;

size_t first_room(size_t packed_bytes, size_t content_bytes_max) {
  const size_t guess = std::max(content_bytes_first, packed_bytes * expansion_guess);
  return std::min(guess, content_bytes_max);
}

size_t next_room(size_t room, size_t content_bytes_max) {
  return room > content_bytes_max / 2 ? content_bytes_max : room * 2;
}

struct FreeDeflate {
  void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
};
struct FreeBrotli {
  void operator()(BrotliDecoderState* state) const { BrotliDecoderDestroyInstance(state); }
};
struct FreeZstd {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

Unpacked unpack_gzip(ByteView packed, size_t content_bytes_max) {
  auto content = gunzip(packed, content_bytes_max);
  if (content) return *std::move(content);
  return std::unexpected(content.error() == GzipFailure::too_large ? UnpackFailure::too_large
                                                                   : UnpackFailure::damaged);
}

// libdeflate has no streams: too little room means to begin anew.
Unpacked unpack_zlib(ByteView packed, size_t content_bytes_max) {
  const std::unique_ptr<libdeflate_decompressor, FreeDeflate> decompressor(
      libdeflate_alloc_decompressor());
  MR_ASSERT(decompressor != nullptr);
  std::string content;
  size_t room = first_room(packed.size(), content_bytes_max);
  while (true) {
    size_t taken = 0;
    size_t given = 0;
    libdeflate_result outcome = LIBDEFLATE_BAD_DATA;
    content.resize_and_overwrite(room, [&](char* data, size_t size) {
      outcome = libdeflate_zlib_decompress_ex(decompressor.get(), packed.data(), packed.size(),
                                              data, size, &taken, &given);
      return outcome == LIBDEFLATE_SUCCESS ? given : 0;
    });
    if (outcome == LIBDEFLATE_SUCCESS && taken == packed.size()) return content;
    if (outcome != LIBDEFLATE_INSUFFICIENT_SPACE) return std::unexpected(UnpackFailure::damaged);
    if (room == content_bytes_max) return std::unexpected(UnpackFailure::too_large);
    room = next_room(room, content_bytes_max);
  }
}

// Gives a stream ever more room. `step` takes what is free at the end of the content and says how
// much of it was filled, and whether that was the end; nothing for damaged input.
struct Step {
  size_t filled;
  bool ended;
};

template <typename TakeStep>
Unpacked unpack_stream(size_t packed_bytes, size_t content_bytes_max, TakeStep step) {
  std::string content;
  size_t used = 0;
  // One byte over the cap tells too large from just fitting.
  const size_t room_max = content_bytes_max + 1;
  size_t room = first_room(packed_bytes, room_max);
  while (true) {
    std::optional<Step> taken;
    content.resize_and_overwrite(room, [&](char* data, size_t size) {
      taken = step(data + used, size - used);
      used += taken ? taken->filled : 0;
      return used;
    });
    if (!taken) return std::unexpected(UnpackFailure::damaged);
    if (used > content_bytes_max) return std::unexpected(UnpackFailure::too_large);
    if (taken->ended) return content;
    if (used == room) room = next_room(room, room_max);
  }
}

Unpacked unpack_brotli(ByteView packed, size_t content_bytes_max) {
  const std::unique_ptr<BrotliDecoderState, FreeBrotli> state(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr));
  MR_ASSERT(state != nullptr);
  const uint8_t* next = packed.data();
  size_t left = packed.size();
  const auto step = [&](char* room, size_t room_bytes) -> std::optional<Step> {
    auto* out = reinterpret_cast<uint8_t*>(room);
    size_t free_bytes = room_bytes;
    const BrotliDecoderResult outcome =
        BrotliDecoderDecompressStream(state.get(), &left, &next, &free_bytes, &out, nullptr);
    const size_t filled = room_bytes - free_bytes;
    if (outcome == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) return Step{filled, false};
    if (outcome != BROTLI_DECODER_RESULT_SUCCESS || left != 0) return std::nullopt;
    return Step{filled, true};
  };
  return unpack_stream(packed.size(), content_bytes_max, step);
}

Unpacked unpack_zstd(ByteView packed, size_t content_bytes_max) {
  const std::unique_ptr<ZSTD_DCtx, FreeZstd> context(ZSTD_createDCtx());
  MR_ASSERT(context != nullptr);
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, zstd_window_log_max);
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  const auto step = [&](char* room, size_t room_bytes) -> std::optional<Step> {
    ZSTD_outBuffer out{room, room_bytes, 0};
    const size_t outcome = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(outcome) != 0) return std::nullopt;
    const bool whole_frame = outcome == 0;
    const bool all_read = in.pos == in.size;
    if (whole_frame && all_read) return Step{out.pos, true};
    // All was read, there was room, and the frame wants more: it was cut off.
    if (all_read && out.pos < out.size) return std::nullopt;
    return Step{out.pos, false};
  };
  return unpack_stream(packed.size(), content_bytes_max, step);
}

}  // namespace

std::expected<std::string, UnpackFailure> unpack(Packing packing, ByteView packed,
                                                 size_t content_bytes_max) {
  switch (packing) {
    case Packing::gzip:
      return unpack_gzip(packed, content_bytes_max);
    case Packing::zlib:
      return unpack_zlib(packed, content_bytes_max);
    case Packing::brotli:
      return unpack_brotli(packed, content_bytes_max);
    case Packing::zstd:
      return unpack_zstd(packed, content_bytes_max);
  }
  return std::unexpected(UnpackFailure::damaged);
}

}  // namespace mr::codec
