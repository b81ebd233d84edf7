#pragma once

#include <string>
#include <vector>

#include "stream/stream.h"
#include "telemetry/metrics.h"

namespace mr::log {

// Shows what one partition's writer has done as metrics of its process.
class PartitionMeters {
 public:
  // `folder` is the partition's: "…/<topic>/<number>". Null: nothing is shown.
  PartitionMeters(telemetry::Metrics* metrics, const std::string& folder);

  // Adds what has changed since the last call.
  void show(const stream::AppenderStatus& status);

 private:
  struct Series {
    telemetry::Counter* counter;
    uint64_t stream::AppenderStatus::* field;
  };
  std::vector<Series> series_;
  telemetry::Gauge* held_ = nullptr;
  telemetry::Gauge* failing_ = nullptr;
  stream::AppenderStatus shown_;
};

}  // namespace mr::log
