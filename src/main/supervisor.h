#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "io/fwd.h"
#include "io/processes.h"
#include "io/task.h"
#include "telemetry/log_line.h"

namespace mr::io {
class Signals;
}

namespace mr::main {

// Keeps the child processes running: starts them, restarts one that ends (at once when it had been
// up for a while, else after a growing pause), and on SIGTERM or SIGINT stops them in order.
class Supervisor {
 public:
  struct Child {
    std::string name;
    io::ChildCommand command;
  };

  // `status_file` is rewritten with a JSON array of {name, pid, state, restarts} at each change.
  Supervisor(io::World& world, io::Signals& signals, telemetry::Logger& log,
             std::string status_file, std::vector<Child> children);
  ~Supervisor();

  // Runs until a signal asks for the end and all children have stopped. Yields whether all ended
  // in order (exit code 0).
  io::Task<bool> run();

 private:
  struct Running;

  void start(Running& child);
  void collect();
  io::Task<void> restart_due();
  io::Task<void> watch_signals();
  io::Task<bool> stop_all();
  io::Task<bool> stop_one(Running& child);
  io::Task<void> write_status();
  Running* find(int process_id);

  io::World& world_;
  io::Signals& signals_;
  telemetry::Logger& log_;
  std::string status_file_;
  std::vector<Running> children_;
  bool stopping_ = false;
  bool status_changed_ = true;
  struct Wake;
  std::unique_ptr<Wake> wake_;
};

// The pause before the next start of a process that stayed up for `uptime` and has already failed
// `failures` times in a row: nothing at first, then doubling to 10 seconds. A process that stayed
// up for 5 seconds starts afresh.
Millis restart_pause(Millis uptime, int failures);

}  // namespace mr::main
