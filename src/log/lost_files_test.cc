// Files that are gone: a segment, or the whole folder of a partition.
#include <gtest/gtest.h>

#include "log/checkpoint_file.h"
#include "log/manifest.h"
#include "log/partition.h"
#include "log/verify.h"
#include "log/watermark.h"
#include "sim/sim_world.h"
#include "telemetry/log_line.h"

namespace mr::log {
namespace {

using io::Task;

constexpr const char* folder = "data/topic/0";

AppenderOptions small_options(telemetry::Logger* logger = nullptr) {
  AppenderOptions options;
  options.first_segment_bytes = options.segment_bytes_max = 32 * 1024;
  options.reserved_bytes = 0;
  options.logger = logger;
  return options;
}

Task<Result<void>> append(stream::Appender& appender, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const int64_t offset = appender.next_offset().value;
    const std::string value = std::to_string(offset);
    std::vector<stream::RecordView> records = {{WallTime{offset}, {}, as_bytes(value), {}}};
    MR_CO_CHECK(co_await appender.append(std::move(records)));
  }
  co_return Result<void>{};
}

// Opens the partition, appends, closes it; the records lie one to a block, seven to a segment.
Task<Result<void>> write(io::World world, AppenderOptions options, int64_t count) {
  MR_CO_TRY(const auto appender, co_await open_partition_appender(world, folder, options));
  MR_CO_CHECK(co_await append(*appender, count));
  if (options.visibility == stream::Visibility::on_publish) {
    appender->publish(appender->next_offset());
  }
  co_return co_await appender->close();
}

Task<Result<void>> write_until_killed(io::World world, int64_t count) {
  MR_CO_TRY(const auto appender, co_await open_partition_appender(world, folder, small_options()));
  MR_CO_CHECK(co_await append(*appender, count));
  co_await world.clock.sleep(Millis{60'000'000});
  co_return Result<void>{};
}

// "....(4-6 damaged) ..": what a reader finds from the first offset to the end.
Task<Result<std::string>> read_all(io::World world) {
  MR_CO_TRY(const auto reader, co_await open_partition_reader(world, folder));
  std::string text;
  for (Offset next(0); next < reader->end_offset();) {
    MR_CO_TRY(const auto batch, co_await reader->read(next, 1 << 20, world.clock.now()));
    if (batch.damaged) {
      text += "(" + std::to_string(batch.damaged->from.value) + "-" +
              std::to_string(batch.damaged->to.value - 1) + " damaged) ";
      next = batch.damaged->to;
      continue;
    }
    if (batch.empty()) break;
    for (const auto& record : batch.records) {
      if (record.offset != next || as_text(record.value) != std::to_string(next.value)) {
        co_return fail(ErrorCode::failed, "a wrong record at " + std::to_string(next.value));
      }
      next = next + 1;
      text += ".";
    }
  }
  co_return text;
}

class LostFiles : public ::testing::Test {
 protected:
  template <typename T>
  T run(Task<Result<T>> task) {
    auto result = world_.run(std::move(task));
    EXPECT_TRUE(result && *result) << (result ? result->error().message() : "did not end");
    if constexpr (!std::is_void_v<T>) return result && *result ? std::move(**result) : T{};
  }
  io::World doors() { return world_.world(); }
  Manifest manifest() { return world_.run(load_manifest(doors().disk, folder))->value().value(); }
  void lose(const SegmentEntry& entry) {
    EXPECT_TRUE(world_.storage().remove(segment_path(folder, entry.base)));
  }
  void note(const char* consumer, int64_t next) {
    CheckpointFiles notes(doors(), consumers_folder(folder));
    run(notes.save(consumer, {Offset(next)}));
  }

