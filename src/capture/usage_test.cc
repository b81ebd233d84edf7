#include "capture/usage.h"

#include <gtest/gtest.h>

#include "io/test_support.h"

namespace mr::capture {
namespace {

using catalog::Period;
using catalog::Resource;

constexpr ProjectId known{1};

io::Task<bool> saved(Usage& usage) {
  usage.stop();
  co_await usage.keep();
  co_return true;
}

io::Task<bool> loaded(Usage& usage) {
  co_await usage.load();
  co_return true;
}

class UsageTest : public testing::Test {
 protected:
  Usage make() { return Usage(doors_, folder_.at("usage"), *log_); }
  void save(Usage& usage) { io::run_in(real_, saved(usage)); }
  bool load(Usage& usage) {
    io::run_in(real_, loaded(usage));
    return log_->kept().find("cannot be read") == std::string::npos;
  }

  io::TemporaryFolder folder_;
  io::RealWorld real_;
  io::World doors_ = real_.world();
  std::unique_ptr<telemetry::Logger> log_ = telemetry::Logger::to_memory();
};

TEST_F(UsageTest, PeriodsAreCalendarDaysAndMonthsOfUtc) {
  EXPECT_EQ(period_number(Period::day, WallTime{0}), 0);
  EXPECT_EQ(period_number(Period::day, WallTime{86'399'999}), 0);
  EXPECT_EQ(period_number(Period::day, WallTime{86'400'000}), 1);
  EXPECT_EQ(period_number(Period::day, WallTime{-1}), -1);
  constexpr int64_t end_of_february_2024 = 1'709'251'199'999;
  EXPECT_EQ(period_number(Period::month, WallTime{end_of_february_2024}), 54 * 12 + 1);
  EXPECT_EQ(period_number(Period::month, WallTime{end_of_february_2024 + 1}), 54 * 12 + 2);
}

TEST_F(UsageTest, ARestartGoesOnCounting) {
  Usage usage = make();
  usage.add(known, Resource::events, 5);
  usage.add(known, Resource::ai, 1);
  save(usage);
  Usage again = make();
  ASSERT_TRUE(load(again));
  again.add(known, Resource::events, 2);
  EXPECT_EQ(again.used(known, Resource::events, Period::day), 7);
  EXPECT_EQ(again.used(known, Resource::events, Period::month), 7);
  EXPECT_EQ(again.used(known, Resource::ai, Period::day), 1);
  EXPECT_EQ(again.used(ProjectId(2), Resource::events, Period::day), 0);
  EXPECT_EQ(again.to_json(), R"({"usage":[{"project":1,"resource":"events","day":7,"month":7},)"
                             R"({"project":1,"resource":"ai","day":1,"month":1}]})");
}

TEST_F(UsageTest, AFileThatIsDamagedAnywhereIsReportedAndCountsNothing) {
  Usage usage = make();
  usage.add(known, Resource::events, 5);
  save(usage);
  const Bytes whole =
      io::run_in(real_, io::read_whole_file(doors_.disk, folder_.at("usage"), 1000)).value();
  for (size_t i = 0; i < whole.size(); ++i) {
    Bytes damaged = whole;
    damaged[i] ^= 1;
    ASSERT_TRUE(io::run_in(real_, io::replace_file(doors_.disk, folder_.at("usage"), damaged)));
    log_ = telemetry::Logger::to_memory();
    Usage again = make();
    EXPECT_FALSE(load(again)) << i;
    EXPECT_EQ(again.used(known, Resource::events, Period::day), 0) << i;
  }
}

TEST_F(UsageTest, AMissingFileIsABeginning) {
  Usage usage = make();
  EXPECT_TRUE(load(usage));
}

}  // namespace
}  // namespace mr::capture
