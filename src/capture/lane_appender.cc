#include "capture/lane_appender.h"

#include <optional>

namespace mr::capture {

struct LaneAppender::Lane {
  explicit Lane(io::Loop& loop) : opened(loop) {}
  std::unique_ptr<stream::TopicAppender> topic;
  bool opening = false;
  io::Signal opened;
};

// What one append gives to one lane.
struct LaneAppender::Share {
  LaneRecords lane;
  std::optional<Result<std::vector<stream::PartitionRange>>> outcome;
};

LaneAppender::LaneAppender(io::Loop& loop, LaneOpener& opener) : loop_(loop), opener_(opener) {
  for (auto& lane : lanes_) lane = std::make_unique<Lane>(loop);
}

LaneAppender::~LaneAppender() = default;

io::Task<void> LaneAppender::open(event::Lane which) {
  Lane& lane = of(which);
  while (lane.opening) co_await lane.opened.wait();
  if (lane.topic) co_return;
  lane.opening = true;
  lane.topic = co_await opener_.open(which);
  lane.opening = false;
  lane.opened.notify();
}

io::Task<void> LaneAppender::append_share(Share& share) {
  Lane& lane = of(share.lane.lane);
  if (!lane.topic) co_await open(share.lane.lane);
  share.outcome = co_await lane.topic->append(std::move(share.lane.records));
}

io::Task<Result<std::vector<LaneRange>>> LaneAppender::append(std::vector<LaneRecords> lanes) {
  std::vector<Share> shares;
  shares.reserve(lanes.size());
  for (LaneRecords& lane : lanes) shares.push_back({std::move(lane), std::nullopt});
  if (shares.size() == 1) {
    co_await append_share(shares.front());
  } else {
    io::TaskGroup group(loop_);
    for (Share& share : shares) group.spawn(append_share(share));
    co_await group.drain();
  }
  std::vector<LaneRange> ranges;
  for (const Share& share : shares) {
    if (!*share.outcome) co_return fail(share.outcome->error());
    for (const stream::PartitionRange& at : **share.outcome) {
      ranges.push_back({share.lane.lane, at});
    }
  }
  co_return ranges;
}

bool LaneAppender::takes_records() const {
  for (const auto& lane : lanes_) {
    if (lane->topic && !lane->topic->status().opened) return false;
  }
  return true;
}

int64_t LaneAppender::records_end() const {
  int64_t sum = 0;
  for (const auto& lane : lanes_) {
    if (lane->topic) sum += lane->topic->records_end();
  }
  return sum;
}

io::Task<Result<void>> LaneAppender::close() {
  Result<void> outcome;
  for (const auto& lane : lanes_) {
    if (!lane->topic) continue;
    const Result<void> closed = co_await lane->topic->close();
    if (outcome && !closed) outcome = closed;
  }
  co_return outcome;
}

}  // namespace mr::capture
