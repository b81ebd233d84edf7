#include "log/partition_reader.h"

#include <gtest/gtest.h>

#include "io/real_world.h"
#include "io/test_support.h"
#include "log/checkpoint_file.h"
#include "log/partition.h"
#include "sim/sim_world.h"

namespace mr::log {
namespace {

using io::Task;

constexpr const char* folder = "log/t/0";

AppenderOptions small_options() {
  AppenderOptions options;
  options.first_segment_bytes = 32 * 1024;
  options.segment_bytes_max = 64 * 1024;
  options.reserved_bytes = 0;
  return options;
}

std::vector<stream::RecordView> one(WallTime time) {
  return {{time, {}, as_bytes("value"), {}}};
}

// Reads `count` records from 0, waiting for each.
Task<Result<int64_t>> follow(io::World world, io::Path at, int64_t count) {
  MR_CO_TRY(const auto reader, co_await open_partition_reader(world, at));
  int64_t next = 0;
  while (next < count) {
    MR_CO_TRY(const auto batch, co_await reader->read(Offset(next), 100, io::no_deadline));
    for (const auto& record : batch.records) {
      if (record.offset.value != next || record.timestamp.millis != next) {
        co_return fail(ErrorCode::failed, "a wrong record at " + std::to_string(next));
      }
      ++next;
    }
  }
  co_return next;
}

// Appends in several lives of a writer, with pauses.
Task<Result<bool>> write_in_lives(io::World world, io::Path at, int lives, int64_t each) {
  int64_t next = 0;
  for (int life = 0; life < lives; ++life) {
    MR_CO_TRY(const auto appender, co_await open_partition_appender(world, at, small_options()));
    for (int64_t i = 0; i < each; ++i) {
      MR_CO_CHECK(co_await appender->append(one(WallTime{next++})));
      if (i % 7 == 0) co_await world.clock.sleep(Millis{1});
    }
    MR_CO_CHECK(co_await appender->close());
  }
  co_return true;
}

TEST(PartitionReader, FollowsAWriterInAnotherProcessThroughSegmentsAndRestarts) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    sim::SimWorld world(sim::SimOptions{.seed = seed, .faults = {.mischief = true}});
    sim::SimProcess& reader = world.start_process();
    std::optional<Result<int64_t>> read;
    bool done = false;
    struct Follow {
      static Task<void> run(io::World world, std::optional<Result<int64_t>>& out, bool& done) {
        out = co_await follow(world, folder, 90);
        done = true;
      }
    };
    reader.spawn(Follow::run(reader.world(), read, done));
    ASSERT_TRUE(world.run(write_in_lives(world.world(), folder, 3, 30)).value().value());
    ASSERT_EQ(world.run_until(done, Millis{1000}), sim::RunEnd::done) << "seed " << seed;
    ASSERT_TRUE(*read) << read->error().message();
  }
}

Task<Result<int64_t>> write_and_follow(io::World world, io::Path at) {
  io::TaskGroup group(world.loop);
  struct Write {
    static Task<void> run(io::World world, io::Path at) {
      EXPECT_TRUE(co_await write_in_lives(world, at, 2, 40));
    }
  };
  group.spawn(Write::run(world, at));
  auto read = co_await follow(world, at, 80);
  co_await group.drain();
  co_return read;
}

TEST(PartitionReader, FollowsAWriterOnTheRealDisk) {
  io::RealWorld world;
  io::TemporaryFolder temporary;
  const auto read = io::run_in(world, write_and_follow(world.world(), temporary.at("log/t/0")));
  ASSERT_TRUE(read) << read.error().message();
}

Task<Result<std::string>> read_nothing(io::World world) {
  MR_CO_TRY(const auto reader, co_await open_partition_reader(world, folder));
  const Instant start = world.clock.now();
  MR_CO_TRY(const auto batch, co_await reader->read(Offset(0), 100, start + Millis{50}));
  MR_CO_TRY(const Offset first, co_await reader->first_offset());
  co_return std::to_string(batch.records.size()) + " " +
      std::to_string((world.clock.now() - start).count) + " " + std::to_string(first.value) + " " +
      std::to_string(reader->end_offset().value);
}

TEST(PartitionReader, WaitsForALogThatHasNoWriterYetUntilItsDeadline) {
  sim::SimWorld world(1);
  EXPECT_EQ(world.run(read_nothing(world.world()))->value(), "0 50 0 0");
}

