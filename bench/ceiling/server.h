#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/ceiling/event_writer.h"
#include "bench/ceiling/group_log.h"

namespace mr::bench {

// HTTP/1.1 on loopback with connections that are kept open: reads a body of a stated length, hands
// it to the writer, and answers when the log says that it is durable. One thread. It believes its
// clients: no limits, no time-outs, no pipelining behind a body.
class CeilingServer {
 public:
  CeilingServer(GroupLog& log) : log_(log), writer_(log) {}

  // Listens and serves until the process ends; yields why it could not.
  Result<void> run(uint16_t port);

 private:
  struct Connection {
    std::vector<char> bytes;  // of one request
    size_t used = 0;
    size_t body_at = 0;  // 0: the head is not whole yet
    size_t body_bytes = 0;
    bool gzip = false;
  };

  Result<void> open(uint16_t port);
  void accept_all();
  void on_readable(int socket);
  bool parse_head(Connection& connection);
  void answer_durable();

  GroupLog& log_;
  EventWriter writer_;
  int epoll_ = -1;
  int listener_ = -1;
  std::vector<Connection> connections_;  // by socket
};

}  // namespace mr::bench
