#include "log/compression.h"

#include <lz4.h>
#include <lz4frame.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "codec/byte_reader.h"
#include "codec/gzip.h"

namespace mr::log {

namespace {

// The first memory for a content of unknown length, and the share of the compressed size that the
// next ones start from.
constexpr size_t first_output_bytes = 64 * 1024;
constexpr size_t expected_ratio = 4;

std::unexpected<Error> damaged(Codec codec, std::string_view why) {
  return fail(ErrorCode::corrupt, "a batch's " + std::string(to_string(codec)) +
                                      " data is malformed: " + std::string(why));
}

std::unexpected<Error> bomb(Codec codec, size_t bytes_max) {
  return fail(ErrorCode::too_large, "a batch's " + std::string(to_string(codec)) +
                                        " data has more than " + std::to_string(bytes_max) +
                                        " bytes when decompressed");
}

// Free memory behind what `out` holds: grows by doubling, to one byte more than is allowed, so that
// a content that is too long is noticed. Empty when that is full.
class Room {
 public:
  Room(io::AlignedBuffer& out, size_t bytes_max, size_t compressed_bytes)
      : out_(out), limit_(out.size() + bytes_max + 1), filled_(out.size()) {
    grow_to(filled_ + std::max(first_output_bytes, compressed_bytes * expected_ratio));
  }
  ~Room() { out_.resize(filled_); }

  MutableBytes free() {
    if (filled_ == out_.size()) grow_to(out_.size() * 2);
    return out_.bytes().subspan(filled_);
  }
  void fill(size_t bytes) { filled_ += bytes; }
  bool over() const { return filled_ >= limit_; }

 private:
  void grow_to(size_t bytes) { out_.resize(std::max(filled_, std::min(bytes, limit_))); }

  io::AlignedBuffer& out_;
  size_t limit_;
  size_t filled_;
};

Result<void> decompress_gzip(ByteView compressed, size_t bytes_max, io::AlignedBuffer& out) {
  const auto content = codec::gunzip(compressed, bytes_max);
  if (content) {
    out.append(as_bytes(*content));
    return {};
  }
  if (content.error() == codec::GzipFailure::too_large) return bomb(Codec::gzip, bytes_max);
  return damaged(Codec::gzip, codec::to_string(content.error()));
}

Result<void> decompress_lz4(ByteView compressed, size_t bytes_max, io::AlignedBuffer& out) {
  LZ4F_dctx* made = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION)) != 0) {
    return fail(ErrorCode::failed, "cannot make an LZ4 decompression context");
  }
  const std::unique_ptr<LZ4F_dctx, decltype(&LZ4F_freeDecompressionContext)> context(
      made, LZ4F_freeDecompressionContext);
  Room room(out, bytes_max, compressed.size());
  for (;;) {
    const MutableBytes free = room.free();
    size_t written = free.size();
    size_t read = compressed.size();
    const size_t state =
        LZ4F_decompress(context.get(), free.data(), &written, compressed.data(), &read, nullptr);
    if (LZ4F_isError(state) != 0) return damaged(Codec::lz4, LZ4F_getErrorName(state));
    room.fill(written);
    compressed = compressed.subspan(read);
    if (room.over()) return bomb(Codec::lz4, bytes_max);
    if (state == 0) break;
    if (read == 0 && written == 0) return damaged(Codec::lz4, "it ends inside a frame");
  }
  if (!compressed.empty()) return damaged(Codec::lz4, "bytes follow the frame");
  return {};
}

Result<void> decompress_zstd(ByteView compressed, size_t bytes_max, io::AlignedBuffer& out) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                     ZSTD_freeDCtx);
  if (context == nullptr) return fail(ErrorCode::failed, "cannot make a zstd context");
  Room room(out, bytes_max, compressed.size());
  ZSTD_inBuffer in{compressed.data(), compressed.size(), 0};
  for (size_t state = 1; in.pos < in.size || state != 0;) {
    const MutableBytes free = room.free();
    ZSTD_outBuffer produced{free.data(), free.size(), 0};
    const size_t read_before = in.pos;
    state = ZSTD_decompressStream(context.get(), &produced, &in);
    if (ZSTD_isError(state) != 0) return damaged(Codec::zstd, ZSTD_getErrorName(state));
    room.fill(produced.pos);
    if (room.over()) return bomb(Codec::zstd, bytes_max);
    if (in.pos == read_before && produced.pos == 0) {
      return damaged(Codec::zstd, "it ends inside a frame");
    }
  }
  return {};
}

