#include "kafka/spooling_appender.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/assert.h"

namespace mr::kafka {

namespace {

// How long a read of the spool waits, and so how late the forwarder notices close() at most.
constexpr Millis read_wait{250};
// What one commit of the spool takes.
constexpr size_t spool_batch_bytes = 4u * 1024 * 1024;
// With no more left than this the forwarder asks new appends to wait: under a steady load the spool
// would otherwise never be empty at the moment at which it is looked at.
constexpr int64_t nearly_drained_records = 2'000;

// The caller's own fault, who is told so.
bool is_refusal(const Error& error) {
  return error.code() == ErrorCode::too_large || error.code() == ErrorCode::invalid_input;
}

// Never forwarded, however often it is tried. What only the brokers' settings forbid was accepted:
// nobody is left to be told.
bool is_never_forwarded(const Error& error) {
  return is_refusal(error) || error.code() == ErrorCode::unsupported;
}

stream::RecordView view_of(const stream::Record& record) {
  return {record.timestamp, record.key, record.value, record.headers};
}

}  // namespace

// One append with its own copy of the records: the remote may need them after the caller has its
// answer.
struct SpoolingAppender::Entry {
  Entry(io::Loop& loop, const std::vector<stream::RecordView>& from) : changed(loop) {
    for (const stream::RecordView& record : from) bytes += record.payload_bytes();
    memory.reserve(bytes);
    for (const stream::RecordView& record : from) {
      stream::RecordView copy{record.timestamp, keep(record.key), keep(record.value), {}};
      for (const stream::HeaderView& header : record.headers) {
        copy.headers.push_back({as_text(keep(as_bytes(header.name))), keep(header.value)});
      }
      records.push_back(std::move(copy));
    }
  }
  ByteView keep(ByteView view) {
    const size_t begin = memory.size();
    memory.insert(memory.end(), view.begin(), view.end());  // within what was reserved
    return {memory.data() + begin, view.size()};
  }
  bool delivered() const { return remote && remote->has_value(); }
  bool answered() const { return delivered() || local.has_value(); }

