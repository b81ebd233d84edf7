#pragma once

#include <memory>
#include <string>

#include "http/buffer.h"
#include "http/chunk_decoder.h"
#include "http/parser.h"
#include "http/response.h"
#include "http/server.h"
#include "io/network.h"

namespace mr::http {

// One connection of a Server from accept to close: receives a request, has it handled, sends the
// answer, again and again. Lives in its run() coroutine's frame.
class Session {
 public:
  Session(Server& server, std::unique_ptr<io::Connection> connection);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  io::Task<void> run();
  // For Server::stop: ends the connection when no request is under way.
  void close_if_idle();
  void close() { connection_->close(); }
  Session* next() const { return next_; }

 private:
  enum class Step : uint8_t {
    ready,    // go on with this request
    ended,    // the peer has gone, or nothing more is to be said
    refused,  // failure_ says what to answer
  };
  struct Failure {
    Refusal refusal = Refusal::malformed;
    int status = 400;
    std::string_view reason;
  };

  io::Task<Step> receive_head();
  io::Task<Step> receive_body();
  io::Task<Step> receive_sized(size_t length);
  io::Task<Step> receive_chunked(size_t bytes_max);
  io::Task<Result<size_t>> read_idle();
  io::Task<bool> send(Response response, bool keep);
  io::Task<bool> send_source(std::unique_ptr<BodySource> source, bool chunked);
  io::Task<void> refuse();
  io::Task<void> linger(size_t bytes_max);
  bool make_room();
  void finish_request();
  Step refused(Refusal refusal, int status, std::string_view reason);
  Step read_failed(const Error& error, Refusal when_late);
  void render_head(const Response& response, bool keep, bool chunked);
  Instant now() const;
  const ServerLimits& limits() const { return server_.limits_; }

  Server& server_;
  std::unique_ptr<io::Connection> connection_;
  Session* next_ = nullptr;
  Session* previous_ = nullptr;

  RequestParser parser_;
  Buffer receive_;  // the head, and the body when it fits behind it
  Buffer body_;     // the body otherwise
  Buffer ahead_;    // bytes of the next request that came with a chunked body
  ByteView body_view_;
  std::string out_;
  size_t receive_bytes_wanted_;  // capacity of receive_ that fits this client's requests
  bool has_head_ = false;
  bool idle_ = true;
  Failure failure_;
};

}  // namespace mr::http
