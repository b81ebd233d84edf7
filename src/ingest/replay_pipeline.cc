#include "ingest/replay_pipeline.h"

#include "base/assert.h"
#include "event/recording.h"
#include "ingest/dead_letter.h"
#include "ingest/replay_summary.h"
#include "ingest/retry.h"
#include "ingest/row_append.h"

namespace mr::ingest {
namespace {

constexpr Millis input_wait{250};
constexpr size_t read_bytes_max = 8u * 1024 * 1024;
constexpr std::string_view counter_prefix = "replay_";

struct Recording {
  event::Envelope envelope;
  event::RecordingContext context;
};

Result<Recording> read_recording(const stream::Record& record) {
  const auto encoded = record.header(event::envelope_header);
  if (!encoded) return fail(ErrorCode::invalid_input, "a recording without an envelope");
  MR_TRY(auto envelope, event::decode_envelope(*encoded, record.key));
  if (envelope.dialect != event::Dialect::replay) {
    return fail(ErrorCode::invalid_input, "the record is no recording");
  }
  MR_TRY(auto context, event::read_recording_context(envelope.context));
  return Recording{std::move(envelope), std::move(context)};
}

}  // namespace

ReplayPipeline::ReplayPipeline(ReplayParts parts, std::unique_ptr<io::SharedPage> crash_page)
    : parts_(std::move(parts)),
      guard_(std::move(crash_page)),
      lag_(parts_.metrics.gauge("millrace_replay_lag_records",
                                "Captured recordings whose row is not made yet")) {
}

io::Task<Result<std::unique_ptr<ReplayPipeline>>> ReplayPipeline::open(ReplayParts parts,
                                                                       io::Path crash_page) {
  MR_CO_TRY(auto page, co_await parts.world.disk.map_shared(std::move(crash_page)));
  std::unique_ptr<ReplayPipeline> pipeline(new ReplayPipeline(std::move(parts), std::move(page)));
  if (auto loaded = co_await pipeline->load(); !loaded) {
    co_return fail(loaded.error().within("opening the ingest of recordings"));
  }
  co_return pipeline;
}

io::Task<Result<void>> ReplayPipeline::load() {
  MR_CO_TRY(const auto positions, co_await parts_.state.positions());
  for (const InputPartition& input : parts_.captured) {
    Offset next = state::position_of(positions, position_name(replay_input_topic, input.number));
    if (next == Offset(0)) {
      // One that cannot be read yet is tried again by the input.
      const auto first = co_await input.reader.first_offset();
      if (first) next = *first;
    }
    next_.push_back(next);
  }
  rows_next_ = state::position_of(positions, position_name(replay_output_topic));
  if (parts_.rows_are_cut && parts_.rows.next_offset() != rows_next_) {
    co_return fail(ErrorCode::corrupt,
                   "topic " + std::string(replay_output_topic) + " ends at offset " +
                       std::to_string(parts_.rows.next_offset().value) +
                       ", but the state has committed up to " + std::to_string(rows_next_.value));
  }
  // A crash may have come between the commit and this.
  parts_.rows.publish(rows_next_);
  co_return Result<void>();
}

io::Task<Result<void>> ReplayPipeline::run() {
  input_.emplace(parts_.world, parts_.log, parts_.captured, next_, read_bytes_max);
  input_->start();
  Result<void> outcome;
  while (!stopping_ && outcome) {
    auto arrived = co_await input_->next(parts_.world.clock.now() + input_wait);
    if (!arrived) {
      outcome = fail(arrived.error());
    } else if (*arrived) {
      const size_t index = (*arrived)->index;
      const auto damaged = (*arrived)->batch.damaged;
      outcome = co_await (damaged ? pass_damage(index, *damaged) : work(std::move(**arrived)));
      input_->resume(index, next_[index]);
    }
    lag_.set(lag_of(parts_.captured, next_));
  }
  co_await input_->stop();
  input_.reset();
  co_return outcome;
}

void ReplayPipeline::stop() {
  stopping_ = true;
  if (input_) input_->wake();
}

io::Task<Result<void>> ReplayPipeline::work(Input::Arrived arrived) {
  const int32_t partition = parts_.captured[arrived.index].number;
  MR_CO_CHECK(co_await know_projects(arrived.batch));
  state::StateChanges changes;
  Counts counts;
  std::vector<Row> rows;
  for (const stream::Record& record : arrived.batch.records) {
    guard_.enter({event::Lane::replay, partition, record.offset});
    if (auto row = row_of(record, partition, changes, counts)) rows.push_back(*std::move(row));
    guard_.leave();
    co_await parts_.world.loop.yield();  // a recording may be large
  }
  MR_CO_TRY(const Offset rows_next, co_await append(rows, partition));
  const Offset next = arrived.batch.records.back().offset + 1;
  changes.positions.push_back({position_name(replay_input_topic, partition), next});
  changes.positions.push_back({position_name(replay_output_topic), rows_next});
  MR_CO_CHECK(co_await commit(changes, counts));
  next_[arrived.index] = next;
  rows_next_ = rows_next;
  parts_.rows.publish(rows_next);
  co_return Result<void>();
}

// Accept may have heard of a new project before we have: its file is newer than what we hold.
io::Task<Result<void>> ReplayPipeline::know_projects(const stream::ReadBatch& batch) {
  for (const stream::Record& record : batch.records) {
    const auto recording = read_recording(record);
    if (!recording || parts_.projects.current().find_token(recording->envelope.token) != nullptr) {
      continue;
    }
    co_return co_await parts_.projects.reload();
  }
  co_return Result<void>();
}

std::optional<ReplayPipeline::Row> ReplayPipeline::row_of(const stream::Record& record,
                                                          int32_t partition,
                                                          state::StateChanges& changes,
                                                          Counts& counts) {
  counts.add("in");
  const auto give_up = [&](std::string_view reason, std::string_view error) {
    counts.add("dead_lettered:" + std::string(reason));
    changes.outbox.push_back(dead_letter_row(record, replay_input_topic, partition, reason, error,
                                             parts_.world.clock.wall()));
    return std::nullopt;
  };
  if (guard_.poisoned() == RecordPlace{event::Lane::replay, partition, record.offset}) {
    return give_up("crashed_pipeline", "");
  }
  const auto recording = read_recording(record);
  if (!recording) return give_up("unreadable", recording.error().message());
  std::string memory;
  const auto opened = event::open_recording(recording->envelope, as_text(record.value), memory);
  if (!opened) return give_up("unreadable", opened.error().message());
  const auto snapshots = event::snapshots_of(*opened);
  if (!snapshots) return give_up("unreadable", snapshots.error().message());
  const event::Envelope& envelope = recording->envelope;
  const auto* project = parts_.projects.current().find_token(envelope.token);
  if (project == nullptr) {
    counts.add("dropped:unknown_token");
    return std::nullopt;
  }
  counts.add("stored");
  const bool is_mobile = recording->context.snapshot_source == "mobile";
  const ReplaySummary summary =
      summarise_replay(*snapshots, is_mobile, envelope.arrival, envelope.timestamp);
  return Row{recording->context.session_id,
             replay_row_json(envelope, recording->context, summary, project->id,
                             replay_block_url(replay_input_topic, partition, record.offset)),
             std::to_string(record.offset.value), record.timestamp};
}

io::Task<Result<Offset>> ReplayPipeline::append(const std::vector<Row>& rows, int32_t partition) {
  if (rows.empty()) co_return rows_next_;
  const std::string source_partition = std::to_string(partition);
  std::vector<stream::RecordView> records;
  records.reserve(rows.size());
  for (const Row& row : rows) {
    stream::RecordView record{row.timestamp, as_bytes(row.key), as_bytes(row.value), {}};
    record.headers.push_back({"source_partition", as_bytes(source_partition)});
    record.headers.push_back({"source_offset", as_bytes(row.source_offset)});
    records.push_back(std::move(record));
  }
  MR_CO_TRY(const AppendedRows appended,
            co_await append_rows(parts_.world, parts_.rows, std::move(records), stopping_));
  for (const RefusedRow& refused : appended.refused) {
    parts_.log.error("the row of a recording is refused for good and left out",
                     {{"topic", replay_output_topic},
                      {"session", rows[refused.index].key},
                      {"partition", partition},
                      {"offset", rows[refused.index].source_offset},
                      {"error", refused.why}});
  }
  co_return appended.end;
}

// Offsets that the log has lost for good: counted, and named by a dead letter.
io::Task<Result<void>> ReplayPipeline::pass_damage(size_t index, stream::DamagedRange range) {
  const int32_t partition = parts_.captured[index].number;
  parts_.log.error("captured recordings can no longer be read from the log",
                   {{"partition", partition},
                    {"first_offset", range.from.value},
                    {"last_offset", range.to.value - 1},
                    {"reason", range.reason}});
  state::StateChanges changes;
  Counts counts;
  counts.add("in", range.to - range.from);
  counts.add("dropped:" + std::string(damage_reason(range)), range.to - range.from);
  changes.outbox.push_back(
      damage_letter_row(range, replay_input_topic, partition, parts_.world.clock.wall()));
  changes.positions.push_back({position_name(replay_input_topic, partition), range.to});
  MR_CO_CHECK(co_await commit(changes, counts));
  next_[index] = range.to;
  co_return Result<void>();
}

io::Task<Result<void>> ReplayPipeline::commit(state::StateChanges& changes, const Counts& counts) {
  for (const auto& [what, count] : counts) {
    changes.counters.push_back({std::string(counter_prefix) + what, count});
  }
  const auto committed =
      co_await patiently(parts_.world, stopping_, [&] { return parts_.state.commit(changes); });
  if (!committed) co_return fail(committed.error().within("committing recordings"));
  if (!changes.outbox.empty()) parts_.outbox.wake();
  for (const auto& [what, count] : counts) {
    const size_t colon = std::min(what.find(':'), what.size());
    parts_.metrics
        .counter("millrace_replay_total", "What became of captured recordings",
                 {{"what", what.substr(0, colon)},
                  {"reason", what.substr(std::min(colon + 1, what.size()))}})
        .add(static_cast<uint64_t>(count));
  }
  co_return Result<void>();
}

}  // namespace mr::ingest
