#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "event/lane.h"
#include "io/signal.h"
#include "io/task_group.h"
#include "io/world.h"
#include "stream/stream.h"
#include "telemetry/log_line.h"

namespace mr::ingest {

// One partition of a lane's topic.
struct InputPartition {
  event::Lane lane = event::Lane::main;
  int32_t number = 0;
  stream::Reader& reader;

  std::string_view topic() const { return event::topic_of(lane); }
};

// How many records of the partitions lie at or behind the position of each, in the same order.
int64_t lag_of(const std::vector<InputPartition>& partitions, const std::vector<Offset>& next);

// Reads several partitions at the same time and hands their batches over one by one, in the order
// in which they arrive, so that a busy partition cannot keep the others waiting for longer than one
// batch. A partition's next batch is read only after resume(), from where its last one was left.
// One that cannot be read is logged and tried again; the others go on. Belongs to one loop.
class Input {
 public:
  struct Arrived {
    size_t index = 0;  // among the partitions
    stream::ReadBatch batch;
  };

  // `partitions` outlive the input; `next` holds the position of each, in the same order.
  Input(io::World& world, telemetry::Logger& log, const std::vector<InputPartition>& partitions,
        std::vector<Offset> next, size_t batch_bytes_max);

  // Begins to read. Call once.
  void start();
  // The next batch that holds records or reports damage, or nothing at `deadline`. Errors: closed,
  // when a reader says so.
  io::Task<Result<std::optional<Arrived>>> next(Instant deadline);
  // The batch last taken from this partition was worked on up to `next`: its reading goes on there.
  void resume(size_t index, Offset next);
  // next() looks again at once: yields nothing if nothing has arrived.
  void wake();
  // Ends the reading; nothing may be called afterwards. Completes within the readers' wait.
  io::Task<void> stop();
  // How many partitions could not be read when that was last tried.
  size_t unreadable() const;

 private:
  struct Source {
    Source(io::Loop& loop, const InputPartition& of, Offset at)
        : partition(of), next(at), resumed(loop) {}
    const InputPartition& partition;
    Offset next;
    bool taken = false;  // its batch is being worked on
    std::optional<Result<stream::ReadBatch>> arrived;
    std::string trouble;  // why it cannot be read now
    io::Signal resumed;
  };
  io::Task<void> read(Source& source);
  void note(Source& source, std::string trouble);

  io::World& world_;
  telemetry::Logger& log_;
  size_t batch_bytes_max_;
  std::vector<std::unique_ptr<Source>> sources_;
  size_t turn_ = 0;  // the one that is looked at first
  bool stopping_ = false;
  bool woken_ = false;
  io::Signal arrived_;
  io::TaskGroup tasks_;
};

}  // namespace mr::ingest
