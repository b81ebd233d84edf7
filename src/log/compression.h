#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "io/aligned_buffer.h"

namespace mr::log {

// How the records of a batch are compressed; the numbers are those of Kafka's batch attributes.
enum class Codec : uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

// "none", "gzip", …
std::string_view to_string(Codec codec);

// What the records of one batch may have when decompressed: more than any batch of ours, and than
// what a broker takes unless told to. More is refused, whatever it was compressed to.
inline constexpr size_t batch_contents_bytes_max = 128 * 1024 * 1024;

// Appends the content of `compressed` to `out`, at most `bytes_max` bytes of it. Memory grows with
// what is really found, so that a batch that only claims to be huge costs little. Any bytes may
// come. Formats: gzip members; snappy blocks, bare or in the stream that Kafka's clients write;
// one LZ4 frame; zstd frames. Errors: corrupt, too_large, unsupported (a codec that we do not
// know).
Result<void> decompress(Codec codec, ByteView compressed, size_t bytes_max, io::AlignedBuffer& out);

// Snappy's block format (https://github.com/google/snappy/blob/main/format_description.txt).
Result<void> decompress_snappy_block(ByteView block, size_t bytes_max, io::AlignedBuffer& out);

// An LZ4 frame of independent blocks, without checksums, in parts: head, blocks, end. A caller who
// stores a part of the content in raw blocks knows beforehand how long the frame will be.
inline constexpr size_t lz4_block_bytes = 256 * 1024;
inline constexpr size_t lz4_head_bytes = 7;
inline constexpr size_t lz4_block_head_bytes = 4;
inline constexpr size_t lz4_end_bytes = 4;
void append_lz4_head(io::AlignedBuffer& out);
// `content` in blocks of lz4_block_bytes; a block that does not shrink is stored raw. False, with
// `out` in an unknown state, as soon as the first block saves less than an eighth.
bool append_lz4_blocks(ByteView content, io::AlignedBuffer& out);
void append_lz4_raw_blocks(ByteView content, io::AlignedBuffer& out);
void append_lz4_end(io::AlignedBuffer& out);

// What `bytes` of content take in raw blocks.
constexpr size_t lz4_raw_bytes(size_t bytes) {
  return bytes + (bytes + lz4_block_bytes - 1) / lz4_block_bytes * lz4_block_head_bytes;
}

// Appends `content` as one zstd frame that names its content's size.
Result<void> compress_zstd(ByteView content, int level, io::AlignedBuffer& out);

// Whether the next batch is worth the attempt: after batches that did not shrink, attempts become
// rarer, up to one in 64; a batch that shrinks ends that.
class CompressionChoice {
 public:
  // Once for each batch, before it is finished.
  bool attempt(size_t records_bytes);
  void outcome(bool shrank);

  // Smaller batches are left alone: a block is 4 KiB, and a lone event would save none.
  static constexpr size_t records_bytes_min = 16 * 1024;

 private:
  uint32_t pause_ = 0;  // how many batches to leave out after the next failure
  uint32_t left_ = 0;   // how many are still left out
};

}  // namespace mr::log
