#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "catalog/traffic_rules.h"
#include "io/disk.h"
#include "io/signal.h"
#include "io/world.h"
#include "telemetry/log_line.h"

namespace mr::capture {

// How much of each resource a project has sent in the current day and month (UTC), for quotas. Kept
// in a file (docs/formats/usage.md), written when it has changed, about once a second: a crash
// forgets what was counted since, in favour of the project. One loop.
class Usage {
 public:
  Usage(io::World world, io::Path file, telemetry::Logger& log);

  // Reads the file. One that is damaged or cannot be read is reported in the log, and counting
  // begins anew: limits are too generous for a while then, and nobody is refused by mistake.
  io::Task<void> load();
  // Writes the file until stop(), and then a last time.
  io::Task<void> keep();
  void stop();

  void add(ProjectId project, catalog::Resource resource, int64_t quantity);
  // In the period that runs now.
  int64_t used(ProjectId project, catalog::Resource resource, catalog::Period period) const;

  // {"usage":[{"project":1,"resource":"events","day":10,"month":200},…]}
  std::string to_json() const;

 private:
  // A count is of the period with that number; of another one it says nothing.
  struct Count {
    int64_t period = 0;
    int64_t quantity = 0;
  };
  struct Counts {
    std::array<Count, 2> by_period;  // day, month
  };
  using Key = std::pair<int64_t, catalog::Resource>;

  Bytes encode() const;
  Result<void> decode(ByteView bytes);
  io::Task<void> write();

  io::World world_;
  io::Path file_;
  telemetry::Logger& log_;
  std::map<Key, Counts> counts_;
  bool changed_ = false;
  bool failing_ = false;
  bool stopping_ = false;
  io::Signal stop_asked_;
};

// The number of the day or month of UTC that a time lies in: days since 1970-01-01, months since
// 1970-01.
int64_t period_number(catalog::Period period, WallTime at);

}  // namespace mr::capture