  sim::SimWorld world_{1};
};

TEST_F(LostFiles, ASealedSegmentThatIsGoneIsDamageAndTheRestIsRead) {
  run(write(doors(), small_options(), 20));
  lose(manifest().segments[1]);
  EXPECT_EQ(run(read_all(doors())), ".......(7-13 damaged) ......");
  run(write(doors(), small_options(), 1));
  EXPECT_EQ(run(read_all(doors())), ".......(7-13 damaged) .......");

  const auto reader = run(open_partition_reader(doors(), folder));
  EXPECT_EQ(run(reader->find_time(WallTime{18})), Offset(18));
  EXPECT_EQ(run(reader->find_time(WallTime{12})), Offset(7));  // the place of the damage

  const VerifyReport report = run(verify_partition(doors(), folder, nullptr));
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_EQ(report.findings[0].what, "the segment's file is missing");
}

// Nobody can say how many records it held, but for a consumer that has read some of them.
TEST_F(LostFiles, ALastSegmentThatIsGoneDoesNotKeepThePartitionClosed) {
  (void)world_.run(write_until_killed(doors(), 20), Millis{1'000'000});
  world_.crash(sim::CrashKind::process);
  ASSERT_FALSE(manifest().segments.back().sealed);
  note("ingest", 18);
  lose(manifest().segments.back());
  const auto logger = telemetry::Logger::to_memory();
  run(write(doors(), small_options(logger.get()), 2));
  EXPECT_NE(logger->kept().find("the last segment's file is missing"), std::string::npos);
  EXPECT_EQ(run(read_all(doors())), "..............(14-17 damaged) ..");
}

TEST_F(LostFiles, ACutInsideASegmentThatIsGoneLeavesItDamagedUpToTheCut) {
  AppenderOptions options = small_options();
  options.visibility = stream::Visibility::on_publish;
  run(write(doors(), options, 20));
  lose(manifest().segments[1]);
  options.truncate_to = Offset(12);
  run(write(doors(), options, 2));
  EXPECT_EQ(run(read_all(doors())), ".......(7-11 damaged) ..");
}

TEST_F(LostFiles, ACutInsideDamageLeavesItDamagedUpToTheCut) {
  AppenderOptions options = small_options();
  options.visibility = stream::Visibility::on_publish;
  run(write(doors(), options, 20));
  const io::Path path = segment_path(folder, manifest().segments[1].base);
  for (const uint64_t block : {1, 2}) world_.storage().flip_bit(path, block * 4096 + 100, 1);
  options.truncate_to = Offset(9);
  run(write(doors(), options, 2));
  EXPECT_EQ(run(read_all(doors())), "........(8-8 damaged) ..");
}

TEST_F(LostFiles, APartitionThatIsGoneBeginsWhereItsConsumerIs) {
  note("ingest", 20);
  const auto logger = telemetry::Logger::to_memory();
  run(write(doors(), small_options(logger.get()), 2));
  EXPECT_EQ(run(read_all(doors())), "(0-19 damaged) ..");
  EXPECT_NE(logger->kept().find("records were lost"), std::string::npos) << logger->kept();
}

TEST_F(LostFiles, APartitionThatIsGoneBeginsWhereItsCommittedStateIs) {
  note("load", 15);
  AppenderOptions options = small_options();
  options.visibility = stream::Visibility::on_publish;
  options.truncate_to = Offset(20);
  run(write(doors(), options, 2));
  EXPECT_EQ(run(read_all(doors())), "(0-19 damaged) ..");
}

// The offsets that its consumer has read must not be given again, and cannot be told apart.
TEST_F(LostFiles, AStateThatIsOlderThanItsLogIsRefused) {
  AppenderOptions options = small_options();
  options.visibility = stream::Visibility::on_publish;
  run(write(doors(), options, 20));
  note("load", 15);
  options.truncate_to = Offset(10);
  const auto opened = *world_.run(write(doors(), options, 1));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::corrupt);
  EXPECT_NE(opened.error().message().find("consumer load has read up to offset 15"),
            std::string::npos)
      << opened.error().message();
}

TEST_F(LostFiles, ANoteThatCannotBeReadDoesNotKeepThePartitionClosed) {
  run(write(doors(), small_options(), 5));
  note("ingest", 3);
  const std::string path = consumers_folder(folder) + "/ingest.checkpoint";
  world_.storage().flip_bit(path, 0, 1);
  const auto logger = telemetry::Logger::to_memory();
  run(write(doors(), small_options(logger.get()), 1));
  EXPECT_EQ(run(read_all(doors())), "......");
  EXPECT_NE(logger->kept().find("a consumer's note cannot be read"), std::string::npos);
}

// A page that a crash left may speak of more than there is: until a writer has opened the log.
TEST_F(LostFiles, AReaderDoesNotSpinWhereThePageSpeaksOfMoreThanThereIs) {
  run(write(doors(), small_options(), 20));
  const auto page = run(doors().disk.map_shared(std::string(folder) + "/" + watermark_name));
  page->publish(static_cast<size_t>(WatermarkWord::end), encode_word(WatermarkWord::end, 25));
  const auto reader = run(open_partition_reader(doors(), folder));
  const auto read = world_.run(reader->read(Offset(20), 1 << 20, doors().clock.now()));
  ASSERT_TRUE(read) << "did not end";
  ASSERT_FALSE(*read);
  EXPECT_NE(read->error().message().find("no segment for offset 20"), std::string::npos);
  run(write(doors(), small_options(), 1));
  EXPECT_EQ(run(reader->read(Offset(20), 1 << 20, doors().clock.now())).records.size(), 1u);
}

}  // namespace
}  // namespace mr::log
