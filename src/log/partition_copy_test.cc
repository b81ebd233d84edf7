#include "log/partition_copy.h"

#include <gtest/gtest.h>

#include "log/checkpoint_file.h"
#include "log/consumer_note.h"
#include "log/describe.h"
#include "log/manifest.h"
#include "log/partition.h"
#include "log/verify.h"
#include "sim/sim_world.h"

namespace mr::log {
namespace {

using io::Task;

constexpr const char* source = "log/topic/0";
constexpr const char* target = "copy/topic/0";

AppenderOptions small_options() {
  AppenderOptions options;
  options.first_segment_bytes = 32 * 1024;
  options.segment_bytes_max = 32 * 1024;
  options.reserved_bytes = 0;
  return options;
}

Task<Result<void>> append(stream::Appender& appender, int from, int to) {
  for (int i = from; i < to; ++i) {
    const std::string value = std::to_string(i);
    std::vector<stream::RecordView> records = {{WallTime{i}, {}, as_bytes(value), {}}};
    MR_CO_CHECK(co_await appender.append(std::move(records)));
  }
  co_return Result<void>{};
}

// The values in a partition that has been opened and closed by a writer.
Task<Result<int64_t>> reopen_and_count(io::World world, io::Path folder,
                                       std::optional<Offset> cut) {
  AppenderOptions options = small_options();
  options.truncate_to = cut;
  MR_CO_TRY(const auto appender, co_await open_partition_appender(world, folder, options));
  MR_CO_TRY(const auto reader, co_await open_partition_reader(world, folder));
  int64_t count = 0;
  for (Offset at(0); at < reader->end_offset();) {
    MR_CO_TRY(const auto batch, co_await reader->read(at, 1 << 20, world.clock.now()));
    if (batch.empty()) break;
    for (const auto& record : batch.records) {
      EXPECT_EQ(as_text(record.value), std::to_string(count));
      ++count;
    }
    at = batch.records.back().offset + 1;
  }
  MR_CO_CHECK(co_await appender->close());
  co_return count;
}

Task<Result<int64_t>> copy_beside_a_writer(io::World world) {
  AppenderOptions options = small_options();
  options.visibility = stream::Visibility::on_publish;
  MR_CO_TRY(const auto appender, co_await open_partition_appender(world, source, options));
  MR_CO_CHECK(co_await append(*appender, 0, 40));
  appender->publish(Offset(20));
  // A consumer that was not so far yet when the state beside the log was copied.
  CheckpointFiles consumers(world, consumers_folder(source));
  MR_CO_CHECK(co_await consumers.save("load", {Offset(20)}));
  MR_CO_TRY(const auto copied, co_await copy_partition(world, source, target, nullptr));
  EXPECT_EQ(copied.first, Offset(0));
  EXPECT_EQ(copied.end, Offset(40));  // also what readers do not see yet
  MR_CO_CHECK(co_await append(*appender, 40, 50));
  MR_CO_CHECK(co_await appender->close());
  MR_CO_TRY(const auto notes, co_await list_consumers(world, target));
  EXPECT_TRUE(notes.empty());
  MR_CO_TRY(const auto report, co_await verify_partition(world, target, nullptr));
  EXPECT_TRUE(report.findings.empty());
  MR_CO_TRY(const int64_t cut, co_await reopen_and_count(world, target, Offset(13)));
  EXPECT_EQ(cut, 13);
  co_return co_await reopen_and_count(world, source, std::nullopt);
}

TEST(PartitionCopy, HoldsWhatWasDurableAndOpensAsAPartition) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    sim::SimWorld world(seed);
    const auto count = world.run(copy_beside_a_writer(world.world()));
    ASSERT_TRUE(count && *count) << (count ? count->error().message() : "");
    EXPECT_EQ(**count, 50);
  }
}

Task<Result<int>> write(io::World world) {
  MR_CO_TRY(const auto appender, co_await open_partition_appender(world, source, small_options()));
  MR_CO_CHECK(co_await append(*appender, 0, 40));
  MR_CO_CHECK(co_await appender->close());
  co_return 0;
}

TEST(PartitionCopy, DamageIsCopiedAndReported) {
  sim::SimWorld world(1);
  ASSERT_TRUE(*world.run(write(world.world())));
  const auto manifest = world.run(load_manifest(world.world().disk, source))->value().value();
  world.storage().flip_bit(segment_path(source, manifest.segments[1].base), 5000, 1);
  const auto copied = *world.run(copy_partition(world.world(), source, target, nullptr));
  ASSERT_TRUE(copied) << copied.error().message();
  EXPECT_EQ(copied->end, Offset(40));
  ASSERT_EQ(copied->damaged.size(), 1u);
  EXPECT_EQ(copied->damaged[0].to - copied->damaged[0].from, 1);
}

TEST(PartitionCopy, AMissingSegmentIsReportedAndTheCopyMissesIt) {
  sim::SimWorld world(1);
  ASSERT_TRUE(*world.run(write(world.world())));
  const auto manifest = world.run(load_manifest(world.world().disk, source))->value().value();
  const SegmentEntry lost = manifest.segments[1];
  ASSERT_TRUE(world.storage().remove(segment_path(source, lost.base)));
  const auto copied = *world.run(copy_partition(world.world(), source, target, nullptr));
  ASSERT_TRUE(copied) << copied.error().message();
  EXPECT_EQ(copied->end, Offset(40));
  ASSERT_EQ(copied->damaged.size(), 1u);
  EXPECT_EQ(copied->damaged[0].from, lost.base);
  EXPECT_EQ(copied->damaged[0].to, lost.end);
  const auto report = *world.run(verify_partition(world.world(), target, nullptr));
  ASSERT_TRUE(report);
  ASSERT_EQ(report->findings.size(), 1u);
  EXPECT_EQ(report->findings[0].what, "the segment's file is missing");
}

TEST(PartitionCopy, AWriterThatDiedLeavesWhatItsFilesShow) {
  sim::SimWorld world(7);
  const auto use = [](io::World doors) -> Task<Result<int>> {
    MR_CO_TRY(const auto appender,
              co_await open_partition_appender(doors, source, small_options()));
    MR_CO_CHECK(co_await append(*appender, 0, 5));
    co_await doors.clock.sleep_until(doors.clock.now() + Millis{60'000'000});  // until the crash
    co_return 0;
  };
  world.run(use(world.world()), Millis{30'000'000});
  world.crash(sim::CrashKind::power);
  const auto copied = *world.run(copy_partition(world.world(), source, target, nullptr));
  ASSERT_TRUE(copied) << copied.error().message();
  EXPECT_EQ(copied->end, Offset(5));
}

}  // namespace
}  // namespace mr::log
