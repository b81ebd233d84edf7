#include "ingest/input.h"

#include <gtest/gtest.h>

#include "sim/sim_world.h"

namespace mr::ingest {
namespace {

// Yields one record once it can be read, and afterwards nothing.
class OneRecord final : public stream::Reader {
 public:
  OneRecord(io::Clock& clock, int failures, ErrorCode code = ErrorCode::corrupt)
      : clock_(clock), failures_(failures), code_(code) {}

  io::Task<Result<stream::ReadBatch>> read(Offset from, size_t, Instant deadline) override {
    if (failures_ > 0) {
      --failures_;
      co_return fail(code_, "the manifest is damaged");
    }
    stream::ReadBatch batch;
    if (from == Offset(0)) {
      batch.records.emplace_back();
      co_return batch;
    }
    co_await clock_.sleep_until(deadline);
    co_return batch;
  }
  io::Task<Result<Offset>> first_offset() override { co_return Offset(0); }
  Offset end_offset() const override { return Offset(1); }
  io::Task<Result<Offset>> find_time(WallTime) override { co_return Offset(1); }

 private:
  io::Clock& clock_;
  int failures_;
  ErrorCode code_;
};

// The partitions in the order in which their records arrive, or the error that ends it.
io::Task<Result<std::string>> read_two(io::World& world, telemetry::Logger& log,
                                       stream::Reader& first, stream::Reader& second) {
  const std::vector<InputPartition> partitions = {{event::Lane::main, 0, first},
                                                  {event::Lane::overflow, 1, second}};
  Input input(world, log, partitions, {Offset(0), Offset(0)}, 1);
  input.start();
  std::string order;  // "1!0": the second while one could not be read, then the first
  Result<std::string> outcome;
  while (outcome && order.size() < 3) {
    auto arrived = co_await input.next(world.clock.now() + Millis{1'000});
    if (!arrived) outcome = fail(arrived.error());
    if (!arrived || !*arrived) continue;
    order += std::to_string((*arrived)->index);
    order += input.unreadable() > 0 ? "!" : "";
    input.resume((*arrived)->index, Offset(1));
  }
  co_await input.stop();
  if (outcome) outcome = order;
  co_return outcome;
}

TEST(Input, APartitionThatCannotBeReadWaitsAndTheOthersGoOn) {
  sim::SimWorld sim(1);
  io::World world = sim.world();
  const auto log = telemetry::Logger::to_memory();
  OneRecord damaged(world.clock, 3);
  OneRecord good(world.clock, 0);
  EXPECT_EQ(sim.run(read_two(world, *log, damaged, good)).value().value(), "1!0");
  const std::string lines = log->kept();
  EXPECT_NE(lines.find("cannot be read"), std::string::npos) << lines;
  EXPECT_EQ(lines.find("cannot be read"), lines.rfind("cannot be read")) << "said once";
}

TEST(Input, AReaderThatIsClosedEndsIt) {
  sim::SimWorld sim(1);
  io::World world = sim.world();
  const auto log = telemetry::Logger::to_memory();
  OneRecord closed(world.clock, 1, ErrorCode::closed);
  OneRecord good(world.clock, 0);
  EXPECT_EQ(sim.run(read_two(world, *log, good, closed)).value().error().code(), ErrorCode::closed);
}

}  // namespace
}  // namespace mr::ingest
