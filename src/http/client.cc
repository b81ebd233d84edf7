#include "http/client.h"

#include "http/text.h"

namespace mr::http {

ResponseStream::ResponseStream(std::unique_ptr<io::Connection> connection)
    : connection_(std::move(connection)), incoming_(client_read_bytes) {
}

io::Task<Result<std::unique_ptr<ResponseStream>>> ResponseStream::open(io::Network& network,
                                                                       io::Address to,
                                                                       ClientRequest request,
                                                                       Instant deadline) {
  const bool is_unix = to.text.starts_with("unix:");
  std::string message = request.method + " " + request.target + " HTTP/1.1\r\nhost: ";
  message += is_unix ? "localhost" : to.text;
  message += "\r\nconnection: close\r\n" + request.header_lines;
  if (!request.body.empty() || request.method != "GET") {
    message += "content-length: " + std::to_string(request.body.size()) + "\r\n";
  }
  message += "\r\n" + request.body;

  MR_CO_TRY(auto connection, co_await network.connect(to, deadline));
  std::unique_ptr<ResponseStream> stream(new ResponseStream(std::move(connection)));
  // An answer may come before all is sent (413); then it matters more than the failed write.
  const Result<void> sent = co_await stream->connection_->write_all(as_bytes(message), deadline);
  while (!stream->parser_.head_complete()) {
    const Result<void> received = co_await stream->receive(deadline);
    if (!received) co_return fail(sent ? received.error() : sent.error());
  }
  co_return stream;
}

std::string_view ResponseStream::header(std::string_view name) const {
  for (const auto& header : parser_.headers()) {
    if (equals_ignoring_case(header.name, name)) return header.value;
  }
  return {};
}

io::Task<Result<void>> ResponseStream::receive(Instant deadline) {
  MR_CO_TRY(const size_t count, co_await connection_->read_some(incoming_, deadline));
  if (count == 0) {
    if (!parser_.end()) co_return fail(ErrorCode::closed, "the answer was cut off");
    co_return Result<void>();
  }
  if (!parser_.feed(ByteView(incoming_).first(count))) {
    co_return fail(ErrorCode::failed, "the answer is not HTTP/1.1");
  }
  co_return Result<void>();
}

io::Task<Result<std::string>> ResponseStream::read(Instant deadline) {
  while (parser_.pending_body_bytes() == 0 && !parser_.complete()) {
    MR_CO_CHECK(co_await receive(deadline));
  }
  co_return parser_.take_body();
}

io::Task<Result<std::string>> ResponseStream::next() {
  return read(io::no_deadline);
}

io::Task<Result<ClientResponse>> fetch(io::Network& network, io::Address to, ClientRequest request,
                                       Instant deadline, size_t body_bytes_max) {
  MR_CO_TRY(const auto stream,
            co_await ResponseStream::open(network, std::move(to), std::move(request), deadline));
  ClientResponse response;
  response.status = stream->status();
  response.content_type = stream->header("content-type");
  for (;;) {
    MR_CO_TRY(const std::string piece, co_await stream->read(deadline));
    if (piece.empty()) co_return response;
    if (response.body.size() + piece.size() > body_bytes_max) {
      co_return fail(ErrorCode::too_large, "the answer is larger than allowed");
    }
    response.body += piece;
  }
}

}  // namespace mr::http
