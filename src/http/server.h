#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "http/budget.h"
#include "http/buffer.h"
#include "http/limits.h"
#include "http/response.h"
#include "io/network.h"
#include "io/signal.h"
#include "io/task_group.h"
#include "io/world.h"
#include "telemetry/metrics.h"

namespace mr::http {

class Session;

// Serves HTTP/1.1 on one listener: keep-alive, pipelining, chunked bodies, Expect: 100-continue,
// every bound of ServerLimits. One loop; requests of different connections run side by side on
// it, those of one connection one after another. Owned by the composition that made it; handler,
// metrics, world and `shared` outlive it.
class Server {
 public:
  // `name` is the metrics label `server` ("capture", "control"). `shared`, if there is one, bounds
  // what this and other servers hold together.
  Server(io::World world, Handler& handler, telemetry::Metrics& metrics, std::string name,
         ServerLimits limits = {}, ServerBudget* shared = nullptr);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Accepts and serves until stop(), then completes when every connection has ended: idle ones
  // are closed at once, those with a request get their answer (with Connection: close), and what
  // still runs after the grace period is cut. Called once.
  io::Task<Result<void>> serve(std::unique_ptr<io::Listener> listener);
  // Begins the end described above. May be called before serve() and more than once.
  void stop(Millis grace);

  size_t connections() const { return connections_.used(); }
  // Bytes that connections hold for heads and bodies.
  size_t receive_memory_bytes() const { return memory_.used(); }

 private:
  friend class Session;
  io::Task<void> run_session(std::unique_ptr<io::Connection> connection);
  io::Task<void> turn_away(std::unique_ptr<io::Connection> connection);
  void start(std::unique_ptr<io::Connection> connection);
  void count_response(int status, Instant received);
  void count_refusal(Refusal refusal);
  // "Sun, 06 Nov 1994 08:49:37 GMT", of the present second.
  std::string_view date();

  io::World world_;
  Handler& handler_;
  telemetry::Metrics& metrics_;
  std::string name_;
  ServerLimits limits_;
  Budget connections_;
  Budget memory_;
  telemetry::Gauge& connections_gauge_;
  telemetry::Gauge& memory_gauge_;
  telemetry::Counter& accepted_;
  telemetry::Histogram& seconds_;
  std::array<telemetry::Counter*, 600> by_status_{};

  std::unique_ptr<io::Listener> listener_;
  bool stopping_ = false;
  Instant cut_at_;
  Session* sessions_ = nullptr;  // a doubly linked list of the living
  size_t turned_away_ = 0;
  int64_t date_second_ = -1;
  std::string date_;
  io::Signal changed_;
  io::TaskGroup tasks_;  // last: its frames use all of the above
};

}  // namespace mr::http
