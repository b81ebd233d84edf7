#include "ingest/outbox_drainer.h"

#include "base/assert.h"
#include "ingest/retry.h"
#include "ingest/row_append.h"

namespace mr::ingest {
namespace {

// How much is taken from the outbox at once.
constexpr size_t drain_bytes_max = 4u * 1024 * 1024;
// An idle drainer looks again after this, though every commit wakes it.
constexpr Millis idle_wait{1000};

}  // namespace

std::string position_name(std::string_view topic, int partition) {
  return std::string(topic) + "/" + std::to_string(partition);
}

OutboxDrainer::OutboxDrainer(io::World& world, state::StateStore& state, std::vector<Topic> topics,
                             telemetry::Logger& log, telemetry::Metrics& metrics)
    : world_(world),
      state_(state),
      topics_(std::move(topics)),
      log_(log),
      metrics_(metrics),
      rows_(metrics.counter("millrace_outbox_rows_total", "State rows carried to their topics")),
      changed_(world.loop) {
}

void OutboxDrainer::wake() {
  rows_waiting_ = true;
  changed_.notify();
}

void OutboxDrainer::stop() {
  stopping_ = true;
  changed_.notify();
}

io::Task<Result<void>> OutboxDrainer::run() {
  // What a topic was opened with is committed; a crash may have come before it was shown.
  for (const Topic& topic : topics_) topic.appender.publish(topic.appender.next_offset());
  for (;;) {
    if (!rows_waiting_) {
      if (stopping_) co_return Result<void>();
      if (!co_await changed_.wait_until(world_.clock, world_.clock.now() + idle_wait)) {
        rows_waiting_ = true;
      }
      continue;
    }
    rows_waiting_ = false;
    Result<bool> drained = co_await drain_some();
    if (drained) {
      if (*drained) rows_waiting_ = true;
      continue;
    }
    if (!may_pass(drained.error())) co_return fail(drained.error().within("emptying the outbox"));
    if (stopping_) co_return Result<void>();
    rows_waiting_ = true;
    co_await world_.clock.sleep(retry_pause);
  }
}

bool OutboxDrainer::has_topic(std::string_view name) const {
  for (const Topic& topic : topics_) {
    if (topic.name == name) return true;
  }
  return false;
}

io::Task<Result<bool>> OutboxDrainer::drain_some() {
  MR_CO_TRY(const std::vector<state::OutboxEntry> entries,
            co_await state_.read_outbox(drain_bytes_max));
  if (entries.empty()) co_return false;
  for (const state::OutboxEntry& entry : entries) {
    if (!has_topic(entry.row.topic)) {
      co_return fail(ErrorCode::unsupported, "the outbox has a row for topic " + entry.row.topic +
                                                 ", which this program does not write");
    }
  }
  std::vector<state::Position> positions;
  for (const Topic& topic : topics_) {
    MR_CO_TRY(const Offset end, co_await append(topic, entries));
    positions.push_back({position_name(topic.name), end});
  }
  // The rows are appended: going back would append them again.
  MR_CO_CHECK(co_await patiently(
      world_, stopping_, [&] { return state_.finish_outbox(entries.back().id, positions); }));
  for (size_t i = 0; i < topics_.size(); ++i) topics_[i].appender.publish(positions[i].next);
  rows_.add(entries.size());
  co_return true;
}

io::Task<Result<Offset>> OutboxDrainer::append(const Topic& topic,
                                               const std::vector<state::OutboxEntry>& entries) {
  std::vector<stream::RecordView> records;
  std::vector<std::string_view> keys;
  for (const state::OutboxEntry& entry : entries) {
    const state::OutboxRow& row = entry.row;
    if (row.topic != topic.name) continue;
    stream::RecordView record{row.timestamp, as_bytes(row.key), as_bytes(row.value), {}};
    for (const state::OutboxHeader& header : row.headers) {
      record.headers.push_back({header.name, as_bytes(header.value)});
    }
    records.push_back(std::move(record));
    keys.push_back(row.key);
  }
  // Earlier topics of this round have their rows already: only this one is tried again.
  MR_CO_TRY(const AppendedRows appended,
            co_await append_rows(world_, topic.appender, std::move(records), stopping_));
  for (const RefusedRow& refused : appended.refused) {
    metrics_
        .counter("millrace_outbox_refused_total",
                 "State rows that their topic refuses for good, by topic", {{"topic", topic.name}})
        .add();
    log_.error("a state row is refused for good and left out",
               {{"topic", topic.name}, {"key", keys[refused.index]}, {"error", refused.why}});
  }
  co_return appended.end;
}

}  // namespace mr::ingest