  Bytes memory;
  std::vector<stream::RecordView> records;
  size_t bytes = 0;
  bool has_remote = false;  // was handed to the remote
  bool queued = false;      // goes to the spool
  uint64_t sequence = 0;
  std::optional<Result<stream::AppendedRange>> remote;
  std::optional<Result<stream::AppendedRange>> local;
  io::Signal changed;
};

SpoolingAppender::SpoolingAppender(Parts parts, SpoolOptions options)
    : parts_(std::move(parts)),
      options_(options),
      spooled_gauge_(parts_.metrics.gauge("millrace_spool_records", spool_records_help,
                                          {{"spool", parts_.position_name}})),
      spooled_total_(parts_.metrics.counter("millrace_spool_spooled_total",
                                            "Records put into the spool",
                                            {{"spool", parts_.position_name}})),
      forwarded_total_(parts_.metrics.counter("millrace_spool_forwarded_total",
                                              "Records of the spool that the brokers have",
                                              {{"spool", parts_.position_name}})),
      damaged_total_(parts_.metrics.counter("millrace_spool_damaged_total",
                                            "Records of the spool that cannot be read",
                                            {{"spool", parts_.position_name}})),
      spool_work_(parts_.world.loop),
      forward_work_(parts_.world.loop),
      idle_(parts_.world.loop),
      tasks_(parts_.world.loop) {
}

SpoolingAppender::~SpoolingAppender() = default;

io::Task<Result<std::unique_ptr<SpoolingAppender>>> SpoolingAppender::open(Parts parts,
                                                                           SpoolOptions options) {
  std::unique_ptr<SpoolingAppender> made(new SpoolingAppender(std::move(parts), options));
  if (auto loaded = co_await made->load(); !loaded) {
    co_return fail(loaded.error().within("opening the spool"));
  }
  made->tasks_.spawn(made->write_spool());
  made->tasks_.spawn(made->forward());
  co_return made;
}

io::Task<Result<void>> SpoolingAppender::load() {
  MR_CO_TRY(const auto saved, co_await parts_.checkpoints.load(parts_.position_name));
  MR_CO_TRY(const Offset first, co_await parts_.local_reader->first_offset());
  next_ = saved ? std::max(saved->next, first) : first;
  if (saved && saved->next < first) {
    parts_.log.error("records of the spool were removed before they were forwarded",
                     {{"first_offset", saved->next.value}, {"last_offset", first.value - 1}});
    damaged_total_.add(static_cast<uint64_t>(first - saved->next));
  }
  if (next_ > parts_.local->next_offset()) {
    // The spool was removed or is an older copy: what comes next must not lie below the position.
    const Offset end = parts_.local->next_offset();
    parts_.log.error("the spool ends below what was forwarded: it was removed, or is an older copy",
                     {{"forwarded", next_.value}, {"end", end.value}});
    next_ = end;
    MR_CO_CHECK(co_await save());
  }
  spooled_gauge_.set(spooled());
  if (spooled() > 0) begin_spooling("the last process left records");
  co_return Result<void>();
}

void SpoolingAppender::begin_spooling(std::string_view why) {
  if (spooling_) return;
  spooling_ = true;
  parts_.log.warning("events go to the spool on this machine",
                     {{"reason", why}, {"spooled", spooled()}});
  for (const auto& [sequence, entry] : with_remote_) {
    if (!entry->answered()) enqueue(entry);
  }
  forward_work_.notify();
}

void SpoolingAppender::enqueue(EntryPtr entry) {
  entry->queued = true;
  to_spool_bytes_ += entry->bytes;
  to_spool_.push_back(std::move(entry));
  spool_work_.notify();
}

io::Task<void> SpoolingAppender::send(EntryPtr entry) {
  entry->remote = co_await parts_.remote->append(entry->records);
  with_remote_.erase(entry->sequence);
  entry->changed.notify();
  forward_work_.notify();
}

io::Task<Result<stream::AppendedRange>> SpoolingAppender::append(
    std::vector<stream::RecordView> records) {
  MR_ASSERT(!records.empty());
  if (closing_) co_return fail(ErrorCode::closed, "the appender is closed");
  for (const stream::RecordView& record : records) {
    if (record.payload_bytes() <= options_.record_bytes_max) continue;
    ++status_.refused_too_large;
    co_return fail(ErrorCode::too_large, "a record is over the limit of " +
                                             std::to_string(options_.record_bytes_max) + " bytes");
  }
  if (to_spool_bytes_ > options_.queue_bytes_max) {
    ++status_.refused_busy;
    co_return fail(ErrorCode::busy, "too much waits for the local disk");
  }
  const auto entry = std::make_shared<Entry>(parts_.world.loop, records);
  ++running_;
  if (spooling_) {
    enqueue(entry);
  } else {
    start_sending(entry);
  }
  while (!entry->answered()) {
    if (entry->queued) {
      co_await entry->changed.wait();
    } else {
      co_await wait_for_remote(entry);
    }
  }
  if (--running_ == 0) idle_.notify();
  const Result<stream::AppendedRange>& outcome =
      entry->delivered() ? *entry->remote : *entry->local;
  if (outcome) {
    status_.records += entry->records.size();
    status_.payload_bytes += entry->bytes;
  }
  co_return outcome;
}

void SpoolingAppender::start_sending(const EntryPtr& entry) {
  entry->has_remote = true;
  entry->sequence = ++sequence_;
  with_remote_[entry->sequence] = entry;
  tasks_.spawn(send(entry));
}

// Until the remote has answered, or for as long as it has to: then the entry goes to the spool.
io::Task<void> SpoolingAppender::wait_for_remote(EntryPtr entry) {
  io::Clock& clock = parts_.world.clock;
  const Instant deadline = clock.now() + options_.patience;
  while (!entry->remote && !entry->local && clock.now() < deadline) {
    co_await entry->changed.wait_until(clock, deadline);
  }
  const bool refused = entry->remote && !*entry->remote && is_refusal(entry->remote->error());
  if (refused && !entry->local) entry->local = fail(entry->remote->error());
  if (entry->answered()) co_return;
  begin_spooling(entry->remote ? entry->remote->error().message() : "no answer in time");
  if (!entry->queued) enqueue(std::move(entry));
}

// Puts what waits into the spool, in order, many appends at a time.
io::Task<void> SpoolingAppender::write_spool() {
  for (;;) {
    if (to_spool_.empty()) {
      if (closing_) co_return;
      co_await spool_work_.wait();
      continue;
    }
    if (parts_.world.clock.now() < writer_held_until_ && !closing_) {
      co_await spool_work_.wait_until(parts_.world.clock, writer_held_until_);
      continue;
    }
    std::vector<EntryPtr> entries;
    size_t bytes = 0;
    while (!to_spool_.empty() && (entries.empty() || bytes < spool_batch_bytes)) {
      EntryPtr entry = std::move(to_spool_.front());
      to_spool_.pop_front();
      to_spool_bytes_ -= entry->bytes;
      if (entry->answered()) continue;  // the remote was faster
      bytes += entry->bytes;
      entries.push_back(std::move(entry));
    }
    if (!entries.empty()) {
      writing_ = true;
      co_await write_entries(std::move(entries));
      writing_ = false;
    }
    forward_work_.notify();
  }
}

io::Task<void> SpoolingAppender::write_entries(std::vector<EntryPtr> entries) {
  std::vector<stream::RecordView> records;
  for (const EntryPtr& entry : entries) {
    records.insert(records.end(), entry->records.begin(), entry->records.end());
  }
  const size_t count = records.size();
  const auto appended = co_await parts_.local->append(std::move(records));
  Offset at = appended ? appended->first : Offset();
  for (const EntryPtr& entry : entries) {
    if (appended) {
      const Offset last = at + (static_cast<int64_t>(entry->records.size()) - 1);
      entry->local = stream::AppendedRange{at, last, true};
      if (entry->has_remote) sent_first_[at] = entry;
      at = last + 1;
    } else {
      entry->local = fail(appended.error());
    }
    entry->changed.notify();
  }
  if (appended) spooled_total_.add(count);
  spooled_gauge_.set(spooled());
}

// Nothing lies in the spool, and what waits for it has not been given to the remote either.
bool SpoolingAppender::can_hand_over() const {
  return spooled() == 0 && !writing_ &&
         std::ranges::none_of(to_spool_, [](const EntryPtr& entry) { return entry->has_remote; });
}

// Back to the brokers, beginning with what waited.
void SpoolingAppender::hand_over() {
  spooling_ = false;
  trouble_.clear();
  parts_.log.info("the spool is empty; events go to the brokers again");
  for (const EntryPtr& entry : std::exchange(to_spool_, {})) {
    to_spool_bytes_ -= entry->bytes;
    entry->queued = false;
    start_sending(entry);
    entry->changed.notify();
  }
}

// New appends wait in memory for at most `patience`; zero lets them go on to the spool.
void SpoolingAppender::hold_writer(Millis patience) {
  writer_held_until_ = parts_.world.clock.now() + patience;
  spool_work_.notify();
}

io::Task<void> SpoolingAppender::forward() {
  while (!closing_) {
    if (spooling_ && can_hand_over()) {
      hand_over();
      continue;
    }
    if (!spooling_ || spooled() == 0) {
      hold_writer(Millis{0});
      co_await forward_work_.wait();
      continue;
    }
    const bool held = parts_.world.clock.now() < writer_held_until_;
    const Result<bool> forwarded = co_await forward_some();
    if (forwarded && !held && spooled() <= nearly_drained_records) hold_writer(options_.patience);
    if (forwarded || closing_) continue;
    hold_writer(Millis{0});
    if (trouble_.empty()) {
      parts_.log.error("cannot forward the spool; trying again",
                       {{"offset", next_.value}, {"error", forwarded.error().message()}});
    }
    trouble_ = forwarded.error().message();
    co_await forward_work_.wait_until(parts_.world.clock,
                                      parts_.world.clock.now() + options_.retry_pause);
  }
}

// One batch; yields whether there was any.
io::Task<Result<bool>> SpoolingAppender::forward_some() {
  const Instant deadline = parts_.world.clock.now() + read_wait;
  MR_CO_TRY(const stream::ReadBatch batch,
            co_await parts_.local_reader->read(next_, options_.forward_bytes, deadline));
  if (batch.damaged) {
    parts_.log.error("records of the spool are damaged and cannot be forwarded",
                     {{"first_offset", batch.damaged->from.value},
                      {"last_offset", batch.damaged->to.value - 1},
                      {"reason", batch.damaged->reason}});
    settle(batch.damaged->to, damaged_total_);
    MR_CO_CHECK(co_await save());
    co_return true;
  }
  if (batch.empty()) co_return false;
  MR_CO_CHECK(co_await forward_batch(batch));
  settle(batch.records.back().offset + 1, forwarded_total_);
  MR_CO_CHECK(co_await save());
  trouble_.clear();
  co_return true;
}

SpoolingAppender::EntryPtr SpoolingAppender::sender_of(Offset offset) const {
  auto after = sent_first_.upper_bound(offset);
  if (after == sent_first_.begin()) return nullptr;
  const EntryPtr& entry = std::prev(after)->second;
  return offset <= (*entry->local)->last ? entry : nullptr;
}

io::Task<Result<void>> SpoolingAppender::forward_batch(const stream::ReadBatch& batch) {
  std::vector<const stream::Record*> due;
  for (const stream::Record& record : batch.records) {
    const EntryPtr first = sender_of(record.offset);
    if (first && !first->remote) {
      // What lies before it goes before it; then the remote must say what became of it.
      MR_CO_CHECK(co_await send_again(due));
      due.clear();
      settle(record.offset, forwarded_total_);
      while (!first->remote && !closing_) co_await forward_work_.wait();
      if (!first->remote) co_return fail(ErrorCode::closed, "closed before it was confirmed");
    }
    if (!first || !first->delivered()) due.push_back(&record);
  }
  co_return co_await send_again(due);
}

io::Task<Result<void>> SpoolingAppender::send_again(
    const std::vector<const stream::Record*>& records) {
  if (records.empty()) co_return Result<void>();
  if (records.size() > 1 && records.front()->offset < alone_below_) {
    co_return co_await send_each(records);
  }
  std::vector<std::string> offsets;
  offsets.reserve(records.size());
  std::vector<stream::RecordView> views;
  for (const stream::Record* record : records) {
    offsets.push_back(std::to_string(record->offset.value));
    views.push_back(view_of(*record));
    views.back().headers.push_back({spool_offset_header, as_bytes(offsets.back())});
  }
  const auto appended = co_await parts_.remote->append(views);
  if (appended) co_return Result<void>();
  if (!is_never_forwarded(appended.error())) co_return fail(appended.error());
  if (records.size() == 1) co_return co_await refuse(*records.front(), appended.error());
  // All or none is not promised across a refusal: each one alone, so that only bad ones stay, also
  // when one of them has to be tried again.
  alone_below_ = records.back()->offset + 1;
  co_return co_await send_each(records);
}

// Each one alone, and settled before the next.
io::Task<Result<void>> SpoolingAppender::send_each(
    const std::vector<const stream::Record*>& records) {
  for (const stream::Record* record : records) {
    const std::vector<const stream::Record*> alone = {record};
    MR_CO_CHECK(co_await send_again(alone));
    settle(record->offset + 1, forwarded_total_);
    MR_CO_CHECK(co_await save());
  }
  co_return Result<void>();
}

io::Task<Result<void>> SpoolingAppender::refuse(const stream::Record& record, const Error& why) {
  std::vector<stream::RecordView> kept = {view_of(record)};
  MR_CO_TRY(const stream::AppendedRange at, co_await parts_.refused->append(std::move(kept)));
  settle(record.offset, forwarded_total_);
  settle(record.offset + 1,
         parts_.metrics.counter(
             "millrace_spool_refused_total", "Records of the spool that the brokers refuse",
             {{"spool", parts_.position_name}, {"reason", to_string(why.code())}}));
  parts_.log.error("the brokers refuse a record of the spool; it is kept aside",
                   {{"spool_offset", record.offset.value},
                    {"refused_offset", at.first.value},
                    {"error", why.message()}});
  co_return Result<void>();
}

// Everything below `next` is done with, for the reason that `counter` counts. In memory, before it
// is saved: a position that cannot be saved is no reason to forward records twice.
void SpoolingAppender::settle(Offset next, telemetry::Counter& counter) {
  if (next <= next_) return;
  counter.add(static_cast<uint64_t>(next - next_));
  next_ = next;
  while (!sent_first_.empty() && (*sent_first_.begin()->second->local)->last < next) {
    sent_first_.erase(sent_first_.begin());
  }
  spooled_gauge_.set(spooled());
}

io::Task<Result<void>> SpoolingAppender::save() {
  MR_CO_CHECK(co_await parts_.checkpoints.save(parts_.position_name, {next_, std::nullopt}));
  if (parts_.consumer) MR_CO_CHECK(co_await parts_.consumer->finished(next_));
  co_return Result<void>();
}

io::Task<Result<void>> SpoolingAppender::close() {
  closing_ = true;
  while (running_ > 0) co_await idle_.wait();
  spool_work_.notify();
  forward_work_.notify();
  Result<void> outcome = co_await parts_.remote->close();
  spool_work_.notify();
  forward_work_.notify();
  co_await tasks_.drain();
  for (stream::Appender* appender : {parts_.local.get(), parts_.refused.get()}) {
    const Result<void> closed = co_await appender->close();
    if (outcome && !closed) outcome = closed;
  }
  co_return outcome;
}

stream::AppenderStatus SpoolingAppender::status() const {
  stream::AppenderStatus status = status_;
  status.failed = parts_.remote->status().failed;
  status.space_low = parts_.local->status().space_low;
  if (spooling_) {
    status.failure = "spooling: " + std::to_string(spooled()) + " records wait for the brokers";
    if (!trouble_.empty()) status.failure += " (" + trouble_ + ")";
  }
  return status;
}

}  // namespace mr::kafka
