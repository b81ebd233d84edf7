// Damaged files: cut, flipped, missing, from a newer version.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "codec/byte_writer.h"
#include "codec/crc32c.h"
#include "io/random.h"
#include "io/real_world.h"
#include "io/test_support.h"
#include "log/manifest.h"
#include "log/partition.h"
#include "log/verify.h"
#include "sim/sim_world.h"
#include "telemetry/log_line.h"

namespace mr::log {
namespace {

using io::Task;

constexpr const char* folder = "log/t/0";
constexpr const char* first_segment = "log/t/0/00000000000000000000.log";
constexpr int64_t kept_records = 4;  // batches before the last one

AppenderOptions small_options(telemetry::Logger* logger = nullptr) {
  AppenderOptions options;
  options.first_segment_bytes = 32 * 1024;
  options.segment_bytes_max = 64 * 1024;
  options.buffered_segment_bytes_max = 64 * 1024;
  options.reserved_bytes = 0;
  options.logger = logger;
  return options;
}

std::string value_of(int64_t number) {
  return "record number " + std::to_string(number);
}

Task<Result<void>> append_one(stream::Appender& appender, int64_t number) {
  const std::string value = value_of(number);
  std::vector<stream::RecordView> records(1);
  records[0] = {WallTime{number}, {}, as_bytes(value), {}};
  MR_CO_TRY(const auto range, co_await appender.append(std::move(records)));
  if (range.first.value != number) co_return fail(ErrorCode::failed, "unexpected offset");
  co_return Result<void>{};
}

// One batch for each record; then the writer stops as if it had been killed.
Task<Result<std::unique_ptr<stream::Appender>>> append_batches(io::World world, io::Path at,
                                                               int64_t count) {
  MR_CO_TRY(auto appender, co_await open_partition_appender(world, at, small_options()));
  for (int64_t i = 0; i < count; ++i) MR_CO_CHECK(co_await append_one(*appender, i));
  co_return appender;
}

// Opens what is there, reads it all, appends one more and reads that too. Yields how many of the
// old records were there.
Task<Result<int64_t>> open_and_count(io::World world, io::Path at,
                                     telemetry::Logger* logger = nullptr) {
  MR_CO_TRY(auto appender, co_await open_partition_appender(world, at, small_options(logger)));
  MR_CO_TRY(const auto reader, co_await open_partition_reader(world, at));
  const int64_t found = reader->end_offset().value;
  MR_CO_CHECK(co_await append_one(*appender, found));
  for (int64_t next = 0; next <= found;) {
    MR_CO_TRY(const auto batch, co_await reader->read(Offset(next), 1 << 20, world.clock.now()));
    if (batch.empty()) co_return fail(ErrorCode::failed, "the log ends early");
    for (const auto& record : batch.records) {
      if (record.offset.value != next || as_text(record.value) != value_of(next)) {
        co_return fail(ErrorCode::failed, "a wrong record at " + std::to_string(next));
      }
      ++next;
    }
  }
  MR_CO_CHECK(co_await appender->close());
  co_return found;
}

using Image = std::map<std::string, Bytes>;

// The files of a partition whose writer was killed after its last commit.
Image killed_image(int64_t records, bool direct = true) {
  sim::SimWorld world(sim::SimOptions{.seed = 1, .direct_supported = direct});
  const auto appender = world.run(append_batches(world.world(), folder, records));
  EXPECT_TRUE(appender.has_value() && appender->has_value());
  Image image;
  for (const std::string& name : world.storage().list(folder).value()) {
    const std::string path = std::string(folder) + "/" + name;
    image[path] = world.storage().contents(path).value();
  }
  return image;
}

Result<int64_t> open_image(const Image& image, bool direct = true,
                           telemetry::Logger* logger = nullptr) {
  sim::SimWorld world(sim::SimOptions{.seed = 2, .direct_supported = direct});
  for (const auto& [path, bytes] : image) world.storage().set_contents(path, bytes);
  auto count = world.run(open_and_count(world.world(), folder, logger));
  return count ? *count : fail(ErrorCode::failed, "the log does not open");
}

TEST(DamagedLog, LosesOnlyTheLastBatchWhenItIsCutAtAnyPosition) {
  for (const bool direct : {true, false}) {
    const Image whole = killed_image(kept_records + 1, direct);
    ASSERT_EQ(open_image(whole, direct).value(), kept_records + 1);
    for (size_t keep = 0; keep < io::direct_alignment; keep += direct ? 1 : 5) {
      Image image = whole;
      image[first_segment].resize(kept_records * io::direct_alignment + keep);
      const auto count = open_image(image, direct);
      ASSERT_TRUE(count) << keep << ": " << count.error().message();
      ASSERT_EQ(*count, kept_records) << "cut after " << keep << " bytes";
    }
  }
}

TEST(DamagedLog, LosesOnlyTheLastBatchWhenAnyByteOfItIsFlipped) {
  for (const bool direct : {true, false}) {
    const Image whole = killed_image(kept_records + 1, direct);
    for (size_t byte = 0; byte < io::direct_alignment; byte += direct ? 1 : 5) {
      Image image = whole;
      image[first_segment][kept_records * io::direct_alignment + byte] ^= 1u << (byte % 8);
      const auto count = open_image(image, direct);
      ASSERT_TRUE(count) << byte << ": " << count.error().message();
      ASSERT_EQ(*count, kept_records) << "flipped byte " << byte;
    }
  }
}

// The same on the real disk, at fewer positions.
TEST(DamagedLog, OpensAgainOnTheRealDisk) {
  namespace fs = std::filesystem;
  io::RealWorld world;
  io::TemporaryFolder temporary;
  const io::Path image = temporary.at("image");
  auto appender =
      io::run_in(world, append_batches(world.world(), temporary.at("live"), kept_records + 1));
  ASSERT_TRUE(appender) << appender.error().message();
  fs::copy(temporary.at("live"), image, fs::copy_options::recursive);
  ASSERT_TRUE(io::run_in(world, (*appender)->close()));
  const std::string segment = "/00000000000000000000.log";
  for (size_t position = 0; position < io::direct_alignment; position += 97) {
    for (const bool cut : {true, false}) {
      const io::Path copy = temporary.at("copy");
      fs::remove_all(copy);
      fs::copy(image, copy, fs::copy_options::recursive);
      const size_t at = kept_records * io::direct_alignment + position;
      if (cut) {
        fs::resize_file(copy + segment, at);
      } else {
        std::fstream file(copy + segment, std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(static_cast<std::streamoff>(at));
        const char flipped = static_cast<char>(file.get() ^ 1);
        file.seekp(static_cast<std::streamoff>(at));
        file.put(flipped);
      }
      const auto count = io::run_in(world, open_and_count(world.world(), copy));
      ASSERT_TRUE(count) << position << ": " << count.error().message();
      ASSERT_EQ(*count, kept_records) << (cut ? "cut" : "flipped") << " at " << position;
    }
  }
}

TEST(DamagedLog, ATornCommitIsReportedWithItsOffset) {
  Image image = killed_image(kept_records + 1);
  image[first_segment][kept_records * io::direct_alignment + 100] ^= 1;
  const auto logger = telemetry::Logger::to_memory();
  ASSERT_EQ(open_image(image, true, logger.get()).value(), kept_records);
  EXPECT_NE(logger->kept().find("an unfinished commit was cut from the log"), std::string::npos);
  EXPECT_NE(logger->kept().find("next_offset=4"), std::string::npos) << logger->kept();
}

// Reads one offset; "ok", or the error.
Task<Result<std::string>> read_each(io::World world, int64_t count) {
  std::string text;
  for (int64_t i = 0; i < count; ++i) {
    MR_CO_TRY(const auto reader, co_await open_partition_reader(world, folder));
    const auto batch = co_await reader->read(Offset(i), 1, world.clock.now());
    if (!batch) {
      text += "(" + batch.error().message() + ") ";
    } else if (batch->damaged) {
      text += "damaged:" + std::to_string(batch->damaged->from.value) + "-" +
              std::to_string(batch->damaged->to.value) + " ";
    } else {
      text += !batch->empty() && as_text(batch->records[0].value) == value_of(i) ? "ok " : "bad ";
    }
  }
  co_return text;
}

Task<Result<std::unique_ptr<stream::Appender>>> reopen(io::World world,
                                                       telemetry::Logger* logger = nullptr) {
  co_return co_await open_partition_appender(world, folder, small_options(logger));
}

// A batch in the middle that was durable and has rotten: the later ones were acknowledged too.
TEST(DamagedLog, DamageInTheMiddleIsReportedAndTheRestStaysReadable) {
  Image image = killed_image(5);
  image[first_segment][2 * io::direct_alignment + 70] ^= 4;
  sim::SimWorld world(3);
  for (const auto& [path, bytes] : image) world.storage().set_contents(path, bytes);
  const auto logger = telemetry::Logger::to_memory();
  const auto appender = world.run(reopen(world.world(), logger.get()));
  ASSERT_TRUE(appender.has_value() && appender->has_value());
  EXPECT_NE(logger->kept().find("a damaged range"), std::string::npos);
  EXPECT_NE(logger->kept().find("first_offset=2 last_offset=2"), std::string::npos)
      << logger->kept();
  EXPECT_EQ(world.run(read_each(world.world(), 5)).value().value(), "ok ok damaged:2-3 ok ok ");
  const auto copy = world.storage().contents(std::string(folder) + "/quarantine/2-2.damaged");
  ASSERT_TRUE(copy);
  const Bytes& whole = image[first_segment];
  EXPECT_EQ(*copy, Bytes(whole.begin() + 2 * io::direct_alignment,
                         whole.begin() + 3 * io::direct_alignment));
}

// Three batches of two blocks each, sealed.
Task<Result<int>> seal_large_batches(io::World world) {
  MR_CO_TRY(const auto appender, co_await open_partition_appender(world, folder, small_options()));
  const std::string value(io::direct_alignment, 'v');
  for (int64_t i = 0; i < 3; ++i) {
    std::vector<stream::RecordView> records(1);
    records[0] = {WallTime{i}, {}, as_bytes(value), {}};
    MR_CO_CHECK(co_await appender->append(std::move(records)));
  }
  MR_CO_CHECK(co_await appender->close());
  co_return 0;
}

// What reading from each offset comes to, and what a search by time finds.
Task<Result<std::string>> offsets_from_each(io::World world) {
  MR_CO_TRY(const auto reader, co_await open_partition_reader(world, folder));
  std::string text;
  for (int64_t from = 0; from < 3; ++from) {
    const auto batch = co_await reader->read(Offset(from), 1 << 20, world.clock.now());
    text += std::to_string(from) + ":";
    if (!batch) co_return text + std::string(to_string(batch.error().code()));
    for (const auto& record : batch->records) text += " " + std::to_string(record.offset.value);
    if (batch->damaged) {
      text += " damaged " + std::to_string(batch->damaged->from.value) + "-" +
              std::to_string(batch->damaged->to.value);
    }
    text += "; ";
  }
  MR_CO_TRY(const Offset found, co_await reader->find_time(WallTime{2}));
  co_return text + "time 2 at " + std::to_string(found.value);
}

TEST(DamagedLog, ASectorThatTheDiskCannotReadCostsOnlyItsRecords) {
  sim::SimWorld world(3);
  ASSERT_TRUE(world.run(seal_large_batches(world.world())).value());
  const Bytes whole = world.storage().contents(first_segment).value();
  const size_t batch = 2 * io::direct_alignment;
  ASSERT_EQ(whole.size(), 3 * batch);
  world.storage().make_unreadable(first_segment, batch + io::direct_alignment + 700);
  EXPECT_EQ(world.run(offsets_from_each(world.world())).value().value(),
            "0: 0; 1: damaged 1-2; 2: 2; time 2 at 1");
  // In quarantine is what can be read of it.
  Bytes readable(whole.begin() + static_cast<ptrdiff_t>(batch),
                 whole.begin() + static_cast<ptrdiff_t>(2 * batch));
  std::fill_n(readable.begin() + io::direct_alignment, io::direct_alignment, uint8_t{0});
  EXPECT_EQ(world.storage().contents(std::string(folder) + "/quarantine/1-1.damaged").value(),
            readable);
}

// Where the page cache cannot be passed, what it still holds does not tell a lost sector from a
// lost disk: nothing is given up.
TEST(DamagedLog, ASectorThatCannotBeReadIsNoDamageWhereThePageCacheHidesTheDisk) {
  sim::SimWorld world(sim::SimOptions{.seed = 3, .direct_supported = false});
  ASSERT_TRUE(world.run(seal_large_batches(world.world())).value());
  world.storage().make_unreadable(first_segment, 2 * io::direct_alignment + 700);
  EXPECT_EQ(world.run(offsets_from_each(world.world())).value().value(), "0: 0; 1:io_failed");
  EXPECT_FALSE(world.storage().contents(std::string(folder) + "/quarantine/1-1.damaged"));
}

TEST(DamagedLog, VerifyNamesWhatCannotBeReadApartFromWhatIsDamaged) {
  for (const bool direct : {true, false}) {
    sim::SimWorld world(sim::SimOptions{.seed = 3, .direct_supported = direct});
    ASSERT_TRUE(world.run(seal_large_batches(world.world())).value());
    world.storage().make_unreadable(first_segment, 700);
    world.storage().flip_bit(first_segment, 4 * io::direct_alignment + 700, 1);
    const auto report = world.run(verify_partition(world.world(), folder, nullptr)).value();
    ASSERT_TRUE(report) << report.error().message();
    ASSERT_EQ(report->findings.size(), 2u);
    EXPECT_EQ(report->findings[0].from, Offset(0));
    EXPECT_EQ(report->findings[0].to, Offset(1));
    EXPECT_EQ(report->findings[0].what, "no batch that can be read");
    EXPECT_EQ(report->findings[1].from, Offset(2));
    EXPECT_EQ(report->findings[1].what, "no valid batch");
  }
}

TEST(DamagedLog, ADiskThatReadsNothingIsAnErrorAndNoDamage) {
  for (const bool direct : {true, false}) {
    sim::SimWorld world(sim::SimOptions{.seed = 3, .direct_supported = direct});
    ASSERT_TRUE(world.run(seal_large_batches(world.world())).value());
    const auto reader = world.run(open_partition_reader(world.world(), folder, {})).value();
    ASSERT_TRUE(world.run((*reader)->first_offset()).value());
    world.set_faults({.read_error = true, .one_in = 1});
    const Instant now = world.world().clock.now();
    EXPECT_EQ(world.run((*reader)->read(Offset(0), 1000, now)).value().error().code(),
              ErrorCode::io_failed);
    const auto report = world.run(verify_partition(world.world(), folder, nullptr)).value();
    EXPECT_EQ(report.error().code(), ErrorCode::io_failed);
    world.set_faults({});
    EXPECT_EQ(world.run((*reader)->read(Offset(0), 1000, now)).value()->records.size(), 1u);
  }
}

TEST(DamagedLog, ABatchThatOnlyTheCacheShowsDamagedIsReadFromTheDevice) {
  sim::SimWorld world(4);
  const auto appender = world.run(append_batches(world.world(), folder, 3));
  ASSERT_TRUE(appender.has_value() && appender->has_value());
  world.storage().damage_cache(first_segment, io::direct_alignment + 80);
  EXPECT_EQ(world.run(read_each(world.world(), 3)).value().value(), "ok ok ok ");
}

TEST(DamagedLog, AManifestThatIsDamagedNewerOrMissingIsRefusedByName) {
  const Image whole = killed_image(2);
  const std::string path = std::string(folder) + "/manifest";
  for (size_t byte = 0; byte < whole.at(path).size(); ++byte) {
    Image image = whole;
    image[path][byte] ^= 2;
    const auto count = open_image(image);
    ASSERT_FALSE(count) << byte;
    EXPECT_NE(count.error().message().find(path), std::string::npos);
    const bool version = byte == 4 || byte == 5;
    EXPECT_EQ(count.error().code(), version ? ErrorCode::unsupported : ErrorCode::corrupt) << byte;
  }
  Image image = whole;
  image.erase(path);
  EXPECT_EQ(open_image(image).error().code(), ErrorCode::corrupt);
}

TEST(Manifest, ASegmentOfANewerVersionIsRefusedByName) {
  Manifest manifest;
  manifest.segments.push_back({Offset(0), {8, 77}, true, 4096, Offset(20), WallTime{5}});
  Bytes bytes = encode_manifest(manifest);
  constexpr size_t flags_at = 28 + 16;  // big-endian: the first byte has the highest bits
  constexpr size_t crc_bytes = 4;
  bytes[flags_at] = 0x40;
  bytes.resize(bytes.size() - crc_bytes);
  codec::put_u32_be(bytes, codec::crc32c(bytes));
  const auto back = decode_manifest(bytes, "log/t/0/manifest");
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code(), ErrorCode::unsupported);
  EXPECT_NE(back.error().message().find("the segment at offset 0"), std::string::npos);
}

TEST(Manifest, HoldsWhatWasPutInAndRefusesEveryShorterText) {
  Manifest manifest;
  manifest.last_epoch = 9;
  manifest.first_offset = Offset(10);
  manifest.segments.push_back({Offset(10), {8, 77}, true, 4096, Offset(20), WallTime{5}});
  manifest.segments.push_back({Offset(20), {9, 78}, false, 0, Offset(0), WallTime{0}});
  const Bytes bytes = encode_manifest(manifest);
  const auto back = decode_manifest(bytes, "m");
  ASSERT_TRUE(back);
  EXPECT_EQ(back->last_epoch, 9);
  ASSERT_EQ(back->segments.size(), 2u);
  EXPECT_EQ(back->segments[0].end, Offset(20));
  EXPECT_EQ(back->segments[1].use, (SegmentUse{9, 78}));
  EXPECT_EQ(back->find(Offset(9)), nullptr);
  EXPECT_EQ(back->find(Offset(19))->base, Offset(10));
  EXPECT_EQ(back->find(Offset(25))->base, Offset(20));
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_manifest(ByteView(bytes).first(size), "m"));
  }
}

