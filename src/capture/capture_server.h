#pragma once

#include <memory>
#include <string>
#include <vector>

#include "capture/capture_service.h"
#include "capture/metrics_page.h"
#include "catalog/live_snapshot.h"
#include "http/router.h"
#include "http/server.h"
#include "io/network.h"
#include "io/world.h"
#include "telemetry/log_line.h"
#include "telemetry/metrics.h"

namespace mr::capture {

// Where the accept process finds and shows things.
struct CaptureConfig {
  CaptureRules rules;
  io::Address process_socket;  // own /metrics and /status for the other processes
  std::vector<MetricsPage::Process> other_processes;  // whose metrics /metrics includes
  // Of clients, over all ports together. Above: 503.
  size_t connections_max = 20'000;
  size_t receive_memory_bytes_max = 256 * 1024 * 1024;  // for what their connections are sending
};

// The accept process in one object: the public HTTP server with the capture stage behind it, and
// the process's own socket. Made and owned by main/; collaborators outlive it. One loop.
class CaptureServer {
 public:
  // Binds the process socket. `catalog` has been opened and is followed by the caller.
  static io::Task<Result<std::unique_ptr<CaptureServer>>> create(
      io::World world, CaptureConfig config, LaneAppender& lanes, Usage& usage,
      const catalog::LiveSnapshot& catalog, telemetry::Metrics& metrics, telemetry::Logger& log);
  ~CaptureServer();

  // Serves clients on `listener` until stop(); completes when both servers have ended.
  // `encrypted` may be null. The two share the limits of connections and memory.
  io::Task<Result<void>> serve(std::unique_ptr<io::Listener> listener,
                               std::unique_ptr<io::Listener> encrypted);
  // Stops accepting, answers what is under way, cuts what is left after `grace`. The lanes must
  // go on working until serve() has completed.
  void stop(Millis grace);

  const CaptureService& service() const { return *service_; }

 private:
  class LiveProjects;
  class ProcessPages;
  CaptureServer(io::World world, CaptureConfig config, LaneAppender& lanes, Usage& usage,
                const catalog::LiveSnapshot& catalog, telemetry::Metrics& metrics,
                telemetry::Logger& log);
  io::Task<void> serve_encrypted(std::unique_ptr<io::Listener> listener);
  io::Task<void> serve_process_socket(std::unique_ptr<io::Listener> listener);

  io::World world_;
  MetricsPage metrics_page_;
  std::unique_ptr<LiveProjects> projects_;
  std::unique_ptr<CaptureService> service_;
  std::unique_ptr<ProcessPages> pages_;
  http::ServerBudget client_budget_;
  http::Server public_server_;
  http::Server encrypted_server_;
  http::Server process_server_;
  std::unique_ptr<io::Listener> process_listener_;
  io::TaskGroup tasks_;
};

}  // namespace mr::capture
