#pragma once

#include <coroutine>
#include <cstdint>
#include <vector>

#include "io/clock.h"
#include "io/loop.h"
#include "sim/sim_random.h"

namespace mr::sim {

// Which simulated process a task or timer belongs to.
using ProcessId = uint32_t;

// Decides what happens next on a simulated machine: a ready task, chosen by chance; when none is
// ready, time jumps to the next timer.
class Scheduler {
 public:
  explicit Scheduler(SimRandom random) : random_(random) {}

  void post(ProcessId owner, std::coroutine_handle<> ready) { ready_.push_back({owner, ready}); }
  void start_timer(ProcessId owner, io::TimerEvent& event, Instant when);
  void cancel_timer(io::TimerEvent& event);

  // Runs one task or one timer that is due by `limit`; false when there is nothing to run.
  bool turn(Instant limit);
  // Forgets the tasks and timers of a process without running them.
  void forget(ProcessId owner);

  Instant now() const { return now_; }
  WallTime wall() const { return {wall_start_millis_ + now_.micros / 1000}; }
  // Moves civil time, not the monotonic clock.
  void jump_wall(Millis by) { wall_start_millis_ += by.count; }
  // Tasks and timers run so far, and a digest of their order.
  uint64_t turns() const { return turns_; }
  uint64_t digest() const { return digest_ ^ random_.state(); }
  // Mixes an observation into the digest.
  void note(uint64_t observed) { digest_ = (digest_ ^ observed) * 0x9E3779B97F4A7C15 + 1; }

 private:
  struct Ready {
    ProcessId owner;
    std::coroutine_handle<> task;
  };
  struct Timer {
    Instant when;
    io::TimerEvent* event;
    ProcessId owner;
  };
  size_t next_timer();

  SimRandom random_;
  std::vector<Ready> ready_;
  std::vector<Timer> timers_;
  Instant now_{1'000'000};
  int64_t wall_start_millis_ = 1'700'000'000'000;
  uint64_t turns_ = 0;
  uint64_t digest_ = 0;
};

// The doors of order and time, as one process of the machine sees them.
class SimLoop final : public io::Loop {
 public:
  SimLoop(Scheduler& scheduler, ProcessId owner) : scheduler_(scheduler), owner_(owner) {}
  void post(std::coroutine_handle<> ready) override { scheduler_.post(owner_, ready); }

 private:
  Scheduler& scheduler_;
  ProcessId owner_;
};

class SimClock final : public io::Clock {
 public:
  SimClock(Scheduler& scheduler, ProcessId owner) : scheduler_(scheduler), owner_(owner) {}
  Instant now() const override { return scheduler_.now(); }
  WallTime wall() const override { return scheduler_.wall(); }
  void start_timer(io::TimerEvent& event, Instant when) override {
    scheduler_.start_timer(owner_, event, when);
  }
  void cancel_timer(io::TimerEvent& event) override { scheduler_.cancel_timer(event); }

 private:
  Scheduler& scheduler_;
  ProcessId owner_;
};

}  // namespace mr::sim
