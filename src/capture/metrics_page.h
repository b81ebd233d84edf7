#pragma once

#include <string>
#include <vector>

#include "http/response.h"
#include "io/network.h"
#include "io/world.h"
#include "telemetry/metrics.h"

namespace mr::capture {

// What /metrics answers: this process's own metrics, merged with those that the other processes
// serve on their sockets. A process that does not answer within metrics_timeout is left out and
// shows as millrace_process_up 0.
class MetricsPage {
 public:
  struct Process {
    std::string name;
    io::Address socket;
  };
  // `own_name` is this process's ("accept").
  MetricsPage(io::World world, telemetry::Metrics& metrics, std::string own_name,
              std::vector<Process> others);

  // This process's alone.
  http::Response own();
  io::Task<http::Response> all();

 private:
  std::string render_own();

  io::World world_;
  telemetry::Metrics& metrics_;
  std::string own_name_;
  std::vector<Process> others_;
};

}  // namespace mr::capture
