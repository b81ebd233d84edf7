#include "main/captured_lanes.h"

#include <algorithm>

#include "log/partition.h"
#include "log/verify.h"
#include "main/kafka_places.h"

namespace mr::main {

CapturedLanes::CapturedLanes(ProcessRuntime& runtime, stream::Log& log)
    : runtime_(runtime), log_(log) {
  for (const event::Lane lane : event::all_lanes) {
    spools_[static_cast<size_t>(lane)] = Spool::open(runtime, lane);
  }
}

io::Task<void> CapturedLanes::prepare() {
  Result<LanePartitions> counts = co_await lane_partitions(runtime_, log_);
  if (!counts && counts.error().code() == ErrorCode::timed_out) {
    LanePartitions expected = configured_lane_partitions(runtime_.settings());
    for (const event::Lane lane : event::all_lanes) {
      Spool* const spool = spool_of(lane);
      const int32_t known = spool != nullptr ? runtime_.must(co_await spool->partitions()) : 0;
      int32_t& count = expected[static_cast<size_t>(lane)];
      count = std::max(count, known);
    }
    counts = expected;
  }
  partitions_ = runtime_.must(std::move(counts));
  if (spool_of(event::Lane::main) == nullptr) co_await Spool::warn_of_leftovers(runtime_);
}

io::Task<std::unique_ptr<stream::TopicAppender>> CapturedLanes::open(event::Lane lane) {
  const int32_t count = partitions_[static_cast<size_t>(lane)];
  std::vector<std::unique_ptr<stream::Appender>> appenders;
  for (int32_t number = 0; number < count; ++number) {
    auto appender =
        co_await open_patiently(runtime_, log_, {std::string(event::topic_of(lane)), number});
    if (Spool* const spool = spool_of(lane)) {
      appender = runtime_.must(co_await spool->put_behind(std::move(appender), number));
    }
    appenders.push_back(std::move(appender));
  }
  co_return std::make_unique<stream::TopicAppender>(runtime_.world().loop, std::move(appenders));
}

io::Task<bool> CapturedLanes::holds_records(event::Lane lane) {
  if (Spool* const spool = spool_of(lane)) {
    // What cannot be read is reported when the lane is used.
    co_return (co_await spool->partitions()).value_or(0) > 0;
  }
  if (uses_kafka(runtime_.settings())) co_return false;
  // Readers see nothing before a writer has opened the partition, as after a restore: asked is what
  // lies on the disk.
  const stream::TopicPartition first{std::string(event::topic_of(lane)), 0};
  const auto written = co_await log::bytes_to_verify(
      runtime_.world(), log::partition_folder(runtime_.directory().log(), first));
  co_return written || written.error().code() != ErrorCode::not_found;
}

io::Task<void> CapturedLanes::attend(capture::LaneAppender& lanes) {
  for (const event::Lane lane : event::all_lanes) {
    if (runtime_.stopping()) co_return;
    if (co_await holds_records(lane)) co_await lanes.open(lane);
  }
  for (const event::Lane lane : event::all_lanes) {
    Spool* const spool = spool_of(lane);
    if (spool == nullptr) continue;
    co_await spool->forward_leftovers(log_, partitions_[static_cast<size_t>(lane)]);
  }
}

io::Task<Result<void>> CapturedLanes::close() {
  Result<void> outcome;
  for (const auto& spool : spools_) {
    const Result<void> closed = spool ? co_await spool->close() : Result<void>();
    if (outcome && !closed) outcome = closed;
  }
  co_return outcome;
}

}  // namespace mr::main
