#pragma once

#include <memory>
#include <vector>

#include "ingest/replay_pipeline.h"
#include "main/consumer_notes.h"
#include "main/process_runtime.h"
#include "stream/log.h"

namespace mr::main {

// The consumer of `captured.replay` in the pipeline process, with what it reads and writes.
class ReplayIngest {
 public:
  // All of it outlives the object. `notes` gets its positions: retention waits for them.
  struct Parts {
    stream::Log& log;
    state::StateStore& state;
    catalog::LiveSnapshot& projects;
    ingest::OutboxDrainer& outbox;
    ConsumerNotes& notes;
    int32_t partitions;  // of captured.replay
  };
  // Null, after an error line, when its topics do not open: events are ingested all the same, and
  // recordings wait in the log for the next start.
  static io::Task<std::unique_ptr<ReplayIngest>> open(ProcessRuntime& runtime, Parts parts);

  // Until stop(); a failure for good ends the process, which starts anew.
  io::Task<void> run();
  void stop() { pipeline_->stop(); }
  io::Task<Result<void>> close() { co_return co_await rows_->close(); }

 private:
  explicit ReplayIngest(ProcessRuntime& runtime) : runtime_(runtime) {}
  io::Task<Result<void>> open(Parts parts);

  ProcessRuntime& runtime_;
  std::vector<std::unique_ptr<stream::Reader>> readers_;
  std::unique_ptr<stream::Appender> rows_;
  std::unique_ptr<ingest::ReplayPipeline> pipeline_;
};

}  // namespace mr::main
