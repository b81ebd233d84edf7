#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "http/request_head.h"
#include "io/task.h"

namespace mr::http {

// The body of a response that is made piece by piece (a tail, a relayed answer). Destroyed when
// the response has been sent or the client has gone.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // The next piece; empty at the end. An error cuts the connection, so that the client sees that
  // the answer is incomplete. Called again only after the piece has been taken by the client.
  virtual io::Task<Result<std::string>> next() = 0;
};

// What a handler answers. A value that is filled in and returned.
class Response {
 public:
  Response() = default;
  explicit Response(int status_code) : status(status_code) {}

  // "text/plain; charset=utf-8", "application/json", or a type of one's own.
  static Response text(int status, std::string_view body);
  static Response json(int status, std::string body);
  // Chunked: the body comes from `source`.
  static Response stream(int status, std::string_view content_type,
                         std::unique_ptr<BodySource> source);

  // Appends a header. Bytes of the value that no header may hold (control characters) are left
  // out. Not for Content-Length, Transfer-Encoding, Connection and Date, which the server writes.
  Response& add_header(std::string_view name, std::string_view value);

  int status = 200;
  std::string body;
  std::unique_ptr<BodySource> source;  // when set, `body` is not sent
  // Ends the connection after this response.
  bool close = false;

  // Rendered header lines, each ending in CR LF.
  const std::string& header_lines() const { return header_lines_; }

 private:
  std::string header_lines_;
};

// The reason phrase of a status ("Not Found").
std::string_view reason_phrase(int status);

// A complete request as a handler sees it. The views live until handle() has completed.
struct Request {
  const RequestHead* head = nullptr;
  ByteView body;
  // The peer's address without port; empty for a unix socket.
  std::string_view peer;
  bool encrypted = false;  // it came over TLS
};

// Why the server itself ends a request before its handler saw it whole.
enum class Refusal : uint8_t {
  malformed,              // 400, 414, 417, 431, 501, 505: not HTTP as we read it
  head_timed_out,         // 408
  body_timed_out,         // 408
  body_too_large,         // 413
  memory_exhausted,       // 503: receive_memory_bytes_max
  connections_exhausted,  // 503: connections_max
};

// The reason as a metrics label ("body_too_large").
std::string_view to_string(Refusal refusal);

// What answers requests. Owned by whoever makes the server; outlives it. handle() runs once a
// request, many at a time, all on the server's loop.
class Handler {
 public:
  virtual ~Handler() = default;
  // The largest body that this request may have; asked once its head is known.
  virtual size_t body_bytes_max(const RequestHead& head) const = 0;
  virtual io::Task<Response> handle(Request request) = 0;
  // The answer to a request that the server refuses; `head` is null when there is none yet.
  // `status` and `reason` are the server's words. Default: plain text.
  virtual Response refuse(const RequestHead* head, Refusal refusal, int status,
                          std::string_view reason);
};

}  // namespace mr::http
