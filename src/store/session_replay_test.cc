#include <gtest/gtest.h>

#include "store/test_support.h"

namespace mr::store {
namespace {

// A block of a session: `at` is its offset in the log and its second in time.
std::string block_row(int at, int uuid, const std::string& session, const std::string& more = "") {
  const std::string number = std::to_string(at);
  return R"({"uuid":"00000000-0000-0000-0000-0000000000)" + std::to_string(uuid) +
         R"(","session_id":")" + session + R"(","team_id":1,"distinct_id":"ada-)" + number +
         R"(","first_timestamp":"2026-11-02 10:00:0)" + number +
         R"(.000","last_timestamp":"2026-11-02 10:00:0)" + number +
         R"(.500","block_url":"log://captured.replay/0/)" + number +
         R"(","click_count":1,"event_count":2,"message_count":1,"snapshot_source":"web",)"
         R"("_offset":)" +
         number + R"(,"_partition":0,"_source_offset":)" + number + more + "}\n";
}

TEST(SessionReplay, SessionsAreTheSumOfTheirBlocks) {
  MR_NEEDS_ENGINE();
  WarehouseFixture fixture;
  const auto opened = fixture.open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message();
  const std::string rows =
      block_row(2, 12, "s", R"(,"first_url":"https://b/","urls":["https://b/"])") +
      block_row(1, 11, "s") + block_row(3, 13, "s", R"(,"urls":["https://b/","https://c/"])") +
      block_row(4, 14, "other");
  const auto inserted = fixture.insert("session_replay_blocks", rows, 4);
  ASSERT_TRUE(inserted.has_value()) << inserted.error().message();
  const auto told = fixture.query(
      "SELECT session_id, distinct_id, toString(min_first_timestamp), toString(max_last_timestamp),"
      " block_urls, first_url, arraySort(all_urls), click_count, event_count, message_count"
      " FROM session_replay_events WHERE session_id = 's'");
  ASSERT_TRUE(told.has_value()) << told.error().message();
  EXPECT_EQ(
      told->data.substr(told->data.find('\n') + 1),
      "s\tada-1\t2026-11-02 10:00:01.000000\t2026-11-02 10:00:03.500000\t"
      "['log://captured.replay/0/1','log://captured.replay/0/2','log://captured.replay/0/3']\t"
      "https://b/\t['https://b/','https://c/']\t3\t6\t3\n");
}

TEST(SessionReplay, ARequestThatItsClientRepeatedCountsOnce) {
  MR_NEEDS_ENGINE();
  WarehouseFixture fixture;
  ASSERT_TRUE(fixture.open().has_value());
  ASSERT_TRUE(fixture.insert("session_replay_blocks", block_row(1, 11, "s"), 1).has_value());
  ASSERT_TRUE(fixture.insert("session_replay_blocks", block_row(2, 11, "s"), 1).has_value());
  EXPECT_EQ(fixture.told("SELECT message_count, block_urls FROM session_replay_events"),
            "1\t['log://captured.replay/0/1']\n");
  ASSERT_TRUE(fixture.internal("OPTIMIZE TABLE session_replay_blocks FINAL").has_value());
  EXPECT_EQ(fixture.told("SELECT _source_offset FROM session_replay_blocks"), "1\n");
}

}  // namespace
}  // namespace mr::store