// The stream of Kafka's Java client: a head of 16 bytes, then blocks with their length before them.
constexpr std::array<uint8_t, 8> snappy_stream_magic{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
constexpr size_t snappy_stream_head_bytes = 16;

Result<void> decompress_snappy(ByteView compressed, size_t bytes_max, io::AlignedBuffer& out) {
  const bool stream =
      compressed.size() >= snappy_stream_head_bytes &&
      std::equal(snappy_stream_magic.begin(), snappy_stream_magic.end(), compressed.begin());
  if (!stream) return decompress_snappy_block(compressed, bytes_max, out);
  const size_t before = out.size();
  codec::ByteReader reader(compressed.subspan(snappy_stream_head_bytes));
  while (reader.remaining() > 0) {
    const ByteView block = reader.bytes(reader.u32_be());
    if (!reader.ok()) return damaged(Codec::snappy, "it ends inside a block");
    MR_CHECK(decompress_snappy_block(block, bytes_max - (out.size() - before), out));
  }
  return {};
}

}  // namespace

std::string_view to_string(Codec codec) {
  switch (codec) {
    case Codec::none:
      return "none";
    case Codec::gzip:
      return "gzip";
    case Codec::snappy:
      return "snappy";
    case Codec::lz4:
      return "lz4";
    case Codec::zstd:
      return "zstd";
  }
  return "unknown";
}

Result<void> decompress(Codec codec, ByteView compressed, size_t bytes_max,
                        io::AlignedBuffer& out) {
  switch (codec) {
    case Codec::none:
      if (compressed.size() > bytes_max) return bomb(codec, bytes_max);
      out.append(compressed);
      return {};
    case Codec::gzip:
      return decompress_gzip(compressed, bytes_max, out);
    case Codec::snappy:
      return decompress_snappy(compressed, bytes_max, out);
    case Codec::lz4:
      return decompress_lz4(compressed, bytes_max, out);
    case Codec::zstd:
      return decompress_zstd(compressed, bytes_max, out);
  }
  return fail(ErrorCode::unsupported, "compression " + std::to_string(static_cast<int>(codec)) +
                                          " of a record batch is unknown");
}

Result<void> decompress_snappy_block(ByteView block, size_t bytes_max, io::AlignedBuffer& out) {
  codec::ByteReader reader(block);
  const uint64_t size = reader.unsigned_varlong();
  if (!reader.ok()) return damaged(Codec::snappy, "no length");
  if (size > bytes_max) return bomb(Codec::snappy, bytes_max);
  // A copy of three bytes yields at most 64: a length beyond that is a lie.
  if (size > block.size() * 32) return damaged(Codec::snappy, "a length that cannot be");
  const size_t start = out.size();
  out.resize(start + size);
  uint8_t* const begin = out.data() + start;
  size_t filled = 0;
  while (reader.remaining() > 0) {
    const uint8_t tag = reader.u8();
    size_t length = (tag >> 2) + size_t{1};
    if ((tag & 3) == 0) {
      // A literal; long ones have their length behind the tag.
      constexpr size_t short_length_max = 60;
      if (length > short_length_max) {
        const size_t length_bytes = length - short_length_max;
        length = 1;
        for (size_t i = 0; i < length_bytes; ++i) length += size_t{reader.u8()} << (8 * i);
      }
      const ByteView literal = reader.bytes(length);
      if (!reader.ok() || length > size - filled) return damaged(Codec::snappy, "a literal");
      std::memcpy(begin + filled, literal.data(), length);
    } else {
      size_t distance = 0;
      if ((tag & 3) == 1) {
        length = ((tag >> 2) & 7) + 4;
        distance = size_t{tag} >> 5 << 8 | reader.u8();
      } else {
        distance = (tag & 3) == 2 ? reader.u16_le() : reader.u32_le();
      }
      const bool fits =
          reader.ok() && distance > 0 && distance <= filled && length <= size - filled;
      if (!fits) return damaged(Codec::snappy, "a copy");
      // Byte by byte: a copy may overlap what it makes.
      for (size_t i = 0; i < length; ++i) begin[filled + i] = begin[filled + i - distance];
    }
    filled += length;
  }
  if (filled != size) return damaged(Codec::snappy, "another length than it states");
  return {};
}

