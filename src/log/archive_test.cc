// The archive of a partition: complete, compressed, readable as a partition, whatever happens.
#include "log/archive.h"

#include <gtest/gtest.h>

#include "log/checkpoint_file.h"
#include "log/embedded_log.h"
#include "log/partition.h"
#include "log/verify.h"
#include "sim/sim_world.h"

namespace mr::log {
namespace {

using io::Task;

constexpr const char* source = "log/captured/0";
constexpr const char* archive = "archive/captured/0";
constexpr int64_t record_count = 400;

AppenderOptions small_options() {
  AppenderOptions options;
  options.first_segment_bytes = 128 * 1024;
  options.segment_bytes_max = 128 * 1024;
  options.reserved_bytes = 0;
  return options;
}

std::string value_of(int64_t number) {
  return "record " + std::to_string(number) + std::string(500, 'x');
}

Task<Result<bool>> write_log(io::World world, int64_t from, int64_t to) {
  MR_CO_TRY(const auto appender, co_await open_partition_appender(world, source, small_options()));
  for (int64_t i = from; i < to; ++i) {
    const std::string value = value_of(i);
    std::vector<stream::RecordView> records(1);
    records[0] = {WallTime{1000 + i}, as_bytes("key"), as_bytes(value), {{"h", as_bytes("w")}}};
    MR_CO_CHECK(co_await appender->append(std::move(records)));
  }
  MR_CO_CHECK(co_await appender->close());
  co_return true;
}

Task<Result<ArchiveStatus>> archive_all(io::World world) {
  EmbeddedLog log(world, "log", {});
  MR_CO_TRY(auto reader, co_await open_partition_reader(world, source));
  Archiver archiver(world, source, archive, nullptr);
  MR_CO_CHECK(co_await archiver.open(std::move(reader), log, {"captured", 0}));
  MR_CO_CHECK(co_await archiver.archive_sealed());
  co_return archiver.status();
}

// Reads the archive from its beginning; yields how many records are right, or where one is wrong.
Task<Result<int64_t>> read_archive(io::World world, int64_t& missing) {
  MR_CO_TRY(const auto reader, co_await open_partition_reader(world, archive));
  int64_t next = 0;
  while (next < reader->end_offset().value) {
    MR_CO_TRY(const auto batch, co_await reader->read(Offset(next), 50'000, world.clock.now()));
    if (batch.damaged) {
      missing += batch.damaged->to - batch.damaged->from;
      next = batch.damaged->to.value;
      continue;
    }
    for (const auto& record : batch.records) {
      const bool right = record.offset.value == next && record.timestamp.millis == 1000 + next &&
                         as_text(record.value) == value_of(next) && record.headers.size() == 1;
      if (!right) co_return fail(ErrorCode::failed, "a wrong record at " + std::to_string(next));
      ++next;
    }
  }
  co_return next;
}

Task<Result<uint64_t>> findings(io::World world) {
  MR_CO_TRY(const auto report, co_await verify_partition(world, archive, nullptr));
  co_return report.findings.size();
}

Task<Result<Offset>> noted(io::World world) {
  const auto notes = open_checkpoints(world, consumers_folder(source));
  MR_CO_TRY(const auto note, co_await notes->load("archive"));
  co_return note->next;
}

TEST(Archive, HoldsEverySealedRecordCompressedAndGoesOnWhereItStopped) {
  sim::SimWorld world(1);
  int64_t missing = 0;
  for (int64_t part = 0; part < 3; ++part) {
    const int64_t end = (part + 1) * record_count;
    ASSERT_TRUE(world.run(write_log(world.world(), part * record_count, end)).value().value());
    const auto status = world.run(archive_all(world.world())).value();
    ASSERT_TRUE(status) << status.error().message();
    EXPECT_GE(status->segments, 2u);
    EXPECT_EQ(status->records, static_cast<uint64_t>(record_count));
    EXPECT_LT(status->archived_bytes * 10, status->source_bytes);
    EXPECT_EQ(world.run(read_archive(world.world(), missing)).value().value(), end);
    EXPECT_EQ(missing, 0);
    EXPECT_EQ(world.run(findings(world.world())).value().value(), 0u);
    // The note for retention is written at most once a second, and at each opening.
    ASSERT_TRUE(world.run(archive_all(world.world())).value());
    EXPECT_EQ(world.run(noted(world.world())).value().value(), Offset(end));
  }
}

TEST(Archive, CountsWhatIsDamagedAndKeepsTheRest) {
  sim::SimWorld world(2);
  ASSERT_TRUE(world.run(write_log(world.world(), 0, record_count)).value().value());
  const std::string first = std::string(source) + "/00000000000000000000.log";
  Bytes bytes = world.storage().contents(first).value();
  bytes[5 * io::direct_alignment + 100] ^= 1;
  world.storage().set_contents(first, bytes);
  const auto status = world.run(archive_all(world.world())).value();
  ASSERT_TRUE(status) << status.error().message();
  EXPECT_EQ(status->damaged_records, 1u);
  EXPECT_EQ(status->records, static_cast<uint64_t>(record_count - 1));
  int64_t missing = 0;
  const auto read = world.run(read_archive(world.world(), missing)).value();
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(*read, record_count);
  EXPECT_EQ(missing, 1);
}

TEST(Archive, GoesOnAboveWhatTheLogLostBeforeItWasArchived) {
  sim::SimWorld world(3);
  ASSERT_TRUE(world.run(write_log(world.world(), 0, record_count)).value().value());
  ASSERT_TRUE(world.run(archive_all(world.world())).value());
  for (const std::string& name : world.run(world.world().disk.list(source)).value().value()) {
    (void)world.storage().remove(std::string(source) + "/" + name);
  }
  // The log goes on above another consumer, which had come further.
  const int64_t begin = record_count + 600;
  CheckpointFiles notes(world.world(), consumers_folder(source));
  ASSERT_TRUE(world.run(notes.save("ingest", {Offset(begin)})).value());
  const int64_t end = begin + record_count;
  ASSERT_TRUE(world.run(write_log(world.world(), begin, end)).value().value());
  const auto status = world.run(archive_all(world.world())).value();
  ASSERT_TRUE(status) << status.error().message();
  EXPECT_EQ(status->damaged_records, 600u);
  EXPECT_EQ(status->records, static_cast<uint64_t>(record_count));
  int64_t missing = 0;
  EXPECT_EQ(world.run(read_archive(world.world(), missing)).value().value(), end);
  EXPECT_EQ(missing, 600);
  ASSERT_TRUE(world.run(archive_all(world.world())).value());
  EXPECT_EQ(world.run(noted(world.world())).value().value(), Offset(end));
}

TEST(Archive, IsWholeAfterACrashAtAnyOperation) {
  for (uint64_t at = 1; at < 120; at += 3) {
    sim::SimWorld world(sim::SimOptions{.seed = at});
    ASSERT_TRUE(world.run(write_log(world.world(), 0, record_count)).value().value());
    world.crash_at(world.operations() + at);
    (void)world.run(archive_all(world.world()));
    if (world.crash_due()) world.crash(sim::CrashKind::power);
    // The log's writer opens it again: its page says nothing after a power loss.
    ASSERT_TRUE(world.run(write_log(world.world(), record_count, record_count)).value().value());
    const auto status = world.run(archive_all(world.world())).value();
    ASSERT_TRUE(status) << at << ": " << status.error().message();
    int64_t missing = 0;
    const auto read = world.run(read_archive(world.world(), missing)).value();
    ASSERT_TRUE(read) << at << ": " << read.error().message();
    ASSERT_EQ(*read, record_count) << at;
    ASSERT_EQ(missing, 0) << at;
  }
}

}  // namespace
}  // namespace mr::log
