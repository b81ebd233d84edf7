// The part of PartitionWriter that gathers appends into commits, makes their batches and answers.
#include "log/partition_commit.h"
#include "base/assert.h"
#include "base/reached.h"
#include "log/partition_writer.h"

namespace mr::log {

namespace {

constexpr Millis space_check_interval{1000};
constexpr Millis space_recheck_interval{100};

}  // namespace

// Accepts or refuses an append as a whole.
Result<void> PartitionWriter::admit(const std::vector<stream::RecordView>& records, size_t bytes) {
  if (closing_ || !opened_) return fail(ErrorCode::closed, folder_ + " is closed for appending");
  if (records.empty()) return fail(ErrorCode::invalid_input, "an append needs a record");
  for (const stream::RecordView& record : records) {
    if (record.payload_bytes() <= options_.record_bytes_max) continue;
    ++status_.refused_too_large;
    return fail(ErrorCode::too_large, "a record has " + std::to_string(record.payload_bytes()) +
                                          " bytes; the limit is " +
                                          std::to_string(options_.record_bytes_max));
  }
  if (bytes > options_.queue_bytes_max) {
    ++status_.refused_too_large;
    return fail(ErrorCode::too_large, "an append has " + std::to_string(bytes) +
                                          " bytes; the limit is " +
                                          std::to_string(options_.queue_bytes_max));
  }
  const Millis interval = space_low_ ? space_recheck_interval : space_check_interval;
  if (!checking_space_ && world_.clock.now() - space_checked_ >= interval) {
    tasks_.spawn(check_space());
  }
  if (space_low_) {
    MR_REACHED("log.writer.space_low");
    ++status_.refused_no_space;
    return fail(ErrorCode::no_space, folder_ + " has less free space than is reserved");
  }
  if (queued_bytes_ + bytes > options_.queue_bytes_max) {
    MR_REACHED("log.writer.queue_full");
    ++status_.refused_busy;
    return fail(ErrorCode::busy, folder_ + " has too many appends waiting");
  }
  return {};
}

// The commit that new records join: the last one that waits, unless it is full.
PartitionWriter::Commit& PartitionWriter::gathering_commit() {
  if (!queue_.empty() && !queue_.back()->finished_for &&
      queue_.back()->batch.bytes() < options_.commit_bytes && !world_.mischief("log.lone_commit")) {
    return *queue_.back();
  }
  if (spare_.empty()) {
    queue_.push_back(std::make_unique<Commit>());
  } else {
    queue_.push_back(std::move(spare_.back()));
    spare_.pop_back();
  }
  return *queue_.back();
}

io::Task<Result<stream::AppendedRange>> PartitionWriter::append(
    std::vector<stream::RecordView> records) {
  size_t payload = 0;
  size_t bytes = 0;
  for (const stream::RecordView& record : records) {
    payload += record.payload_bytes();
    bytes += record_overhead_max(record);
  }
  bytes += payload;
  MR_CO_CHECK(admit(records, bytes));
  Commit& commit = gathering_commit();
  Ticket ticket{commit.batch.record_count(), static_cast<int32_t>(records.size()), {}, {}};
  commit.batch.reserve_more(bytes + 2 * io::direct_alignment);
  for (const stream::RecordView& record : records) commit.batch.add(record);
  commit.tickets.push_back(&ticket);
  commit.queued_bytes += bytes;
  commit.payload_bytes += payload;
  queued_bytes_ += bytes;
  queued_records_ += ticket.count;
  work_.notify();
  if (commit.batch.bytes() >= options_.commit_bytes) finish_ahead();
  co_return co_await ticket;
}

// Makes the commit's batch for its place in the open segment, unless that is done.
void PartitionWriter::finish_batch(Commit& commit, Offset base) {
  if (commit.finished_for == segment_->use && commit.base == base) return;
  if (commit.finished_for) {
    // It was made ahead, and a segment began or a commit failed before it.
    commit.batch.move_to(base, segment_->use);
  } else {
    const bool attempt =
        options_.compression != Codec::none && choice_.attempt(commit.batch.bytes());
    commit.batch.finish(base, segment_->use, io::direct_alignment,
                        attempt ? options_.compression : Codec::none);
    if (attempt) choice_.outcome(commit.batch.compressed());
  }
  commit.finished_for = segment_->use;
  commit.base = base;
  commit.finished = commit.batch.finished();
  if (segment_->file->caching() == io::Caching::buffered) return;
  // The device reads from memory of its own, so that records are gathered in memory that stays in
  // this core's cache.
  if (!commit.outgoing) {
    commit.outgoing = &outgoing_[options_.bugs.write_while_read ? 0 : next_outgoing_];
    next_outgoing_ = (next_outgoing_ + 1) % outgoing_.size();
  }
  // What the device reads now is not written to.
  MR_ASSERT(!running_ || running_.get() == &commit || running_->outgoing != commit.outgoing ||
            options_.bugs.write_while_read);
  commit.outgoing->assign_past_cache(commit.finished);
  commit.finished = commit.outgoing->view();
}

// While a commit is on its way to the disk, the next one is compressed and its checksum computed,
// once it is full, so that the disk need not wait for that.
io::Task<void> PartitionWriter::finish_ahead_soon() {
  finish_ahead();
  co_return;
}

void PartitionWriter::finish_ahead() {
  // Not before the running commit has its memory: they take it by turns, in their order.
  if (queue_.empty() || !running_ || !running_->finished_for || !segment_) return;
  Commit& next = *queue_.front();
  const bool full =
      next.batch.bytes() >= options_.commit_bytes || world_.mischief("log.finish_early");
  if (full) finish_batch(next, written_end_ + running_->batch.record_count());
}

void PartitionWriter::finish(Commit& commit, const Result<void>& outcome) {
  if (commit.answered) return;
  commit.answered = true;
  // After a success the records are counted in written_end_.
  if (!outcome || options_.bugs.acknowledge_before_write) {
    queued_records_ -= commit.batch.record_count();
  }
  queued_bytes_ -= commit.queued_bytes;
  for (Ticket* ticket : commit.tickets) {
    if (outcome) {
      const Offset first = commit.base + ticket->first;
      ticket->result = stream::AppendedRange{first, first + (ticket->count - 1)};
    } else {
      ++(outcome.error().code() == ErrorCode::no_space ? status_.refused_no_space : status_.failed);
      ticket->result = fail(outcome.error());
    }
    world_.loop.post(ticket->awaiting);
  }
}

void PartitionWriter::fail_queued(const Error& error) {
  while (!queue_.empty()) {
    finish(*queue_.front(), fail(error));
    queue_.pop_front();
  }
}

}  // namespace mr::log
