#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "http/limits.h"
#include "http/parser.h"
#include "http/response.h"
#include "io/network.h"

// A small client for our own sockets: relays between our processes and the command line. One
// connection a request; no redirects, no TLS, no names.
namespace mr::http {

struct ClientRequest {
  std::string method = "GET";
  std::string target = "/";
  // Rendered header lines ("accept: text/csv\r\n"), beside those that the client writes (Host,
  // Content-Length, Connection).
  std::string header_lines;
  std::string body;
};

// A response whose body is read piece by piece. Owned by the reader; abandoning it closes the
// connection.
class ResponseStream final : public BodySource {
 public:
  // Connects, sends and waits for the response's head; all of it before `deadline`. Errors: those
  // of the network, or failed when the answer is not HTTP.
  static io::Task<Result<std::unique_ptr<ResponseStream>>> open(io::Network& network,
                                                                io::Address to,
                                                                ClientRequest request,
                                                                Instant deadline);

  int status() const { return parser_.status(); }
  // The first header of that name (any case), or "".
  std::string_view header(std::string_view name) const;
  const std::vector<ResponseParser::HeaderText>& headers() const { return parser_.headers(); }

  // The next bytes of the body, empty at its end. closed when the peer cut it off.
  io::Task<Result<std::string>> read(Instant deadline);
  // The same without a deadline: what relays hand on.
  io::Task<Result<std::string>> next() override;

 private:
  explicit ResponseStream(std::unique_ptr<io::Connection> connection);
  io::Task<Result<void>> receive(Instant deadline);

  std::unique_ptr<io::Connection> connection_;
  Bytes incoming_;
  ResponseParser parser_;
};

struct ClientResponse {
  int status = 0;
  std::string content_type;
  std::string body;
};

// Sends and reads the whole answer, at most `body_bytes_max` (else too_large), before `deadline`.
io::Task<Result<ClientResponse>> fetch(io::Network& network, io::Address to, ClientRequest request,
                                       Instant deadline,
                                       size_t body_bytes_max = client_body_bytes_max);

}  // namespace mr::http
