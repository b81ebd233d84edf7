#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/loadgen/request_body.h"

namespace mr::bench {

// One kept-open HTTP/1.1 connection with at most one request under way. It owns the bodies that it
// sends in turn, so that a body is never changed while it is being sent.
class Connection {
 public:
  enum class Progress : uint8_t {
    waiting,   // for more bytes, or nothing is under way
    answered,  // status() is that of the whole answer
    broken,    // the connection ended with a request under way
    idle_end,  // it ended with none under way
  };

  // `head` is the request up to the value of Content-Length, the same for every request.
  Connection(std::string head, std::vector<RequestBody> bodies);
  Connection(Connection&& other) noexcept;
  ~Connection();

  // Starts connecting and registers with the epoll instance under `index`; an open connection is
  // closed first.
  void open(int epoll, uint32_t index, const std::string& host, uint16_t port);

  // Sends a request that was never sent before. `due` is when it should have begun.
  void send(uint64_t due, uint64_t now);
  // Goes on sending what the socket did not take.
  void on_writable();
  // Reads all there is.
  Progress on_readable();

  bool busy() const { return busy_; }
  uint64_t due() const { return due_; }
  uint64_t sent() const { return sent_; }
  int status() const { return status_; }
  // Whether the connection cannot be used again: the server asked to close it, or answered before
  // it had the whole request.
  bool finished() const { return closing_ || written_ < request_bytes(); }
  // Bytes of the request under way or last answered, head and body.
  size_t request_bytes() const { return head_.size() + body_->bytes().size(); }
  // The beginning of the last answer, for showing it.
  const std::string& answer() const { return answer_; }

 private:
  bool parse_answer();
  void parse_head(size_t end);

  std::string fixed_head_;
  std::vector<RequestBody> bodies_;
  size_t next_body_ = 0;
  int socket_ = -1;
  bool busy_ = false;
  uint64_t due_ = 0;
  uint64_t sent_ = 0;
  std::string head_;
  RequestBody* body_ = nullptr;
  size_t written_ = 0;  // of head and body
  std::string answer_;
  size_t answer_bytes_ = 0;  // head and body once the head is known, else 0
  int status_ = 0;
  bool closing_ = false;
  bool chunked_ = false;
};

}  // namespace mr::bench
