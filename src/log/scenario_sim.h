#pragma once

#include <string>
#include <vector>

#include "log/options.h"

namespace mr::log {

// What is tried on one partition; read from tests/sim/<name>.scenario, one "key number" a line.
struct Scenario {
  std::string name;
  int producers = 1;
  int appends = 5;  // of each producer, in each round
  int records_max = 3;
  int value_bytes_max = 3000;
  int rounds = 4;
  int direct = 1;
  int publish = 0;
  // The disk is too small now and then, and changes while it runs.
  int full_disk = 0;
  // Segments beyond this much go, as far as registered consumers allow; 0: none go.
  int retention_bytes = 0;
  // Appends are answered before their sync, which comes so long after; 0: answered when durable.
  int sync_interval = 0;
  // Consumers in another process, with their positions in checkpoints.
  int consumers = 0;
  // Batches are compressed with lz4 where they shrink by it.
  int compression = 0;
  // A commit is full with this much, and this much waits for one; 0: the engine's defaults.
  int commit_bytes = 0;
  int queue_bytes = 0;
  // Bits flip in what is sealed and synced.
  int rot = 0;
  // A power loss leaves words on the watermark page that pass their own checks and mean nothing.
  int page_lies = 0;
};

// Mistakes that are put into the engine or below it, to prove that they are found.
struct Bugs {
  PlantedBugs log;
  bool ignore_folder_syncs = false;
  bool ignore_short_writes = false;
  bool overwrite_checkpoints = false;
};

struct PlantedBug {
  const char* name;
  const char* what;
  const char* scenario;  // where it is looked for
  Bugs bugs;
};

// Every planted bug.
const std::vector<PlantedBug>& planted_bugs();
// Every scenario there is, by name.
std::vector<std::string> all_scenarios();
// Unknown keys and a missing file are fatal: a test that tries nothing must not pass.
Scenario load_scenario(const std::string& name);

// Seeds that once failed, in tests/sim/regressions.txt.
struct Regression {
  std::string scenario;
  uint64_t seed = 0;
};
std::vector<Regression> load_regressions();

}  // namespace mr::log
