#include "ingest/input.h"

#include <algorithm>
#include <utility>

namespace mr::ingest {
namespace {

// How long a read waits for records, and so how late stop() is noticed at most.
constexpr Millis read_wait{250};
// How soon a partition that could not be read is tried again.
constexpr Millis retry_wait{2000};

}  // namespace

Input::Input(io::World& world, telemetry::Logger& log,
             const std::vector<InputPartition>& partitions, std::vector<Offset> next,
             size_t batch_bytes_max)
    : world_(world),
      log_(log),
      batch_bytes_max_(batch_bytes_max),
      arrived_(world.loop),
      tasks_(world.loop) {
  for (size_t i = 0; i < partitions.size(); ++i) {
    lanes_.push_back(std::make_unique<Lane>(world.loop, partitions[i], next[i]));
  }
}

void Input::start() {
  for (const auto& lane : lanes_) tasks_.spawn(read(*lane));
}

io::Task<void> Input::read(Lane& lane) {
  while (!stopping_) {
    if (lane.taken || lane.arrived) {
      co_await lane.resumed.wait();
      continue;
    }
    const Instant deadline = world_.clock.now() + read_wait;
    auto batch = co_await lane.partition.reader.read(lane.next, batch_bytes_max_, deadline);
    const bool passes = !batch && batch.error().code() != ErrorCode::closed;
    note(lane, passes ? batch.error().message() : std::string());
    if (passes) {
      co_await lane.resumed.wait_until(world_.clock, world_.clock.now() + retry_wait);
      continue;
    }
    if (batch && batch->empty() && !batch->damaged) {
      co_await world_.loop.yield();  // a reader may answer at once
      continue;
    }
    lane.arrived = std::move(batch);
    arrived_.notify();
  }
}

// One line when a partition's trouble begins or changes, and one when it is over.
void Input::note(Lane& lane, std::string trouble) {
  if (trouble == lane.trouble) return;
  if (trouble.empty()) {
    log_.info("a partition is read again", {{"partition", lane.partition.number}});
  } else {
    log_.error("a partition cannot be read: what it holds waits until it can",
               {{"partition", lane.partition.number}, {"error", trouble}});
  }
  lane.trouble = std::move(trouble);
}

size_t Input::unreadable() const {
  return static_cast<size_t>(
      std::ranges::count_if(lanes_, [](const auto& lane) { return !lane->trouble.empty(); }));
}

io::Task<Result<std::optional<Input::Arrived>>> Input::next(Instant deadline) {
  for (;;) {
    for (size_t i = 0; i < lanes_.size(); ++i) {
      const size_t index = (turn_ + i) % lanes_.size();
      Lane& lane = *lanes_[index];
      if (!lane.arrived) continue;
      if (!*lane.arrived) co_return fail(lane.arrived->error());
      Arrived arrived{index, std::move(**lane.arrived)};
      lane.arrived.reset();
      lane.taken = true;
      turn_ = index + 1;
      co_return std::optional<Arrived>(std::move(arrived));
    }
    const bool woken = std::exchange(woken_, false);
    if (woken || !co_await arrived_.wait_until(world_.clock, deadline)) {
      co_return std::optional<Arrived>();
    }
  }
}

void Input::resume(size_t index, Offset next) {
  Lane& lane = *lanes_[index];
  lane.next = next;
  lane.taken = false;
  lane.resumed.notify();
}

void Input::wake() {
  woken_ = true;
  arrived_.notify();
}

io::Task<void> Input::stop() {
  stopping_ = true;
  for (const auto& lane : lanes_) lane->resumed.notify();
  co_await tasks_.drain();
}

}  // namespace mr::ingest