namespace {

void put_le(uint8_t* out, uint32_t value) {
  for (size_t i = 0; i < sizeof(value); ++i) out[i] = static_cast<uint8_t>(value >> (8 * i));
}

constexpr uint32_t raw_block = 0x8000'0000;

}  // namespace

// https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
void append_lz4_head(io::AlignedBuffer& out) {
  constexpr std::array<uint8_t, lz4_head_bytes> head{
      0x04, 0x22, 0x4D, 0x18,  // magic
      0x60,                    // version 1, independent blocks, no checksums, no content size
      0x50,                    // blocks of at most 256 KiB
      0xFB,                    // the second byte of xxHash32 of the two bytes before
  };
  out.append(head);
}

bool append_lz4_blocks(ByteView content, io::AlignedBuffer& out) {
  constexpr int fast = 1;
  for (size_t at = 0; at < content.size(); at += lz4_block_bytes) {
    const ByteView block = content.subspan(at, std::min(lz4_block_bytes, content.size() - at));
    const auto block_bytes = static_cast<int>(block.size());
    const size_t start = out.size();
    const int bound = LZ4_compressBound(block_bytes);
    out.resize(start + lz4_block_head_bytes + static_cast<size_t>(bound));
    const int packed =
        LZ4_compress_fast(reinterpret_cast<const char*>(block.data()),
                          reinterpret_cast<char*>(out.data() + start + lz4_block_head_bytes),
                          block_bytes, bound, fast);
    if (at == 0 && packed > block_bytes - block_bytes / 8) return false;
    if (packed <= 0 || packed >= block_bytes) {
      out.resize(start);
      append_lz4_raw_blocks(block, out);
      continue;
    }
    put_le(out.data() + start, static_cast<uint32_t>(packed));
    out.resize(start + lz4_block_head_bytes + static_cast<size_t>(packed));
  }
  return true;
}

void append_lz4_raw_blocks(ByteView content, io::AlignedBuffer& out) {
  for (size_t at = 0; at < content.size(); at += lz4_block_bytes) {
    const ByteView block = content.subspan(at, std::min(lz4_block_bytes, content.size() - at));
    const size_t start = out.size();
    out.resize(start + lz4_block_head_bytes);
    put_le(out.data() + start, static_cast<uint32_t>(block.size()) | raw_block);
    out.append(block);
  }
}

void append_lz4_end(io::AlignedBuffer& out) {
  out.append_zeros(lz4_end_bytes);
}

Result<void> compress_zstd(ByteView content, int level, io::AlignedBuffer& out) {
  const size_t start = out.size();
  out.resize(start + ZSTD_compressBound(content.size()));
  const size_t size =
      ZSTD_compress(out.data() + start, out.size() - start, content.data(), content.size(), level);
  if (ZSTD_isError(size) != 0) {
    return fail(ErrorCode::failed, std::string("zstd: ") + ZSTD_getErrorName(size));
  }
  out.resize(start + size);
  return {};
}

bool CompressionChoice::attempt(size_t records_bytes) {
  if (records_bytes < records_bytes_min) return false;
  if (left_ == 0) return true;
  --left_;
  return false;
}

void CompressionChoice::outcome(bool shrank) {
  constexpr uint32_t pause_max = 63;
  pause_ = shrank ? 0 : std::min(pause_ * 2 + 1, pause_max);
  left_ = pause_;
}

}  // namespace mr::log
