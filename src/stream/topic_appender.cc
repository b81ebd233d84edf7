#include "stream/topic_appender.h"

#include <optional>

#include "base/assert.h"
#include "stream/partitioner.h"

namespace mr::stream {

// What one append gives to one partition.
struct TopicAppender::Share {
  int32_t partition = 0;
  std::vector<RecordView> records;
  std::optional<Result<AppendedRange>> outcome;
};

TopicAppender::TopicAppender(io::Loop& loop, std::vector<std::unique_ptr<Appender>> partitions)
    : loop_(loop), partitions_(std::move(partitions)) {
  MR_ASSERT(!partitions_.empty());
}

int32_t TopicAppender::place(const RecordView& record, int32_t keyless) const {
  if (record.key.empty()) return keyless;
  return partition_of_key(record.key, static_cast<int32_t>(partitions_.size()));
}

io::Task<void> TopicAppender::append_share(Share& share) {
  Appender& appender = *partitions_[static_cast<size_t>(share.partition)];
  share.outcome = co_await appender.append(std::move(share.records));
}

io::Task<Result<std::vector<PartitionRange>>> TopicAppender::append(
    std::vector<RecordView> records) {
  std::vector<PartitionRange> ranges;
  if (partitions_.size() == 1) {
    MR_CO_TRY(const AppendedRange range, co_await partitions_.front()->append(std::move(records)));
    ranges.push_back({0, range});
    co_return ranges;
  }
  const int32_t keyless = next_keyless_;
  next_keyless_ = (next_keyless_ + 1) % static_cast<int32_t>(partitions_.size());
  std::vector<Share> shares(partitions_.size());
  for (RecordView& record : records) {
    const auto partition = static_cast<size_t>(place(record, keyless));
    shares[partition].records.push_back(std::move(record));
  }
  io::TaskGroup group(loop_);
  for (size_t i = 0; i < shares.size(); ++i) {
    shares[i].partition = static_cast<int32_t>(i);
    if (!shares[i].records.empty()) group.spawn(append_share(shares[i]));
  }
  co_await group.drain();
  for (const Share& share : shares) {
    if (!share.outcome) continue;
    if (!*share.outcome) co_return fail(share.outcome->error());
    ranges.push_back({share.partition, **share.outcome});
  }
  co_return ranges;
}

int64_t TopicAppender::records_end() const {
  int64_t sum = 0;
  for (const auto& partition : partitions_) sum += partition->next_offset().value;
  return sum;
}

AppenderStatus TopicAppender::status() const {
  AppenderStatus all;
  for (const auto& partition : partitions_) {
    const AppenderStatus one = partition->status();
    all.records += one.records;
    all.payload_bytes += one.payload_bytes;
    all.written_bytes += one.written_bytes;
    all.commits += one.commits;
    all.segments += one.segments;
    all.recoveries += one.recoveries;
    all.removed_segments += one.removed_segments;
    all.removed_bytes += one.removed_bytes;
    all.recycled_segments += one.recycled_segments;
    all.overridden_segments += one.overridden_segments;
    all.held_segments += one.held_segments;
    all.refused_busy += one.refused_busy;
    all.refused_no_space += one.refused_no_space;
    all.refused_too_large += one.refused_too_large;
    all.failed += one.failed;
    all.lost_records += one.lost_records;
    all.direct = all.direct || one.direct;
    all.space_low = all.space_low || one.space_low;
    all.opened = all.opened && one.opened;
    if (all.failure.empty()) all.failure = one.failure;
  }
  return all;
}

io::Task<Result<void>> TopicAppender::close() {
  Result<void> outcome;
  for (const auto& partition : partitions_) {
    const Result<void> closed = co_await partition->close();
    if (outcome && !closed) outcome = closed;
  }
  co_return outcome;
}

}  // namespace mr::stream
