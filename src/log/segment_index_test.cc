// The index of sealed segments: written at the seal, used by readers, built again when it is wrong.
#include "log/segment_index.h"

#include <gtest/gtest.h>

#include "log/partition.h"
#include "sim/sim_world.h"

namespace mr::log {
namespace {

using io::Task;

constexpr const char* folder = "log/t/0";
constexpr int64_t record_count = 300;

AppenderOptions small_options() {
  AppenderOptions options;
  options.first_segment_bytes = 256 * 1024;
  options.segment_bytes_max = 256 * 1024;
  options.reserved_bytes = 0;
  return options;
}

// Times mostly rise, with steps back.
int64_t time_of(int64_t number) {
  return number * 10 + (number % 7 == 3 ? -35 : 0);
}

// A batch for each record; several sealed segments.
Task<Result<bool>> write_log(io::World world) {
  MR_CO_TRY(const auto appender, co_await open_partition_appender(world, folder, small_options()));
  for (int64_t i = 0; i < record_count; ++i) {
    const std::string value = "record " + std::to_string(i);
    std::vector<stream::RecordView> records(1);
    records[0] = {WallTime{1000 + time_of(i)}, {}, as_bytes(value), {}};
    MR_CO_CHECK(co_await appender->append(std::move(records)));
  }
  MR_CO_CHECK(co_await appender->close());
  co_return true;
}

// Looks up offsets with a new reader each, and times; yields a complaint, or nothing.
Task<Result<std::string>> look_up(io::World world) {
  for (int64_t i = 0; i < record_count; i += 13) {
    MR_CO_TRY(const auto reader, co_await open_partition_reader(world, folder));
    MR_CO_TRY(const auto batch, co_await reader->read(Offset(i), 1, world.clock.now()));
    if (batch.empty() || batch.records[0].offset != Offset(i) ||
        as_text(batch.records[0].value) != "record " + std::to_string(i)) {
      co_return "wrong record at " + std::to_string(i);
    }
  }
  MR_CO_TRY(const auto reader, co_await open_partition_reader(world, folder));
  for (int64_t time = -100; time < record_count * 10 + 100; time += 17) {
    int64_t expected = 0;
    while (expected < record_count && time_of(expected) < time) ++expected;
    MR_CO_TRY(const Offset found, co_await reader->find_time(WallTime{1000 + time}));
    if (found.value != expected) {
      co_return "time " + std::to_string(time) + " is at " + std::to_string(expected) + ", not " +
          std::to_string(found.value);
    }
  }
  co_return std::string();
}

Task<Result<std::vector<SegmentEntry>>> segments_of(io::World world) {
  MR_CO_TRY(const auto manifest, co_await load_manifest(world.disk, folder));
  co_return manifest->segments;
}

Task<Result<SegmentIndex>> built(io::World world, SegmentEntry entry) {
  MR_CO_TRY(const auto file, co_await world.disk.open(segment_path(folder, entry.base), {}));
  co_return co_await build_segment_index(*file, entry);
}

Task<Result<SegmentIndex>> loaded(io::World world, SegmentEntry entry) {
  auto index = co_await load_segment_index(world, folder, entry);
  if (!index) co_return fail(ErrorCode::not_found, "no index");
  co_return std::move(*index);
}

TEST(SegmentIndex, OfASealedSegmentIsWhatAWalkBuilds) {
  sim::SimWorld world(1);
  ASSERT_TRUE(world.run(write_log(world.world())).value().value());
  const auto segments = world.run(segments_of(world.world())).value().value();
  ASSERT_GE(segments.size(), 4u);
  for (const SegmentEntry& entry : segments) {
    ASSERT_TRUE(entry.sealed);
    const auto stored = world.run(loaded(world.world(), entry)).value();
    ASSERT_TRUE(stored) << entry.base.value;
    const auto walked = world.run(built(world.world(), entry)).value();
    ASSERT_TRUE(walked);
    EXPECT_EQ(*stored, *walked) << entry.base.value;
    EXPECT_FALSE(stored->offsets.empty());
    EXPECT_EQ(stored->times.back().timestamp, entry.max_timestamp.millis);
  }
  EXPECT_EQ(world.run(look_up(world.world())).value().value(), "");
}

TEST(SegmentIndex, ThatIsMissingDamagedOrOfAnotherSegmentIsBuiltAgain) {
  sim::SimWorld world(2);
  ASSERT_TRUE(world.run(write_log(world.world())).value().value());
  const auto segments = world.run(segments_of(world.world())).value().value();
  const Offset base = segments[1].base;
  for (const io::Path& path : {offset_index_path(folder, base), time_index_path(folder, base)}) {
    const Bytes whole = world.storage().contents(path).value();
    ASSERT_FALSE(whole.empty()) << path;
    const io::Path other = path.ends_with(".index") ? offset_index_path(folder, Offset(0))
                                                    : time_index_path(folder, Offset(0));
    std::vector<Bytes> wrong{Bytes(whole.begin(), whole.end() - 1), Bytes(whole.size(), 0xFF),
                             world.storage().contents(other).value()};
    for (const size_t at : {whole.size() / 2, whole.size() - 1}) {
      Bytes flipped = whole;
      flipped[at] ^= 1;
      wrong.push_back(flipped);
    }
    for (const Bytes& bytes : wrong) {
      world.storage().set_contents(path, bytes);
      ASSERT_EQ(world.run(look_up(world.world())).value().value(), "") << path;
    }
    ASSERT_TRUE(world.storage().remove(path));
    ASSERT_EQ(world.run(look_up(world.world())).value().value(), "") << path;
    EXPECT_EQ(world.storage().contents(path).value(), whole);
  }
}

TEST(SegmentIndex, HasTheBytesOfKafkasFormats) {
  SegmentIndexBuilder builder(Offset(100));
  builder.add(Offset(104), WallTime{50}, 0, 4096);      // the first has no entry
  builder.add(Offset(109), WallTime{40}, 4096, 4096);   // 4096 bytes are not more than 4096
  builder.add(Offset(0x164), WallTime{70}, 8192, 100);  // one entry, with the largest time
  builder.add(Offset(0x165), WallTime{80}, 8292, 100);
  const SegmentIndex index = builder.finish();
  EXPECT_EQ(encode_offset_index(index), (Bytes{0, 0, 1, 0, 0, 0, 0x20, 0}));
  EXPECT_EQ(encode_time_index(index),
            (Bytes{0, 0, 0, 0, 0, 0, 0, 70, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 80, 0, 0, 1, 1}));
  EXPECT_EQ(decode_segment_index(encode_offset_index(index), encode_time_index(index), 10'000),
            index);
  EXPECT_EQ(decode_segment_index(encode_offset_index(index), encode_time_index(index), 8192),
            std::nullopt);
}

}  // namespace
}  // namespace mr::log
