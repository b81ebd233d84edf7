#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "io/signal.h"
#include "io/task.h"
#include "io/world.h"
#include "state/state_store.h"
#include "stream/stream.h"
#include "telemetry/log_line.h"
#include "telemetry/metrics.h"

namespace mr::ingest {

// The name under which the state keeps a partition's offset: "events/0".
std::string position_name(std::string_view topic, int partition = 0);

// Carries the rows of the outbox to their topics: appends them durably, then removes them and saves
// the topics' next offsets in one transaction, then publishes. The appenders are opened with
// Visibility::on_publish and truncated to the saved offsets, so no crash loses or doubles a row.
class OutboxDrainer {
 public:
  struct Topic {
    std::string name;
    stream::Appender& appender;
  };
  // What is referred to outlives the drainer. Belongs to one loop.
  OutboxDrainer(io::World& world, state::StateStore& state, std::vector<Topic> topics,
                telemetry::Logger& log, telemetry::Metrics& metrics);

  // Drains until stop(). Ends with an error when a log or the state has failed for good: what it
  // left is repaired when everything is opened again.
  io::Task<Result<void>> run();
  // There may be new rows.
  void wake();
  // run() ends when the outbox is empty, or at the first obstacle.
  void stop();

 private:
  bool has_topic(std::string_view name) const;
  // One round; whether there was anything to carry.
  io::Task<Result<bool>> drain_some();
  io::Task<Result<Offset>> append(const Topic& topic,
                                  const std::vector<state::OutboxEntry>& entries);

  io::World& world_;
  state::StateStore& state_;
  std::vector<Topic> topics_;
  telemetry::Logger& log_;
  telemetry::Metrics& metrics_;
  telemetry::Counter& rows_;
  io::Signal changed_;
  bool rows_waiting_ = true;
  bool stopping_ = false;
};

}  // namespace mr::ingest
