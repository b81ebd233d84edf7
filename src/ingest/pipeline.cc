#include "ingest/pipeline.h"

#include "base/assert.h"
#include "ingest/dead_letter.h"
#include "ingest/retry.h"
#include "ingest/row_append.h"
#include "ingest/state_messages.h"

namespace mr::ingest {
namespace {

// How often the lag is looked at while nothing arrives.
constexpr Millis input_wait{250};
// Other tasks of the loop get a turn after this many records.
constexpr size_t records_per_turn = 256;
// Duplicate hashes are loaded in pieces of about this size.
constexpr size_t duplicates_bytes_at_once = 4u * 1024 * 1024;
constexpr int state_passes_max = 4;

std::string label_of(const state::CounterValue& counter, size_t colon) {
  return colon == std::string::npos ? std::string() : counter.name.substr(colon + 1);
}

}  // namespace

Pipeline::Pipeline(PipelineParts parts, PipelineOptions options,
                   std::unique_ptr<io::SharedPage> page)
    : parts_(parts),
      options_(std::move(options)),
      processor_(options_.processor),
      guard_(std::move(page)),
      batches_(parts.metrics.counter("millrace_ingest_batches_total", "Batches committed")),
      append_seconds_(parts.metrics.histogram("millrace_ingest_append_seconds",
                                              "Time to append a batch's rows durably",
                                              telemetry::seconds_bounds())),
      commit_seconds_(parts.metrics.histogram("millrace_ingest_commit_seconds",
                                              "Time to commit a batch's state",
                                              telemetry::seconds_bounds())),
      lag_(parts.metrics.gauge("millrace_ingest_lag_records",
                               "Captured records that are not ingested yet")),
      unreadable_(parts.metrics.gauge("millrace_ingest_unreadable_partitions",
                                      "Partitions of captured that cannot be read now")),
      duplicate_bytes_(parts.metrics.gauge("millrace_ingest_duplicate_filter_bytes",
                                           "Memory of the duplicate filter")) {
}

io::Task<Result<std::unique_ptr<Pipeline>>> Pipeline::open(PipelineParts parts,
                                                           PipelineOptions options) {
  MR_CO_TRY(auto page, co_await parts.world.disk.map_shared(options.crash_page));
  std::unique_ptr<Pipeline> pipeline(new Pipeline(parts, std::move(options), std::move(page)));
  if (auto loaded = co_await pipeline->load(); !loaded) {
    co_return fail(loaded.error().within("opening ingest"));
  }
  co_return pipeline;
}

io::Task<Result<void>> Pipeline::load() {
  MR_CO_TRY(const std::vector<state::Position> positions, co_await parts_.state.positions());
  for (const InputPartition& input : parts_.captured) {
    Offset next = state::position_of(positions, position_name(input.topic(), input.number));
    if (next == Offset(0)) {
      MR_CO_TRY(next, co_await begin(input));
    }
    next_.push_back(next);
  }
  events_next_ = state::position_of(positions, position_name(options_.output_topic));
  if (parts_.events_are_cut && parts_.events.next_offset() != events_next_) {
    co_return fail(ErrorCode::corrupt, "topic " + options_.output_topic + " ends at offset " +
                                           std::to_string(parts_.events.next_offset().value) +
                                           ", but the state has committed up to " +
                                           std::to_string(events_next_.value));
  }
  // A crash may have come between the commit and this.
  parts_.events.publish(events_next_);
  MR_CO_TRY(const std::vector<state::CounterValue> counters, co_await parts_.state.counters());
  for (const state::CounterValue& counter : counters) totals_.add(counter.name, counter.value);

  DuplicateFilter& duplicates = processor_.duplicates();
  const WallTime since = parts_.world.clock.wall() - duplicates.window();
  for (int64_t last_id = 0;;) {
    MR_CO_TRY(const std::vector<state::DuplicateBatch> batches,
              co_await parts_.state.load_duplicates(since, last_id, duplicates_bytes_at_once));
    if (batches.empty()) break;
    for (const state::DuplicateBatch& batch : batches) {
      duplicates.add_stored(batch.hashes, batch.written_at);
    }
    last_id = batches.back().id;
  }
  if (const auto poisoned = guard_.poisoned()) {
    parts_.log.error("a record has crashed ingest repeatedly and goes to the dead letters",
                     {{"topic", event::topic_of(poisoned->lane)},
                      {"partition", poisoned->partition},
                      {"offset", poisoned->offset.value},
                      {"crashes", guard_.crashes()}});
  }
  co_return Result<void>();
}

// Where ingest of a partition begins that it has not read yet.
io::Task<Result<Offset>> Pipeline::begin(const InputPartition& input) {
  // A topic that is older than this server may begin later.
  const auto first = co_await input.reader.first_offset();
  // One of our own log that cannot be read keeps nobody waiting: the input tries it again.
  const bool waits = !first && parts_.events_are_cut && first.error().code() != ErrorCode::closed;
  if (waits) co_return Offset(0);
  if (first && *first > Offset(0)) {
    parts_.log.warning(
        "ingest begins where the topic begins",
        {{"topic", input.topic()}, {"partition", input.number}, {"offset", first->value}});
  }
  co_return first;
}

io::Task<Result<void>> Pipeline::run() {
  input_.emplace(parts_.world, parts_.log, parts_.captured, next_, batch_read_bytes_max);
  input_->start();
  Result<void> outcome;
  while (!stopping_ && outcome) {
    auto arrived = co_await input_->next(parts_.world.clock.now() + input_wait);
    lag_.set(lag_of(parts_.captured, next_));
    unreadable_.set(static_cast<int64_t>(input_->unreadable()));
    if (!arrived) {
      outcome = fail(arrived.error());
    } else if (*arrived) {
      const size_t index = (*arrived)->index;
      const auto damaged = (*arrived)->batch.damaged;
      outcome = co_await (damaged ? pass_damage(index, *damaged) : ingest(std::move(**arrived)));
      input_->resume(index, next_[index]);
    }
  }
  co_await input_->stop();
  input_.reset();
  co_return outcome;
}

void Pipeline::stop() {
  stopping_ = true;
  if (input_) input_->wake();
}

io::Task<Result<void>> Pipeline::ingest(Input::Arrived arrived) {
  const InputPartition& input = parts_.captured[arrived.index];
  WorkItems items = decode(arrived.batch, input);
  MR_CO_CHECK(co_await resolve_projects(items));
  MR_CO_CHECK(co_await load_state(items));
  const WallTime now = parts_.world.clock.wall();
  const size_t count = co_await process(items, input, now);
  guard_.leave();

  MR_CO_TRY(const Offset events_next, co_await append_events(items, count, input, now));
  state::StateChanges changes;
  processor_.collect(now, changes);
  for (size_t i = 0; i < count; ++i) {
    if (items[i]->fate == Fate::dead_lettered)
      changes.outbox.push_back(dead_letter(*items[i], input, now));
  }
  const Offset next = items[count - 1]->record.offset + 1;
  changes.positions.push_back({position_name(input.topic(), input.number), next});
  changes.positions.push_back({position_name(options_.output_topic), events_next});
  MR_CO_CHECK(co_await commit(changes));

  processor_.committed();
  next_[arrived.index] = next;
  events_next_ = events_next;
  parts_.events.publish(events_next);
  if (!changes.outbox.empty()) parts_.outbox.wake();
  account(changes);
  co_return Result<void>();
}

// Offsets that the log has lost for good: their fate is a drop with a name, and a dead letter
// without a payload says where they were.
io::Task<Result<void>> Pipeline::pass_damage(size_t index, stream::DamagedRange range) {
  const InputPartition& input = parts_.captured[index];
  const int64_t lost = range.to - range.from;
  parts_.log.error(range.removed
                       ? "captured records were removed from the log before they were ingested"
                       : "captured records are damaged in the log and cannot be ingested",
                   {{"topic", input.topic()},
                    {"partition", input.number},
                    {"first_offset", range.from.value},
                    {"last_offset", range.to.value - 1},
                    {"reason", range.reason}});
  const WallTime now = parts_.world.clock.wall();
  state::StateChanges changes;
  changes.outbox.push_back(damage_letter_row(range, input.topic(), input.number, now));
  changes.counters.push_back({"in", lost});
  changes.counters.push_back({"dropped:" + std::string(damage_reason(range)), lost});
  changes.positions.push_back({position_name(input.topic(), input.number), range.to});
  MR_CO_CHECK(co_await commit(changes));
  next_[index] = range.to;
  parts_.outbox.wake();
  account(changes);
  co_return Result<void>();
}

Pipeline::WorkItems Pipeline::decode(const stream::ReadBatch& batch, const InputPartition& input) {
  WorkItems items;
  const std::optional<RecordPlace> poisoned = guard_.poisoned();
  for (const stream::Record& record : batch.records) {
    if (items.size() == batch_records_max) break;
    auto item = std::make_unique<WorkItem>(record);
    const RecordPlace place{input.lane, input.number, record.offset};
    if (place == poisoned) {
      item->fate = Fate::dead_lettered;
      item->reason = "crashed_pipeline";
    } else {
      guard_.enter(place);
      processor_.decode(*item);
    }
    items.push_back(std::move(item));
  }
  guard_.leave();
  return items;
}

io::Task<Result<void>> Pipeline::resolve_projects(WorkItems& items) {
  bool unknown = false;
  for (auto& item : items) {
    if (item->fate != Fate::undecided) continue;
    processor_.resolve(*item, parts_.projects.current());
    if (!item->project_known) unknown = true;
  }
  if (!unknown) co_return Result<void>();
  // Accept may have heard of a new project before we have: its file is newer than what we hold.
  MR_CO_CHECK(co_await parts_.projects.reload());
  for (auto& item : items) {
    if (item->fate == Fate::undecided) processor_.resolve(*item, parts_.projects.current());
  }
  co_return Result<void>();
}

io::Task<Result<void>> Pipeline::load_state(const WorkItems& items) {
  // The second pass asks for groups whose types the first has loaded.
  for (int pass = 0; pass < state_passes_max; ++pass) {
    state::StateRequest request;
    for (const auto& item : items) processor_.want(*item, request);
    if (request.empty()) co_return Result<void>();
    MR_CO_TRY(const state::StateFound found, co_await parts_.state.load(request));
    processor_.absorb(request, found);
  }
  MR_ASSERT(false && "everything that was wanted has been absorbed");
  co_return Result<void>();
}

io::Task<size_t> Pipeline::process(WorkItems& items, const InputPartition& input, WallTime now) {
  size_t row_bytes = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0 && row_bytes >= batch_row_bytes_max) co_return i;
    if (i > 0 && i % records_per_turn == 0) {
      guard_.leave();
      co_await parts_.world.loop.yield();
    }
    guard_.enter({input.lane, input.number, items[i]->record.offset});
    processor_.process(*items[i], now);
    MR_ASSERT(items[i]->fate != Fate::undecided);
    row_bytes += items[i]->row.size();
  }
  co_return items.size();
}

