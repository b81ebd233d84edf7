#pragma once

#include <optional>
#include <string>
#include <vector>

#include "log/options.h"
#include "sim/sim_world.h"

// For tests only: a workload on one partition, crashes and faults drawn from a seed, and the model
// that judges what the log then holds.
namespace mr::log {

// What is tried; read from tests/sim/<name>.scenario.
struct Scenario {
  std::string name;
  int producers = 1;
  int appends = 5;  // of each producer, in each round
  int records_max = 3;
  int value_bytes_max = 3000;
  int rounds = 4;
  bool direct = true;
  bool publish = false;
  bool full_disk = false;
  // Segments beyond this much go, as far as the registered consumer allows; 0: none go.
  int retention_bytes = 0;
  // Appends are answered before their sync, which comes so long after; 0: answered when durable.
  int sync_interval = 0;
  // Never in a file: the machine of a planted bug, whose folder syncs do nothing.
  bool ignore_folder_syncs = false;
};

Scenario load_scenario(const std::string& name);

// How one run ended badly, for people and for the replay; nothing when every invariant held:
//   L1 acknowledged records are at their offsets, L2 nothing was invented, L3 offsets are dense and
//   rise with time, L4 what was read never changes, P1 only committed records are visible,
//   V1 without faults everything completes.
using Failure = std::optional<std::string>;

// Rounds of {random faults, a crash at a random operation}, then one without misfortune.
Failure simulate(const Scenario& scenario, uint64_t seed, const PlantedBugs& bugs,
                 uint64_t* fingerprint = nullptr);

// One round that crashes at operation `crash_at` (0: none), then one without misfortune. Yields how
// many operations the first round had.
struct CrashRun {
  Failure failure;
  uint64_t operations = 0;
};
CrashRun simulate_crash_at(const Scenario& scenario, uint64_t seed, uint64_t crash_at,
                           sim::CrashKind kind, const PlantedBugs& bugs);

}  // namespace mr::log
