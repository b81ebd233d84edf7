#include "log/partition_writer.h"

#include <algorithm>

#include "base/assert.h"
#include "base/reached.h"
#include "io/random.h"
#include "log/blocks.h"
#include "log/partition_commit.h"
#include "telemetry/log_line.h"

namespace mr::log {

namespace {

// Commands that look whether somebody writes hold the lock for a moment, backups while they read
// the last segment.
constexpr Millis lock_patience{5'000};
constexpr Millis lock_pause{50};
// The watermark page holds a position of 32 bits.
constexpr uint64_t largest_segment_bytes = 1024ull * 1024 * 1024;
// The next segment is prepared once this share of the open one is used: early, so that a writer at
// full speed need not wait for it; not at once, so that idle topics stay small.
constexpr uint64_t look_ahead_share = 8;
// Commit buffers that are kept for reuse, and how large one may be to be kept.
constexpr size_t spare_commits_max = 3;
constexpr size_t spare_commit_bytes_max = 16 * 1024 * 1024;

}  // namespace

PartitionWriter::PartitionWriter(io::World world, io::Path folder, AppenderOptions options)
    : world_(world),
      folder_(std::move(folder)),
      options_(options),
      meters_(options.metrics, folder_),
      work_(world.loop),
      files_changed_(world.loop),
      close_asked_(world.loop),
      tasks_(world.loop) {
  options_.segment_bytes_max = std::min(options_.segment_bytes_max, largest_segment_bytes);
  options_.buffered_segment_bytes_max =
      std::min(options_.buffered_segment_bytes_max, largest_segment_bytes);
  if (options_.visibility == stream::Visibility::on_publish) options_.sync_interval = Millis{0};
  if (options_.sync_interval > Millis{0}) options_.caching = io::Caching::buffered;
  // The planted bug overwrites memory; it must not free it by letting it grow.
  if (options_.bugs.write_while_read) outgoing_[0].reserve(2 * options_.queue_bytes_max);
}

PartitionWriter::~PartitionWriter() = default;

io::Task<Result<void>> PartitionWriter::open() {
  MR_CO_CHECK(co_await world_.disk.make_folders(folder_));
  MR_CO_CHECK(co_await take_lock());
  MR_CO_TRY(page_, co_await world_.disk.map_shared(folder_ + "/" + watermark_name));
  begin_watermark(*page_);
  constexpr unsigned generation_bits = 40;
  generation_ = load_word(*page_, WatermarkWord::generation)
                    .value_or(world_.random.next() >> (64 - generation_bits));
  MR_CO_CHECK(co_await recover());
  const auto begun = co_await begin_segment(next_segment_bytes(0));
  if (!begun && begun.error().code() != ErrorCode::no_space) co_return begun;
  if (!begun) MR_REACHED("log.writer.opened_without_space");
  co_await check_space();
  opened_ = true;
  // Whatever a power loss left there is no request.
  store_word(*page_, WatermarkWord::remove_below, 0);
  tasks_.spawn(commit_loop());
  tasks_.spawn(housekeeping());
  if (!direct_) tasks_.spawn(keep_spare());
  co_return Result<void>{};
}

io::Task<Result<void>> PartitionWriter::take_lock() {
  const Instant deadline = world_.clock.now() + lock_patience;
  for (;;) {
    auto lock = co_await world_.disk.lock(folder_ + "/" + lock_name);
    if (lock) {
      lock_ = std::move(*lock);
      co_return Result<void>{};
    }
    const bool busy = lock.error().code() == ErrorCode::busy;
    if (!busy || world_.clock.now() >= deadline) co_return fail(lock.error());
    co_await world_.clock.sleep(lock_pause);
  }
}

Offset PartitionWriter::next_offset() const {
  return written_end_ + queued_records_;
}

void PartitionWriter::publish(Offset end) {
  MR_ASSERT(end <= durable_end_);  // these are never synced at intervals
  if (end <= published_end_) return;
  published_end_ = end;
  show_end();
}

io::Task<void> PartitionWriter::commit_loop() {
  for (;;) {
    while (queue_.empty() && !closing_ && !removal_due_ && !sync_due_) co_await work_.wait();
    if (sync_due_) {
      sync_due_ = false;
      co_await sync_answered();
      continue;
    }
    if (removal_due_) {
      removal_due_ = false;
      if (!failure_) co_await remove_between_commits();
      continue;
    }
    if (queue_.empty()) break;
    if (failure_ && !co_await recover_from_failure()) {
      fail_queued(*failure_);
      continue;
    }
    running_ = std::move(queue_.front());
    queue_.pop_front();
    finish(*running_, co_await commit_next(*running_));
    keep_memory(std::move(running_));
  }
}

// For later commits, unless it is of an unusual size.
void PartitionWriter::keep_memory(std::unique_ptr<Commit> done) {
  if (done->outgoing && done->outgoing->capacity() > spare_commit_bytes_max) {
    *done->outgoing = io::AlignedBuffer();
  }
  done->clear();
  const bool usual = done->batch.memory_bytes() <= spare_commit_bytes_max;
  if (usual && spare_.size() < spare_commits_max) spare_.push_back(std::move(done));
}

io::Task<Result<void>> PartitionWriter::commit_next(Commit& commit) {
  if (commit.tickets.size() > 1) MR_REACHED("log.writer.group_commit");
  // Padding may fill up to two blocks.
  MR_CO_CHECK(co_await ensure_segment(block_ceiling(commit.batch.bytes()) + io::direct_alignment));
  co_return co_await write_commit(commit);
}

io::Task<Result<void>> PartitionWriter::write_commit(Commit& commit) {
  const int32_t count = commit.batch.record_count();
  finish_batch(commit, written_end_);
  const ByteView batch = commit.finished;
  tasks_.spawn(finish_ahead_soon());
  if (options_.bugs.acknowledge_before_write) finish(commit, {});
  auto written = co_await segment_->file->write_at(position_, batch);
  const bool at_once = options_.sync_interval == Millis{0} && !options_.bugs.skip_sync;
  if (written && segment_->file->caching() == io::Caching::buffered && at_once) {
    written = co_await segment_->file->sync_data();
    if (!written && options_.bugs.believe_second_sync) {
      written = co_await segment_->file->sync_data();
    }
  }
  if (!written) {
    MR_REACHED("log.writer.commit_failed");
    give_up_file(written.error());
    co_return fail(ErrorCode::io_failed, written.error().message());
  }
  index_.add(written_end_ + (count - 1), commit.batch.max_timestamp(), position_, batch.size());
  position_ += batch.size();
  max_timestamp_ = std::max(max_timestamp_, commit.batch.max_timestamp());
  written_end_ = written_end_ + count;
  if (!commit.answered) queued_records_ -= count;
  ++status_.commits;
  status_.records += static_cast<uint64_t>(count);
  status_.payload_bytes += commit.payload_bytes;
  status_.written_bytes += batch.size();
  if (options_.sync_interval == Millis{0}) {
    show_written();
  } else {
    sync_after_interval();
  }
  if (!looked_ahead_ && position_ * look_ahead_share > segment_->bytes) {
    looked_ahead_ = true;
    tasks_.spawn(look_ahead());
  }
  co_return Result<void>{};
}

// What is written is durable.
void PartitionWriter::show_written() {
  durable_end_ = written_end_;
  store_word(*page_, WatermarkWord::tail, pack_tail(segment_->use.epoch, position_));
  show_end();
}

// The open segment's file is dead: what it holds is found out by recovery, at the next append, or
// at once when something in it was answered.
void PartitionWriter::give_up_file(const Error& error) {
  failure_ = error;
  segment_.reset();
  sync_due_ = sync_due_ || durable_end_ < written_end_;
  if (options_.logger == nullptr) return;
  options_.logger->error("a file of the log failed and is not written again",
                         {{"partition", folder_},
                          {"error", error.message()},
                          {"durable_end_offset", durable_end_.value},
                          {"answered_end_offset", written_end_.value}});
}

// Makes durable what was answered before it was.
io::Task<Result<void>> PartitionWriter::sync_written() {
  if (!segment_ || durable_end_ == written_end_) co_return Result<void>{};
  const auto synced = co_await segment_->file->sync_data();
  if (!synced) {
    MR_REACHED("log.writer.sync_failed");
    give_up_file(synced.error());
    co_return synced;
  }
  show_written();
  co_return Result<void>{};
}

// The same when its time has come. Where that fails, what the disk still has is made durable; while
// that fails too, it is tried again after each interval.
io::Task<void> PartitionWriter::sync_answered() {
  (void)co_await sync_written();
  const bool unsaved = failure_ && durable_end_ < written_end_;
  if (!unsaved || co_await recover_from_failure()) co_return;
  sync_due_ = false;
  sync_after_interval();
}

void PartitionWriter::sync_after_interval() {
  if (sync_later_) return;
  sync_later_ = true;
  tasks_.spawn(sync_later());
}

io::Task<void> PartitionWriter::sync_later() {
  // Whoever closes waits for this.
  if (!closing_) {
    co_await close_asked_.wait_until(world_.clock, world_.clock.now() + options_.sync_interval);
  }
  sync_later_ = false;
  sync_due_ = true;
  work_.notify();
}

io::Task<Result<void>> PartitionWriter::close() {
  closing_ = true;
  work_.notify();
  close_asked_.notify();
  co_await tasks_.drain();
  Result<void> outcome = co_await sync_written();
  if (failure_ && durable_end_ < written_end_) {
    const bool saved = co_await recover_from_failure();
    outcome = saved ? Result<void>{} : fail(*failure_);
  }
  if (segment_ && !failure_ && position_ > 0) {
    seal_open_segment();
    outcome = co_await save_manifest();
    if (outcome) {
      (void)co_await segment_->file->truncate(position_);
      (void)co_await save_segment_index(world_, folder_, segment_->base, index_.finish());
    }
  }
  segment_.reset();
  if (prepared_) {
    prepared_.reset();
    (void)co_await world_.disk.remove(folder_ + "/" + prepared_name);
  }
  meters_.show(status());
  lock_.reset();
  co_return outcome;
}

stream::AppenderStatus PartitionWriter::status() const {
  stream::AppenderStatus status = status_;
  status.direct = direct_;
  status.space_low = space_low_;
  if (failure_) status.failure = failure_->message();
  return status;
}

void PartitionWriter::show_segment(int32_t epoch, uint64_t bytes) {
  store_word(*page_, WatermarkWord::tail, pack_tail(epoch, bytes));
  store_word(*page_, WatermarkWord::first, static_cast<uint64_t>(manifest_.first_offset.value));
  ++generation_;
  store_word(*page_, WatermarkWord::generation, generation_);
}

// The set of segments became smaller at its beginning.
void PartitionWriter::show_first() {
  ++generation_;
  store_word(*page_, WatermarkWord::generation, generation_);
  // Whoever asked for a removal waits on this word.
  const auto first = static_cast<uint64_t>(manifest_.first_offset.value);
  page_->publish(static_cast<size_t>(WatermarkWord::first),
                 encode_word(WatermarkWord::first, first));
}

Offset PartitionWriter::visible_end() const {
  const bool all = options_.visibility == stream::Visibility::on_durable;
  return all ? durable_end_ : std::min(durable_end_, published_end_);
}

void PartitionWriter::show_end() {
  page_->publish(static_cast<size_t>(WatermarkWord::end),
                 encode_word(WatermarkWord::end, static_cast<uint64_t>(visible_end().value)));
}

}  // namespace mr::log
