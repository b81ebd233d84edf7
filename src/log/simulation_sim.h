#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "log/scenario_sim.h"
#include "sim/storage.h"

// Seeded runs of a scenario: misfortune first, then a calm phase in which everything must come
// right.
namespace mr::log {

// How a run differs from what its seed alone says.
struct RunOptions {
  Bugs bugs;
  // Kinds that are left out: the names of sim::fault_kinds, and "crash", "power", "rot".
  std::vector<std::string> without;
  bool trace = false;
};

// How a run ended badly, for people and for the replay.
struct Failure {
  std::string invariant;  // what does not hold; begins with its name, see Model
  std::string faults;     // of each round, and how it ended
  uint64_t operation = 0;
  int64_t micros = 0;
};

struct RunResult {
  std::optional<Failure> failure;
  uint64_t fingerprint = 0;
  uint64_t operations = 0;
};

// Rounds of {random faults, a crash at a random operation}, then a calm one, a crash, another.
RunResult simulate(const Scenario& scenario, uint64_t seed, const RunOptions& options = {});

// One round that crashes at operation `crash_at` (0: none), then one without misfortune. Yields how
// many operations the first round had.
RunResult simulate_crash_at(const Scenario& scenario, uint64_t seed, uint64_t crash_at,
                            sim::CrashKind kind, const RunOptions& options = {});

// "L1: … | scenario log_direct seed 7 faults …": one line.
std::string describe(const Failure& failure, const Scenario& scenario, uint64_t seed);

}  // namespace mr::log
