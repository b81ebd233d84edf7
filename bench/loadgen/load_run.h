#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/loadgen/connection.h"
#include "bench/loadgen/latency_histogram.h"
#include "bench/loadgen/options.h"
#include "bench/loadgen/process_usage.h"

namespace mr::bench {

// What one run saw. "Measured" is the time after the warm-up and before the end; requests that are
// then under way are still waited for, and count in `events_accepted` only.
struct Measurements {
  uint64_t started = 0;  // when sending began, nanoseconds of the monotonic clock
  double elapsed_seconds = 0;
  uint64_t answered = 0;    // measured requests answered with 2xx
  uint64_t refused = 0;     // ... with another status
  uint64_t broken = 0;      // ... never answered
  uint64_t reconnects = 0;  // in the whole run
  uint64_t never_sent = 0;  // open loop: due, but no connection was free until the end
  std::map<int, uint64_t> statuses;
  uint64_t wire_bytes = 0;  // of measured 2xx requests, heads included
  uint64_t text_bytes_per_event = 0;
  uint64_t events_accepted = 0;  // events in all requests answered with 2xx, warm-up included
  LatencyHistogram from_sent;
  LatencyHistogram from_due;
  double own_cpu_seconds = 0;
  double machine_busy_seconds = 0;
  std::vector<TreeUsage> before;  // per watched process
  std::vector<TreeUsage> after;
};

// Sends the load of one command line from one thread.
class LoadRun {
 public:
  // Makes all bodies and connections; nothing is sent yet.
  static Result<LoadRun> create(const Options& options);
  LoadRun(LoadRun&&) = default;

  // Runs to the end, which the options bound.
  Measurements run();

 private:
  enum class Phase : uint8_t { warm_up, measured, draining, over };

  explicit LoadRun(const Options& options) : options_(options) {}
  void advance_phase(uint64_t now);
  void begin_measuring();
  void end_measuring();
  bool sent_enough() const;
  void send_due(uint64_t now);
  void wait_and_handle(uint64_t now);
  void handle(uint32_t index, uint32_t events);
  void count_answer(const Connection& connection, uint64_t now);
  void reopen(uint32_t index);
  uint64_t due_time(uint64_t number) const;

  const Options& options_;
  std::vector<Connection> connections_;
  std::vector<uint32_t> idle_;
  int epoll_ = -1;
  Phase phase_ = Phase::warm_up;
  uint64_t started_ = 0;
  uint64_t measured_from_ = 0;
  uint64_t phase_ends_ = 0;
  uint64_t sent_count_ = 0;
  uint64_t sent_in_warm_up_ = 0;
  bool refusal_shown_ = false;
  Measurements seen_;
};

}  // namespace mr::bench