// A row that `events` does not take becomes a dead letter.
io::Task<Result<Offset>> Pipeline::append_events(WorkItems& items, size_t count,
                                                 const InputPartition& input, WallTime now) {
  const std::string source_partition = std::to_string(input.number);
  struct Row {
    WorkItem* item = nullptr;
    std::string uuid;
    std::string source_offset;
  };
  std::vector<Row> rows;
  rows.reserve(count);
  std::vector<stream::RecordView> records;
  for (size_t i = 0; i < count; ++i) {
    WorkItem& item = *items[i];
    if (item.fate != Fate::stored) continue;
    rows.push_back(
        {&item, codec::to_string(item.event.uuid), std::to_string(item.record.offset.value)});
    stream::RecordView record{now, as_bytes(rows.back().uuid), as_bytes(item.row), {}};
    if (input.lane != event::Lane::main) {
      record.headers.push_back({"source_topic", as_bytes(input.topic())});
    }
    record.headers.push_back({"source_partition", as_bytes(source_partition)});
    record.headers.push_back({"source_offset", as_bytes(rows.back().source_offset)});
    records.push_back(std::move(record));
  }
  if (records.empty()) co_return events_next_;
  const Instant start = parts_.world.clock.now();
  const auto appended =
      co_await append_rows(parts_.world, parts_.events, std::move(records), stopping_);
  if (!appended) co_return fail(appended.error().within("appending to " + options_.output_topic));
  append_seconds_.observe(static_cast<double>((parts_.world.clock.now() - start).count) / 1e3);
  const auto kept = static_cast<int64_t>(rows.size() - appended->refused.size());
  MR_ASSERT(!parts_.events_are_cut || appended->end == events_next_ + kept);
  for (const RefusedRow& refused : appended->refused) {
    const Row& row = rows[refused.index];
    processor_.refuse(*row.item, "row_refused", refused.why);
    parts_.log.error("an event's row is refused for good; the event becomes a dead letter",
                     {{"topic", options_.output_topic},
                      {"uuid", row.uuid},
                      {"source_topic", input.topic()},
                      {"partition", input.number},
                      {"offset", row.source_offset},
                      {"error", refused.why}});
  }
  co_return appended->end;
}

