#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace mr::http {

// Decodes the chunked transfer coding (RFC 9112 section 7.1) strictly, in place, from pieces of
// any size. Ours, because the packaged http-parser does not check the line ends around chunks.
class ChunkDecoder {
 public:
  enum class Progress : uint8_t { needs_more, complete, failed };

  // What decode() did with its input.
  struct Step {
    Progress progress = Progress::needs_more;
    size_t consumed = 0;  // input bytes that belong to this body
    size_t payload = 0;   // bytes of payload, moved to the front of the input
  };

  // Decodes the next bytes of the stream. Failed when the framing is wrong or its overhead
  // exceeds chunk_overhead_bytes_max.
  Step decode(MutableBytes input);

 private:
  enum class State : uint8_t {
    size_start,
    size,
    extension,
    size_end,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer,
    trailer_end,
    last_end,
    done,
    failed,
  };
  State framing_byte(uint8_t byte);

  State state_ = State::size_start;
  uint64_t chunk_left_ = 0;
  size_t overhead_bytes_ = 0;
};

}  // namespace mr::http
