#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/live_snapshot.h"
#include "ingest/counts.h"
#include "ingest/crash_guard.h"
#include "ingest/input.h"
#include "ingest/outbox_drainer.h"
#include "io/task.h"
#include "io/world.h"
#include "state/state_store.h"
#include "stream/stream.h"
#include "telemetry/log_line.h"
#include "telemetry/metrics.h"

namespace mr::ingest {

inline constexpr std::string_view replay_input_topic = "captured.replay";
inline constexpr std::string_view replay_output_topic = "session_replay_events";

// What it works with; all of it outlives it. `rows` is opened as the `events` of Pipeline are.
struct ReplayParts {
  io::World& world;
  std::vector<InputPartition> captured;  // at least one
  stream::Appender& rows;
  bool rows_are_cut = true;  // stream::Log::cuts_uncommitted()
  state::StateStore& state;
  catalog::LiveSnapshot& projects;
  OutboxDrainer& outbox;
  telemetry::Logger& log;
  telemetry::Metrics& metrics;
};

// Finds out what captured recordings hold: each record of `captured.replay`, a block of its
// session, gets one row that names the record and counts what is in it (replay_summary.h). The
// recording itself stays where it is, in the log, and is read from there by the row. Rows are
// exactly one for each record, by the same three steps as in Pipeline: append, commit the positions
// with the counters, publish. Belongs to one loop.
class ReplayPipeline {
 public:
  // `crash_page` is where the record in work is marked; its folder must exist. Errors as of
  // StateStore; corrupt when the rows do not end where the state says.
  static io::Task<Result<std::unique_ptr<ReplayPipeline>>> open(ReplayParts parts,
                                                                io::Path crash_page);

  // Works until stop(). Ends with an error when a log or the state has failed for good; everything
  // must then be opened again.
  io::Task<Result<void>> run();
  void stop();

  // The first record of the partition that has no committed fate, by place among the inputs.
  Offset finished(size_t input) const { return next_.at(input); }

 private:
  struct Row {
    std::string key;
    std::string value;
    std::string source_offset;
    WallTime timestamp;
  };

  ReplayPipeline(ReplayParts parts, std::unique_ptr<io::SharedPage> crash_page);
  io::Task<Result<void>> load();
  io::Task<Result<void>> work(Input::Arrived arrived);
  io::Task<Result<void>> pass_damage(size_t index, stream::DamagedRange range);
  io::Task<Result<void>> know_projects(const stream::ReadBatch& batch);
  // The record's row, or, counted, none.
  std::optional<Row> row_of(const stream::Record& record, int32_t partition,
                            state::StateChanges& changes, Counts& counts);
  io::Task<Result<Offset>> append(const std::vector<Row>& rows, int32_t partition);
  io::Task<Result<void>> commit(state::StateChanges& changes, const Counts& counts);

  ReplayParts parts_;
  CrashGuard guard_;
  std::vector<Offset> next_;
  Offset rows_next_;  // the committed end of the rows' topic
  std::optional<Input> input_;
  bool stopping_ = false;
  telemetry::Gauge& lag_;
};

}  // namespace mr::ingest
