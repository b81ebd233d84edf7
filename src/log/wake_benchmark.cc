#include "log/wake_benchmark.h"

#include <algorithm>

#include "io/clock.h"
#include "io/real_world.h"
#include "io/task_group.h"
#include "io/worker.h"
#include "log/partition.h"

namespace mr::log {

namespace {

using io::Task;
// When each record, by its offset, was durable or read, by the machine's one monotonic clock.
using Times = std::vector<Instant>;

constexpr std::string_view last_value = "last";
constexpr size_t read_bytes = 64 * 1024;
constexpr Millis pause{2};
// A reader looks by itself after so long, and gives up when there is nothing then.
constexpr Millis patience{10'000};

Task<Result<Times>> tail_until_last(io::World world, io::Path folder) {
  MR_CO_TRY(const auto reader, co_await open_partition_reader(world, std::move(folder)));
  Times read;
  for (;;) {
    const Offset from(static_cast<int64_t>(read.size()));
    const Instant deadline = world.clock.now() + patience;
    MR_CO_TRY(const auto batch, co_await reader->read(from, read_bytes, deadline));
    if (batch.empty()) co_return fail(ErrorCode::timed_out, "the reader was not woken");
    read.resize(read.size() + batch.records.size(), world.clock.now());
    if (as_text(batch.records.back().value) == last_value) co_return read;
  }
}

Task<void> tail_on_a_thread(io::World world, io::Path folder, Result<Times>& read) {
  read = co_await world.worker.run([folder] {
    io::RealWorld other;
    return other.result_of(tail_until_last(other.world(), folder));
  });
}

Task<Result<Times>> append_one_by_one(io::World world, io::Path folder, Millis duration) {
  MR_CO_TRY(const auto appender, co_await open_partition_appender(world, std::move(folder), {}));
  Times durable;
  const Instant end = world.clock.now() + duration;
  for (bool last = false; !last;) {
    co_await world.clock.sleep(pause);
    last = world.clock.now() >= end;
    std::vector<stream::RecordView> records(1);
    records[0] = {world.clock.wall(), {}, as_bytes(last ? last_value : "x"), {}};
    MR_CO_CHECK(co_await appender->append(std::move(records)));
    durable.push_back(world.clock.now());
  }
  MR_CO_CHECK(co_await appender->close());
  co_return durable;
}

}  // namespace

Task<Result<std::vector<int64_t>>> measure_wake_ups(io::World world, io::Path folder,
                                                    Millis duration) {
  Result<Times> read = Times();
  io::TaskGroup group(world.loop);
  group.spawn(tail_on_a_thread(world, folder, read));
  const auto durable = co_await append_one_by_one(world, folder, duration);
  co_await group.drain();
  if (!durable) co_return fail(durable.error());
  if (!read) co_return fail(read.error());
  std::vector<int64_t> micros;
  for (size_t i = 0; i < durable->size(); ++i) {
    // The reader may be faster than the turn of the loop that completes the append.
    micros.push_back(std::max<int64_t>(0, (*read)[i].micros - (*durable)[i].micros));
  }
  co_return micros;
}

}  // namespace mr::log