// Six records are read by a consumer, which leaves its note; then the last three are destroyed.
Task<Result<int>> lose_the_end(io::World world) {
  MR_CO_TRY(const auto writer, co_await append_batches(world, folder, 6));
  const auto notes = open_checkpoints(world, consumers_folder(folder));
  MR_CO_CHECK(co_await notes->save("ingest", {Offset(6)}));
  co_await world.clock.sleep_until(world.clock.now() + Millis{60'000'000});  // until the crash
  co_return 0;
}

Task<Result<int>> go_on_above_the_loss(io::World world) {
  MR_CO_TRY(const auto writer, co_await open_partition_appender(world, folder, small_options()));
  std::vector<stream::RecordView> records(1);
  records[0] = {WallTime{9}, {}, as_bytes("new"), {}};
  MR_CO_TRY(const auto range, co_await writer->append(std::move(records)));
  EXPECT_EQ(range.first, Offset(6));  // what the consumer has passed is not given again
  MR_CO_TRY(const auto reader, co_await open_partition_reader(world, folder));
  MR_CO_TRY(const auto old, co_await reader->read(Offset(0), 1 << 20, world.clock.now()));
  EXPECT_EQ(old.records.size(), 3u);
  MR_CO_TRY(const auto lost, co_await reader->read(Offset(3), 1 << 20, world.clock.now()));
  EXPECT_TRUE(lost.damaged && lost.damaged->from == Offset(3) && lost.damaged->to == Offset(6));
  MR_CO_TRY(const auto fresh, co_await reader->read(Offset(6), 1 << 20, world.clock.now()));
  EXPECT_EQ(fresh.records.size(), 1u);
  MR_CO_CHECK(co_await writer->close());
  co_return 0;
}

TEST(DamagedLog, OffsetsThatAConsumerHasPassedAreNeverGivenAgain) {
  sim::SimWorld world(3);
  world.run(lose_the_end(world.world()), Millis{30'000'000});
  world.crash(sim::CrashKind::process);
  for (uint64_t batch = 3; batch < 6; ++batch) {
    world.storage().flip_bit(first_segment, batch * io::direct_alignment + 200, 1);
  }
  const auto done = *world.run(go_on_above_the_loss(world.world()));
  ASSERT_TRUE(done) << done.error().message();
}

}  // namespace
}  // namespace mr::log