// Words that pass their checks by chance, on a page whose version is not ours.
Task<Result<std::string>> read_a_page_of_chance(io::World world) {
  MR_CO_CHECK(co_await world.disk.make_folders(folder));
  const std::string path = std::string(folder) + "/" + watermark_name;
  MR_CO_TRY(const auto page, co_await world.disk.map_shared(path));
  store_word(*page, WatermarkWord::end, 1'000'000);
  store_word(*page, WatermarkWord::generation, 7);
  store_word(*page, WatermarkWord::remove_below, 900'000);
  const std::string before = *co_await read_nothing(world);
  begin_watermark(*page);
  const bool removes = load_word(*page, WatermarkWord::remove_below).has_value();
  co_return before + (removes ? ", removes" : ", cleared");
}

TEST(PartitionReader, BelievesNoPageThatNoWriterBegan) {
  sim::SimWorld world(1);
  EXPECT_EQ(world.run(read_a_page_of_chance(world.world()))->value(), "0 50 0 0, cleared");
}

TEST(Watermark, AWordChecksItself) {
  EXPECT_FALSE(decode_word(WatermarkWord::end, 0));
  const uint64_t word = encode_word(WatermarkWord::end, 123'456'789);
  EXPECT_EQ(decode_word(WatermarkWord::end, word), 123'456'789u);
  EXPECT_FALSE(decode_word(WatermarkWord::tail, word));
  for (int bit = 0; bit < 64; ++bit) {
    EXPECT_FALSE(decode_word(WatermarkWord::end, word ^ (1ull << bit))) << bit;
  }
  const TailMark mark = unpack_tail(pack_tail(0x12345, 4096));
  EXPECT_EQ(mark.epoch_low, 0x2345);
  EXPECT_EQ(mark.bytes, 4096u);
}

Task<Result<std::string>> use_checkpoints(io::World world) {
  const auto checkpoints = open_checkpoints(world, "positions");
  MR_CO_TRY(const auto none, co_await checkpoints->load("load.events"));
  MR_CO_CHECK(co_await checkpoints->save("load.events", {Offset(7), std::nullopt}));
  MR_CO_CHECK(co_await checkpoints->save("load.events", {Offset(8), Offset(20)}));
  MR_CO_CHECK(co_await checkpoints->save("other", {Offset(1), std::nullopt}));
  MR_CO_TRY(const auto one, co_await checkpoints->load("load.events"));
  MR_CO_TRY(const auto two, co_await checkpoints->load("other"));
  const auto refused = co_await checkpoints->load("../x");
  co_return std::string(none ? "some " : "none ") + std::to_string(one->next.value) + "-" +
      std::to_string(one->intended_end->value) + " " + std::to_string(two->next.value) +
      (two->intended_end ? " some " : " none ") + std::string(to_string(refused.error().code()));
}

TEST(Checkpoints, AreKeptByNameAndSurvivePowerLoss) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    sim::SimWorld world(seed);
    EXPECT_EQ(world.run(use_checkpoints(world.world()))->value(), "none 8-20 1 none invalid_input");
    world.crash(sim::CrashKind::power);
    struct Load {
      static Task<Result<int64_t>> run(io::World world) {
        const auto checkpoints = open_checkpoints(world, "positions");
        MR_CO_TRY(const auto one, co_await checkpoints->load("load.events"));
        co_return one ? one->next.value : -1;
      }
    };
    EXPECT_EQ(world.run(Load::run(world.world()))->value(), 8);
  }
}

TEST(Checkpoints, ADamagedFileIsRefused) {
  const std::vector<stream::SourceMark> sources = {{"", 0, Offset(77)}, {"lane", 5, Offset(1)}};
  const Bytes bytes = encode_checkpoint({Offset(5), Offset(9), sources});
  ASSERT_TRUE(decode_checkpoint(bytes, "c"));
  EXPECT_EQ(decode_checkpoint(bytes, "c")->sources, sources);
  for (size_t i = 0; i < bytes.size(); ++i) {
    Bytes damaged = bytes;
    damaged[i] ^= 1;
    EXPECT_FALSE(decode_checkpoint(damaged, "c")) << i;
    EXPECT_FALSE(decode_checkpoint(ByteView(bytes).first(i), "c")) << i;
  }
}

Task<Result<std::string>> list_all(io::World world) {
  for (const char* name : {"log/events/0", "log/captured/1", "log/captured/0", "log/captured/x"}) {
    MR_CO_CHECK(co_await world.disk.make_folders(name));
  }
  MR_CO_TRY(const auto found, co_await list_partitions(world, "log"));
  MR_CO_TRY(const auto none, co_await list_partitions(world, "nothing"));
  std::string text;
  for (const stream::TopicPartition& name : found) text += partition_folder("log", name) + " ";
  co_return text + std::to_string(none.size());
}

TEST(EmbeddedLogFolder, ListsItsPartitions) {
  sim::SimWorld world(1);
  EXPECT_EQ(world.run(list_all(world.world()))->value(),
            "log/captured/0 log/captured/1 log/events/0 0");
}

}  // namespace
}  // namespace mr::log
