#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/live_snapshot.h"
#include "ingest/crash_guard.h"
#include "ingest/event_processor.h"
#include "ingest/ingest_status.h"
#include "ingest/input.h"
#include "ingest/outbox_drainer.h"
#include "io/task.h"
#include "io/world.h"
#include "state/state_store.h"
#include "stream/stream.h"
#include "telemetry/log_line.h"
#include "telemetry/metrics.h"

namespace mr::ingest {

// One batch is at most this many records, read at most about this many bytes, and ends early when
// its rows have grown beyond this many bytes (persons and groups are written onto each row).
inline constexpr size_t batch_records_max = 5000;
inline constexpr size_t batch_read_bytes_max = 8u * 1024 * 1024;
inline constexpr size_t batch_row_bytes_max = 32u * 1024 * 1024;

struct PipelineOptions {
  ProcessorOptions processor;
  std::string output_topic = "events";
  // Where the record in work is marked; its folder must exist.
  io::Path crash_page = "run/ingest.page";
};

// What the pipeline works with. All of it outlives the pipeline. `events` is opened with
// Visibility::on_publish and truncated to the committed position (position_name("events")), where
// the log can do that: otherwise a crash between append and commit leaves rows that are appended
// again, and their readers drop repeats of (source_topic, source_partition, source_offset).
struct PipelineParts {
  io::World& world;
  std::vector<InputPartition> captured;  // at least one
  stream::Appender& events;
  bool events_are_cut = true;  // stream::Log::cuts_uncommitted()
  state::StateStore& state;
  // open() has been called; the pipeline reloads it when it meets a token that it does not have.
  catalog::LiveSnapshot& projects;
  OutboxDrainer& outbox;
  telemetry::Logger& log;
  telemetry::Metrics& metrics;
};

// Ingest: reads captured records, batch by batch (each from one partition), and makes rows of them,
// so that no order of crashes loses or doubles one. A batch goes through these steps, and a restart
// begins again at the committed position, with `events` truncated to what was committed:
//   1. rows are appended to `events` and synced, but not shown;
//   2. one SQL transaction commits state, input position, next `events` offset, outbox, hashes;
//   3. the rows are published to readers.
// Belongs to one loop.
class Pipeline {
 public:
  // Loads position, counters and the duplicate hashes of the window. Errors as of StateStore;
  // corrupt when `events` does not end where the state says.
  static io::Task<Result<std::unique_ptr<Pipeline>>> open(PipelineParts parts,
                                                          PipelineOptions options);

  // Works until stop(). Ends with an error when a log or the state has failed for good; everything
  // must then be opened again.
  io::Task<Result<void>> run();
  // run() ends after the batch in hand.
  void stop();

  IngestStatus status() const;

 private:
  using WorkItems = std::vector<std::unique_ptr<WorkItem>>;

  Pipeline(PipelineParts parts, PipelineOptions options, std::unique_ptr<io::SharedPage> page);
  io::Task<Result<void>> load();
  io::Task<Result<Offset>> begin(const InputPartition& input);
  io::Task<Result<void>> ingest(Input::Arrived arrived);
  io::Task<Result<void>> pass_damage(size_t index, stream::DamagedRange range);
  WorkItems decode(const stream::ReadBatch& batch, const InputPartition& input);
  io::Task<Result<void>> resolve_projects(WorkItems& items);
  io::Task<Result<void>> load_state(const WorkItems& items);
  // Processes in order and yields how many items it came to.
  io::Task<size_t> process(WorkItems& items, const InputPartition& input, WallTime now);
  io::Task<Result<Offset>> append_events(WorkItems& items, size_t count,
                                         const InputPartition& input, WallTime now);
  io::Task<Result<void>> commit(const state::StateChanges& changes);
  state::OutboxRow dead_letter(const WorkItem& item, const InputPartition& input,
                               WallTime now) const;
  void account(const state::StateChanges& changes);

  PipelineParts parts_;
  PipelineOptions options_;
  EventProcessor processor_;
  CrashGuard guard_;
  std::vector<Offset> next_;  // of each input partition: the first offset that is not ingested
  Offset events_next_;        // the committed end of `events`
  Counts totals_;
  std::optional<Input> input_;  // while run() works
  bool stopping_ = false;

  telemetry::Counter& batches_;
  telemetry::Histogram& append_seconds_;
  telemetry::Histogram& commit_seconds_;
  telemetry::Gauge& lag_;
  telemetry::Gauge& unreadable_;
  telemetry::Gauge& duplicate_bytes_;
};

}  // namespace mr::ingest
