#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "io/network.h"
#include "io/signal.h"
#include "sim/scheduler.h"
#include "sim/storage.h"

namespace mr::sim {

struct Link;
struct ListenerState;

// The wires of one simulated machine: who listens where, and the faults.
class NetworkMachine {
 public:
  NetworkMachine(Scheduler& scheduler, SimRandom random, const Faults& faults)
      : scheduler(scheduler), random(random), faults(faults) {}

  // The listeners and connections of a process disappear; its peers see them cut.
  void crash(ProcessId owner);
  // How long the next piece of data travels.
  int64_t latency_micros();
  bool strikes(bool Faults::* fault) { return faults.*fault && random.one_in(faults.one_in); }

  Scheduler& scheduler;
  SimRandom random;
  const Faults& faults;
  std::map<std::string, ListenerState*> listeners;
  std::vector<std::weak_ptr<Link>> links;
  uint64_t ports_given = 0;
};

// The door of the network of one simulated process: byte streams in memory, with delay, short
// reads, bounded buffers, cuts, and half-open connections that swallow everything.
class SimNetwork final : public io::Network {
 public:
  SimNetwork(NetworkMachine& machine, SimLoop& loop, SimClock& clock, ProcessId owner)
      : machine_(machine), loop_(loop), clock_(clock), owner_(owner) {}

  Result<std::unique_ptr<io::Listener>> listen(io::Address at) override;
  Result<std::unique_ptr<io::Listener>> adopt_listener(int descriptor) override;
  io::Task<Result<std::unique_ptr<io::Connection>>> connect(io::Address to,
                                                            Instant deadline) override;

 private:
  NetworkMachine& machine_;
  SimLoop& loop_;
  SimClock& clock_;
  ProcessId owner_;
};

}  // namespace mr::sim
