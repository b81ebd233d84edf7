#include "log/verify.h"

#include <gtest/gtest.h>

#include "log/describe.h"
#include "log/manifest.h"
#include "log/partition.h"
#include "log/segment_file.h"
#include "sim/sim_world.h"

namespace mr::log {
namespace {

using io::Task;

constexpr const char* folder = "log/topic/0";

AppenderOptions small_options() {
  AppenderOptions options;
  options.first_segment_bytes = 32 * 1024;
  options.segment_bytes_max = 32 * 1024;
  options.reserved_bytes = 0;
  return options;
}

// Thirty batches of two records, a block each: several segments, the last one open unless closed.
Task<Result<int>> write(io::World world, bool close) {
  MR_CO_TRY(auto appender, co_await open_partition_appender(world, folder, small_options()));
  for (int i = 0; i < 30; ++i) {
    const std::string value = "value " + std::to_string(i);
    std::vector<stream::RecordView> records(2);
    for (auto& record : records) record = {WallTime{i}, as_bytes("k"), as_bytes(value), {}};
    MR_CO_CHECK(co_await appender->append(std::move(records)));
  }
  MR_CO_TRY(const auto report, co_await verify_partition(world, folder, nullptr));
  EXPECT_TRUE(report.findings.empty());
  EXPECT_EQ(report.records, 60u);
  if (close) MR_CO_CHECK(co_await appender->close());
  co_return 0;
}

class VerifyTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto written = world_.run(write(world_.world(), true));
    ASSERT_TRUE(written && *written);
  }
  VerifyReport verify() {
    return world_.run(verify_partition(world_.world(), folder, nullptr))->value();
  }
  std::string second_segment() {
    const auto manifest = world_.run(load_manifest(world_.world().disk, folder))->value().value();
    return segment_path(folder, manifest.segments.at(1).base);
  }

  sim::SimWorld world_{1};
};

TEST_F(VerifyTest, AWholeLogHasNoFindings) {
  const VerifyReport report = verify();
  EXPECT_TRUE(report.findings.empty());
  EXPECT_EQ(report.batches, 30u);
  EXPECT_EQ(report.records, 60u);
  EXPECT_GT(report.segments, 3u);
  EXPECT_EQ(report.first, Offset(0));
  EXPECT_EQ(report.end, Offset(60));
  EXPECT_EQ(world_.run(bytes_to_verify(world_.world(), folder))->value_or(0), report.bytes);
}

TEST_F(VerifyTest, AFlippedBitIsNamedByFileByteAndOffsets) {
  const std::string path = second_segment();
  world_.storage().flip_bit(path, 2 * io::direct_alignment + 100, 3);
  const VerifyReport report = verify();
  ASSERT_EQ(report.findings.size(), 1u);
  const VerifyFinding& finding = report.findings[0];
  EXPECT_EQ(finding.file, path);
  EXPECT_EQ(finding.position, 2 * io::direct_alignment);
  EXPECT_EQ(finding.to - finding.from, 2);
  EXPECT_EQ(report.records, 58u);
}

TEST_F(VerifyTest, AMissingFileIsNamed) {
  const std::string path = second_segment();
  ASSERT_TRUE(world_.storage().remove(path));
  const VerifyReport report = verify();
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_EQ(report.findings[0].what, "the segment's file is missing");
}

TEST_F(VerifyTest, APartitionThatDoesNotExistIsNotFound) {
  const auto report = *world_.run(verify_partition(world_.world(), "log/other/0", nullptr));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), ErrorCode::not_found);
}

TEST_F(VerifyTest, SegmentsWithoutAManifestAreCorruptNotAbsent) {
  ASSERT_TRUE(world_.storage().remove(std::string(folder) + "/" + manifest_name));
  const auto report = *world_.run(verify_partition(world_.world(), folder, nullptr));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), ErrorCode::corrupt);
  const auto found = *world_.run(describe_partition(world_.world(), "log", {"topic", 0}));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), ErrorCode::corrupt);
}

TEST_F(VerifyTest, ADamagedNoteIsFoundAndDescribedBesideTheOthers) {
  const auto notes = open_checkpoints(world_.world(), consumers_folder(folder));
  ASSERT_TRUE(*world_.run(notes->save("archive", {Offset(40)})));
  ASSERT_TRUE(*world_.run(notes->save("ingest", {Offset(40)})));
  const std::string path = consumers_folder(folder) + "/archive.checkpoint";
  world_.storage().flip_bit(path, 10, 3);
  const VerifyReport report = verify();
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_EQ(report.findings[0].file, path);
  EXPECT_EQ(report.batches, 30u);
  const auto found = world_.run(describe_partition(world_.world(), "log", {"topic", 0}))->value();
  ASSERT_EQ(found.consumers.consumers.size(), 1u);
  EXPECT_EQ(found.consumers.consumers[0].name, "ingest");
  ASSERT_EQ(found.consumers.unreadable.size(), 1u);
  EXPECT_EQ(found.consumers.unreadable[0].name, "archive");
}

TEST_F(VerifyTest, ASegmentFileIsReadByItselfUpToItsDamage) {
  const std::string path = second_segment();
  world_.storage().flip_bit(path, io::direct_alignment + 100, 3);
  const auto read = [](io::World world, std::string file) -> Task<Result<std::string>> {
    MR_CO_TRY(const auto segment, co_await SegmentFile::open(world, file));
    std::string text;
    for (;;) {
      MR_CO_TRY(const auto batch, co_await segment->next());
      if (!batch) break;
      text += batch->whole ? std::to_string(batch->records.size()) : "damaged";
      text += " ";
    }
    co_return text;
  };
  const auto text = world_.run(read(world_.world(), path))->value();
  EXPECT_EQ(text.substr(0, 12), "2 damaged 2 ");
}

TEST_F(VerifyTest, ADescriptionTellsSegmentsTimesAndConsumers) {
  const auto notes = open_checkpoints(world_.world(), consumers_folder(folder));
  ASSERT_TRUE(*world_.run(notes->save("ingest", {Offset(40)})));
  const auto found = world_.run(describe_partition(world_.world(), "log", {"topic", 0}))->value();
  EXPECT_EQ(found.first, Offset(0));
  EXPECT_EQ(found.end, Offset(60));
  EXPECT_EQ(found.oldest, WallTime{0});
  EXPECT_EQ(found.newest, WallTime{29});
  EXPECT_FALSE(found.writer_runs);
  ASSERT_EQ(found.consumers.consumers.size(), 1u);
  EXPECT_EQ(found.consumers.consumers[0].name, "ingest");
  EXPECT_EQ(found.consumers.consumers[0].next, Offset(40));
  EXPECT_TRUE(found.segments.front().entry.sealed);
}

}  // namespace
}  // namespace mr::log
