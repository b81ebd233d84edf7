#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "http/request_head.h"

// HTTP/1.1 message parsing. The grammar is http-parser's, which only parser.cc sees; the guards
// against request smuggling (RFC 9112 sections 5, 6 and 11.2) are ours.
namespace mr::http {

// Why a message cannot be accepted, in the words of the answer.
struct ParseFailure {
  int status = 400;
  std::string_view reason;  // static text
};

// http-parser's own state without its header.
class ParserState {
 protected:
  static constexpr size_t state_bytes = 32;
  alignas(8) unsigned char state_[state_bytes];
};

// Parses the heads of one connection's requests, one at a time, from a buffer that fills piece by
// piece and may move meanwhile. Bodies are not its business (see chunk_decoder.h). Any bytes are
// safe input. Not thread-safe.
class RequestParser : ParserState {
 public:
  enum class Progress : uint8_t { needs_more, complete, failed };

  RequestParser() { reset(); }
  // Ready for the next request. Keeps its memory unless `release` asks for a small footprint.
  void reset();
  void release_memory();

  // Goes on parsing the head in `buffer`, which holds all bytes since the request's first. On
  // complete, head() points into `buffer`, which must stay where it is from then on.
  Progress parse_head(std::string_view buffer);
  const RequestHead& head() const { return head_; }
  // Bytes of the buffer that the head took, the empty line included.
  size_t head_bytes() const { return head_bytes_; }

  const ParseFailure& failure() const { return failure_; }

 private:
  friend struct RequestCallbacks;
  // A piece of the buffer: offsets, because the buffer may move while the head is incomplete.
  struct Piece {
    uint32_t begin = 0;
    uint32_t end = 0;
  };
  struct HeaderPiece {
    Piece name;
    Piece value;
  };

  Progress fail_with(int status, std::string_view reason);
  Progress fail_by_parser();
  Progress finish_head(std::string_view buffer);
  bool check_headers();
  bool check_framing();
  bool split_target();
  bool extend(Piece& piece, const char* at, size_t length, bool first);

  bool last_was_value_ = true;
  bool folded_ = false;
  bool too_many_headers_ = false;
  const char* base_ = nullptr;  // of the buffer, during parse_head
  size_t parsed_ = 0;
  size_t head_bytes_ = 0;
  Piece target_;
  std::vector<HeaderPiece> pieces_;
  RequestHead head_;
  ParseFailure failure_;
};

// Parses one response; used by our own client. Keeps copies, so inputs may go away.
class ResponseParser : ParserState {
 public:
  struct HeaderText {
    std::string name;
    std::string value;
  };

  ResponseParser();

  // Takes the next bytes of the stream; false when they are no HTTP response.
  bool feed(ByteView bytes);
  // The peer ended the stream; false when that cuts the message off.
  bool end();

  bool head_complete() const { return head_complete_; }
  bool complete() const { return complete_; }
  int status() const { return status_; }
  const std::vector<HeaderText>& headers() const { return headers_; }
  // Body bytes decoded since the last call.
  std::string take_body();
  size_t pending_body_bytes() const { return body_.size(); }

 private:
  friend struct ResponseCallbacks;
  bool last_was_value_ = true;
  bool head_complete_ = false;
  bool complete_ = false;
  bool too_large_ = false;
  int status_ = 0;
  size_t head_bytes_ = 0;
  std::vector<HeaderText> headers_;
  std::string body_;
};

}  // namespace mr::http
