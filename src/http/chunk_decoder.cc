#include "http/chunk_decoder.h"

#include <cstring>

#include "codec/hex.h"
#include "http/limits.h"

namespace mr::http {
namespace {

// Far above every body limit, far below an overflow.
constexpr uint64_t chunk_bytes_max = uint64_t{1} << 40;

bool is_text(uint8_t byte) {
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

}  // namespace

ChunkDecoder::State ChunkDecoder::framing_byte(uint8_t byte) {
  switch (state_) {
    case State::size_start:
    case State::size: {
      if (const int digit = codec::hex_digit_value(static_cast<char>(byte)); digit >= 0) {
        chunk_left_ = chunk_left_ * 16 + static_cast<uint64_t>(digit);
        return chunk_left_ > chunk_bytes_max ? State::failed : State::size;
      }
      if (state_ == State::size_start) return State::failed;
      if (byte == '\r') return State::size_end;
      return byte == ';' || byte == ' ' || byte == '\t' ? State::extension : State::failed;
    }
    case State::extension:
      if (byte == '\r') return State::size_end;
      return is_text(byte) ? State::extension : State::failed;
    case State::size_end:
      if (byte != '\n') return State::failed;
      return chunk_left_ == 0 ? State::trailer_start : State::data;
    case State::data_cr:
      return byte == '\r' ? State::data_lf : State::failed;
    case State::data_lf:
      return byte == '\n' ? State::size_start : State::failed;
    case State::trailer_start:
      if (byte == '\r') return State::last_end;
      return is_text(byte) ? State::trailer : State::failed;
    case State::trailer:
      if (byte == '\r') return State::trailer_end;
      return is_text(byte) ? State::trailer : State::failed;
    case State::trailer_end:
      return byte == '\n' ? State::trailer_start : State::failed;
    case State::last_end:
      return byte == '\n' ? State::done : State::failed;
    case State::data:
    case State::done:
    case State::failed:
      break;
  }
  return State::failed;
}

ChunkDecoder::Step ChunkDecoder::decode(MutableBytes input) {
  Step step;
  while (step.consumed < input.size() && state_ != State::done && state_ != State::failed) {
    if (state_ == State::data) {
      const size_t available = input.size() - step.consumed;
      const size_t count = chunk_left_ < available ? static_cast<size_t>(chunk_left_) : available;
      std::memmove(input.data() + step.payload, input.data() + step.consumed, count);
      step.payload += count;
      step.consumed += count;
      chunk_left_ -= count;
      if (chunk_left_ == 0) state_ = State::data_cr;
      continue;
    }
    state_ = framing_byte(input[step.consumed++]);
    if (++overhead_bytes_ > chunk_overhead_bytes_max) state_ = State::failed;
  }
  if (state_ == State::done) step.progress = Progress::complete;
  if (state_ == State::failed) step.progress = Progress::failed;
  return step;
}

}  // namespace mr::http
