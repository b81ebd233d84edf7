#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/disk.h"
#include "io/world.h"

namespace mr::log {

// One figure of the embedded log on a machine, with what is expected of it.
struct BenchmarkFigure {
  std::string name;
  double value = 0;
  std::string unit;      // "MB/s", "us", "ms", "MB"
  double ratio = 0;      // to what the bare device does in the same run; 0: none
  double goal = 0;       // of the ratio, or of the value where there is none; 0: none
  bool at_least = true;  // the goal is a lower bound

  bool met() const;
};

struct BenchmarkOptions {
  io::Path folder;         // made when missing; removing it is the caller's
  Millis duration{2'000};  // of each measured part
};

// Measures what the embedded log does beside a bare loop of direct writes on the same disk:
// appending, a lone commit, waking a reader, reading, recovery, opening, memory. Writes some
// hundred MB.
io::Task<Result<std::vector<BenchmarkFigure>>> run_benchmark(io::World world,
                                                             BenchmarkOptions options);

}  // namespace mr::log