io::Task<Result<void>> Pipeline::commit(const state::StateChanges& changes) {
  const Instant start = parts_.world.clock.now();
  const auto committed =
      co_await patiently(parts_.world, stopping_, [&] { return parts_.state.commit(changes); });
  if (!committed) co_return fail(committed.error().within("committing a batch"));
  commit_seconds_.observe(static_cast<double>((parts_.world.clock.now() - start).count) / 1e3);
  co_return Result<void>();
}

state::OutboxRow Pipeline::dead_letter(const WorkItem& item, const InputPartition& input,
                                       WallTime now) const {
  return dead_letter_row(item.record, input.topic(), input.number, item.reason, item.error, now);
}

void Pipeline::account(const state::StateChanges& changes) {
  batches_.add();
  for (const state::CounterValue& counter : changes.counters) {
    totals_.add(counter.name, counter.value);
    const size_t colon = counter.name.find(':');
    parts_.metrics
        .counter("millrace_ingest_total", "What became of captured records, and what was noticed",
                 {{"what", counter.name.substr(0, colon)}, {"reason", label_of(counter, colon)}})
        .add(static_cast<uint64_t>(counter.value));
  }
  lag_.set(lag_of(parts_.captured, next_));
  duplicate_bytes_.set(static_cast<int64_t>(processor_.duplicates().memory_bytes()));
}

IngestStatus Pipeline::status() const {
  IngestStatus status;
  for (size_t i = 0; i < next_.size(); ++i) {
    const InputPartition& input = parts_.captured[i];
    status.inputs.push_back(
        {std::string(input.topic()), input.number, next_[i], input.reader.end_offset()});
  }
  status.events_next = events_next_;
  status.totals = totals_;
  status.duplicate_hashes = processor_.duplicates().size();
  status.duplicate_memory_bytes = processor_.duplicates().memory_bytes();
  status.duplicates_forgotten = processor_.duplicates().forgotten();
  status.cached_distinct_ids = processor_.persons().size();
  status.cached_person_bytes = processor_.persons().bytes();
  return status;
}

}  // namespace mr::ingest
