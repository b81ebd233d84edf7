#pragma once

#include <array>
#include <memory>

#include "capture/lane_appender.h"
#include "main/log_places.h"
#include "main/process_runtime.h"
#include "main/spool.h"

namespace mr::main {

// The lanes' topics as accept writes them: on our own log, or on Kafka with a spool behind each.
class CapturedLanes final : public capture::LaneOpener {
 public:
  // Both outlive it.
  CapturedLanes(ProcessRuntime& runtime, stream::Log& log);

  // Finds out how many partitions each lane has; brokers that do not answer keep nobody waiting.
  io::Task<void> prepare();
  const LanePartitions& partitions() const { return partitions_; }

  io::Task<std::unique_ptr<stream::TopicAppender>> open(event::Lane lane) override;

  // What remains to be done for lanes that nobody uses now: those that hold records are opened, so
  // that retention sees to them and what they spooled goes on to the brokers; then spools of
  // partitions that are no more are forwarded. In the background; ends by itself.
  io::Task<void> attend(capture::LaneAppender& lanes);
  io::Task<Result<void>> close();

 private:
  Spool* spool_of(event::Lane lane) { return spools_[static_cast<size_t>(lane)].get(); }
  io::Task<bool> holds_records(event::Lane lane);

  ProcessRuntime& runtime_;
  stream::Log& log_;
  LanePartitions partitions_{};
  std::array<std::unique_ptr<Spool>, event::all_lanes.size()> spools_;
};

}  // namespace mr::main
