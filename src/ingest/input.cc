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

int64_t lag_of(const std::vector<InputPartition>& partitions, const std::vector<Offset>& next) {
  int64_t lag = 0;
  for (size_t i = 0; i < next.size(); ++i) lag += partitions[i].reader.end_offset() - next[i];
  return lag;
}

Input::Input(io::World& world, telemetry::Logger& log,
             const std::vector<InputPartition>& partitions, std::vector<Offset> next,
             size_t batch_bytes_max)
    : world_(world),
      log_(log),
      batch_bytes_max_(batch_bytes_max),
      arrived_(world.loop),
      tasks_(world.loop) {
  for (size_t i = 0; i < partitions.size(); ++i) {
    sources_.push_back(std::make_unique<Source>(world.loop, partitions[i], next[i]));
  }
}

void Input::start() {
  for (const auto& source : sources_) tasks_.spawn(read(*source));
}

io::Task<void> Input::read(Source& source) {
  while (!stopping_) {
    if (source.taken || source.arrived) {
      co_await source.resumed.wait();
      continue;
    }
    const Instant deadline = world_.clock.now() + read_wait;
    auto batch = co_await source.partition.reader.read(source.next, batch_bytes_max_, deadline);
    const bool passes = !batch && batch.error().code() != ErrorCode::closed;
    note(source, passes ? batch.error().message() : std::string());
    if (passes) {
      co_await source.resumed.wait_until(world_.clock, world_.clock.now() + retry_wait);
      continue;
    }
    if (batch && batch->empty() && !batch->damaged) {
      co_await world_.loop.yield();  // a reader may answer at once
      continue;
    }
    source.arrived = std::move(batch);
    arrived_.notify();
  }
}

// One line when a partition's trouble begins or changes, and one when it is over.
void Input::note(Source& source, std::string trouble) {
  if (trouble == source.trouble) return;
  if (trouble.empty()) {
    log_.info("a partition is read again",
              {{"topic", source.partition.topic()}, {"partition", source.partition.number}});
  } else {
    log_.error("a partition cannot be read: what it holds waits until it can",
               {{"topic", source.partition.topic()},
                {"partition", source.partition.number},
                {"error", trouble}});
  }
  source.trouble = std::move(trouble);
}

size_t Input::unreadable() const {
  return static_cast<size_t>(
      std::ranges::count_if(sources_, [](const auto& source) { return !source->trouble.empty(); }));
}

io::Task<Result<std::optional<Input::Arrived>>> Input::next(Instant deadline) {
  for (;;) {
    for (size_t i = 0; i < sources_.size(); ++i) {
      const size_t index = (turn_ + i) % sources_.size();
      Source& source = *sources_[index];
      if (!source.arrived) continue;
      if (!*source.arrived) co_return fail(source.arrived->error());
      Arrived arrived{index, std::move(**source.arrived)};
      source.arrived.reset();
      source.taken = true;
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
  Source& source = *sources_[index];
  source.next = next;
  source.taken = false;
  source.resumed.notify();
}

void Input::wake() {
  woken_ = true;
  arrived_.notify();
}

io::Task<void> Input::stop() {
  stopping_ = true;
  for (const auto& source : sources_) source->resumed.notify();
  co_await tasks_.drain();
}

}  // namespace mr::ingest
