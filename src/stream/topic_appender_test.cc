#include "stream/topic_appender.h"

#include <gtest/gtest.h>

#include <map>

#include "io/real_world.h"
#include "io/test_support.h"
#include "stream/partitioner.h"

namespace mr::stream {
namespace {

struct Kept {
  std::vector<std::string> values;
  bool full = false;
  bool closed = false;
  AppenderStatus status;  // but for the records
};

class MemoryPartition final : public Appender {
 public:
  MemoryPartition(io::Loop& loop, Kept& kept) : loop_(loop), kept_(kept) {}
  io::Task<Result<AppendedRange>> append(std::vector<RecordView> records) override {
    co_await loop_.yield();
    if (kept_.full) co_return fail(ErrorCode::no_space, "full");
    const Offset first = next_offset();
    for (const RecordView& record : records) kept_.values.emplace_back(as_text(record.value));
    co_return AppendedRange{first, next_offset() + -1};
  }
  Offset next_offset() const override { return Offset(static_cast<int64_t>(kept_.values.size())); }
  void publish(Offset) override {}
  io::Task<Result<void>> close() override {
    kept_.closed = true;
    co_return Result<void>{};
  }
  AppenderStatus status() const override {
    AppenderStatus status = kept_.status;
    status.records = kept_.values.size();
    return status;
  }

 private:
  io::Loop& loop_;
  Kept& kept_;
};

class TopicAppenderTest : public testing::Test {
 protected:
  std::unique_ptr<TopicAppender> open() {
    std::vector<std::unique_ptr<Appender>> partitions;
    for (Kept& one : kept_) {
      partitions.push_back(std::make_unique<MemoryPartition>(real_.world().loop, one));
    }
    return std::make_unique<TopicAppender>(real_.world().loop, std::move(partitions));
  }
  static RecordView record(const std::string& key, const std::string& value) {
    return {WallTime{1}, as_bytes(key), as_bytes(value), {}};
  }

  io::RealWorld real_;
  std::vector<Kept> kept_{4};
};

TEST_F(TopicAppenderTest, RecordsLieInThePartitionOfTheirKeyInOrder) {
  const auto topic = open();
  std::vector<std::string> keys;
  std::vector<std::string> values;
  for (int i = 0; i < 100; ++i) {
    keys.push_back("user" + std::to_string(i % 10));
    values.push_back(std::to_string(i));
  }
  std::vector<RecordView> records;
  std::map<int32_t, std::vector<std::string>> expected;
  for (size_t i = 0; i < keys.size(); ++i) {
    records.push_back(record(keys[i], values[i]));
    expected[partition_of_key(as_bytes(keys[i]), 4)].push_back(values[i]);
  }
  const auto ranges = io::run_in(real_, topic->append(std::move(records)));
  ASSERT_TRUE(ranges);
  ASSERT_EQ(ranges->size(), expected.size());
  for (const PartitionRange& range : *ranges) {
    EXPECT_EQ(kept_[static_cast<size_t>(range.partition)].values, expected[range.partition]);
    EXPECT_EQ(range.range.first, Offset(0));
    EXPECT_EQ(range.range.last + 1, Offset(static_cast<int64_t>(expected[range.partition].size())));
  }
  EXPECT_EQ(topic->records_end(), 100);
  EXPECT_EQ(topic->status().records, 100u);
}

TEST_F(TopicAppenderTest, RecordsWithoutAKeyTakeTurns) {
  const auto topic = open();
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(io::run_in(real_, topic->append({record("", "a"), record("", "b")})));
  }
  for (const Kept& one : kept_) EXPECT_EQ(one.values.size(), 4u);
}

TEST_F(TopicAppenderTest, OneFullPartitionFailsTheAppend) {
  const auto topic = open();
  for (Kept& one : kept_) one.full = true;
  kept_[0].full = false;
  std::vector<RecordView> records;
  const std::vector<std::string> keys = {"a", "b", "c", "d", "e", "f", "g", "h"};
  const std::string value = "v";
  for (const std::string& key : keys) records.push_back(record(key, value));
  const auto ranges = io::run_in(real_, topic->append(std::move(records)));
  ASSERT_FALSE(ranges);
  EXPECT_EQ(ranges.error().code(), ErrorCode::no_space);
}

TEST_F(TopicAppenderTest, ARetryDoublesOnlyTheShareThatWasKept) {
  const auto topic = open();
  const std::vector<std::string> keys = {"a", "b", "c", "d", "e", "f", "g", "h"};
  const auto request = [&keys] {
    std::vector<RecordView> records;
    for (const std::string& key : keys) records.push_back(record(key, key));
    return records;
  };
  kept_[0].full = true;
  EXPECT_FALSE(io::run_in(real_, topic->append(request())));
  kept_[0].full = false;
  EXPECT_TRUE(io::run_in(real_, topic->append(request())));
  std::map<std::string, int> copies;
  for (const Kept& one : kept_) {
    for (const std::string& value : one.values) ++copies[value];
  }
  for (const std::string& key : keys) {
    EXPECT_EQ(copies[key], partition_of_key(as_bytes(key), 4) == 0 ? 1 : 2) << key;
  }
}

TEST_F(TopicAppenderTest, ItsStatusAddsUpThoseOfItsPartitions) {
  using Count = uint64_t AppenderStatus::*;
  constexpr Count counts[] = {
      &AppenderStatus::payload_bytes,
      &AppenderStatus::written_bytes,
      &AppenderStatus::commits,
      &AppenderStatus::segments,
      &AppenderStatus::recoveries,
      &AppenderStatus::removed_segments,
      &AppenderStatus::removed_bytes,
      &AppenderStatus::recycled_segments,
      &AppenderStatus::overridden_segments,
      &AppenderStatus::held_segments,
      &AppenderStatus::refused_busy,
      &AppenderStatus::refused_no_space,
      &AppenderStatus::refused_too_large,
      &AppenderStatus::failed,
      &AppenderStatus::lost_records,
  };
  for (Kept& one : kept_) {
    for (uint64_t i = 0; i < std::size(counts); ++i) one.status.*counts[i] = i + 1;
  }
  kept_[1].status.direct = true;
  kept_[2].status.space_low = true;
  kept_[3].status.failure = "broken";
  const AppenderStatus all = open()->status();
  for (uint64_t i = 0; i < std::size(counts); ++i) EXPECT_EQ(all.*counts[i], 4 * (i + 1)) << i;
  EXPECT_TRUE(all.direct && all.space_low);
  EXPECT_EQ(all.failure, "broken");
}

TEST_F(TopicAppenderTest, ClosingClosesEveryPartition) {
  const auto topic = open();
  ASSERT_TRUE(io::run_in(real_, topic->close()));
  for (const Kept& one : kept_) EXPECT_TRUE(one.closed);
}

}  // namespace
}  // namespace mr::stream
