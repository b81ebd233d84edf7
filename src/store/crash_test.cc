#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "io/processes.h"
#include "store/test_support.h"

// A store process that is killed in the middle of an insert: what was acknowledged is there, whole,
// and the store opens again.
namespace mr::store {
namespace {

constexpr uint64_t rows_per_block = 500;

// Rows of two months, so that one block is written in two steps.
std::string two_months(uint64_t block) {
  std::string rows;
  for (uint64_t i = 0; i < rows_per_block; ++i) {
    rows += event_row(block * rows_per_block + i, "user-" + std::to_string(i),
                      i % 2 == 0 ? "2026-10-05 00:00:00.000" : "2026-11-05 00:00:00.000");
  }
  return rows;
}

// What the child was told: "--child=FOLDER FIRST-BLOCK REPORT-DESCRIPTOR".
struct Orders {
  io::Path folder;
  uint64_t first = 0;
  int report = -1;
};
constexpr std::string_view orders_flag = "--child=";

Orders read_orders() {
  Orders orders;
  for (const std::string& argument : testing::internal::GetArgvs()) {
    if (!argument.starts_with(orders_flag)) continue;
    const std::string text = argument.substr(orders_flag.size());
    const size_t first = text.find(' ');
    const size_t report = text.rfind(' ');
    orders.folder = text.substr(0, first);
    orders.first = std::strtoull(text.c_str() + first, nullptr, 10);
    orders.report = static_cast<int>(std::strtol(text.c_str() + report, nullptr, 10));
  }
  return orders;
}

// The child: inserts blocks and reports each that was acknowledged, until it is killed.
TEST(StoreCrashChild, InsertsUntilKilledWhenToldTo) {
  const Orders orders = read_orders();
  if (orders.report < 0) return;  // in the parent
  WarehouseFixture fixture({}, orders.folder);
  ASSERT_TRUE(fixture.open().has_value());
  for (uint64_t block = orders.first;; ++block) {
    ASSERT_TRUE(fixture.insert("events", two_months(block), rows_per_block).has_value());
    ASSERT_EQ(::write(orders.report, &block, sizeof block), static_cast<ssize_t>(sizeof block));
  }
}

class Child {
 public:
  Child(const io::Path& folder, uint64_t first) {
    int channel[2];
    EXPECT_EQ(::pipe(channel), 0);
    const auto started =
        io::start_child({{io::own_program(), "--gtest_filter=StoreCrashChild.*",
                          std::string(orders_flag) + folder + " " + std::to_string(first) + " " +
                              std::to_string(channel[1])},
                         {channel[1]}});
    ::close(channel[1]);
    report_ = channel[0];
    EXPECT_TRUE(started.has_value());
    process_ = started.value_or(-1);
  }
  // The next block that it acknowledged; false when it has ended.
  bool next(uint64_t& block) const {
    return ::read(report_, &block, sizeof block) == static_cast<ssize_t>(sizeof block);
  }
  void kill() const {
    ::kill(process_, SIGKILL);
    int status = 0;
    EXPECT_EQ(::waitpid(process_, &status, 0), process_);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";
  }
  ~Child() { ::close(report_); }

 private:
  int process_ = -1;
  int report_ = -1;
};

// Lets a child acknowledge `count` blocks, kills it while it goes on, and yields the number of the
// first block that was not acknowledged.
uint64_t run_and_kill(const io::Path& folder, uint64_t first, int count) {
  const Child child(folder, first);
  uint64_t block = first;
  uint64_t next = first;
  for (int i = 0; i < count && child.next(block); ++i) next = block + 1;
  child.kill();
  while (child.next(block)) next = block + 1;
  return next;
}

TEST(StoreCrash, AcknowledgedBlocksSurviveAKillInTheMiddleOfAnInsert) {
  MR_NEEDS_ENGINE();
  const io::TemporaryFolder folder;
  uint64_t acknowledged = 0;  // blocks in all; their numbers are dense per round
  std::string wanted;
  for (int round = 0; round < 6; ++round) {
    const uint64_t first = static_cast<uint64_t>(round) * 1000;
    const uint64_t next = run_and_kill(folder.at("store"), first, 1 + round % 3);
    acknowledged += next - first;
    wanted += (wanted.empty() ? "" : " OR ") + std::string("_offset BETWEEN ") +
              std::to_string(first * rows_per_block) + " AND " +
              std::to_string(next * rows_per_block - 1);
  }
  WarehouseFixture fixture({}, folder.at("store"));
  const auto opened = fixture.open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message();
  const std::string rows = std::to_string(acknowledged * rows_per_block);
  EXPECT_EQ(fixture.told("SELECT count(), uniqExact(_offset) FROM events WHERE " + wanted),
            rows + "\t" + rows + "\n");
  // Nothing is there twice or half, also of the blocks that were not acknowledged.
  EXPECT_EQ(fixture.told("SELECT count() - uniqExact(_offset), countIf(event != '$pageview') "
                         "FROM events"),
            "0\t0\n");
}

TEST(StoreCrash, ASecondProcessOnTheSameStoreIsRefused) {
  MR_NEEDS_ENGINE();
  const io::TemporaryFolder folder;
  const Child child(folder.at("store"), 0);
  uint64_t block = 0;
  ASSERT_TRUE(child.next(block));
  WarehouseFixture fixture({}, folder.at("store"));
  const auto opened = fixture.open();
  EXPECT_FALSE(opened.has_value());
  child.kill();
  if (!opened) {
    EXPECT_NE(opened.error().message().find(folder.at("store")), std::string::npos);
  }
}

}  // namespace
}  // namespace mr::store
