#include "ingest/warnings.h"

#include <gtest/gtest.h>

namespace mr::ingest {
namespace {

constexpr WallTime noon{1'700'000'000'000};
constexpr ProjectId project{7};

class WarningsTest : public ::testing::Test {
 protected:
  // The warnings that travel of a batch that is finished at that time.
  std::vector<std::string> told(WallTime now) {
    std::vector<state::OutboxRow> rows;
    warnings_.collect(now, rows);
    warnings_.committed();
    std::vector<std::string> values;
    for (const state::OutboxRow& row : rows) {
      EXPECT_EQ(row.topic, "ingestion_warnings");
      values.push_back(row.value);
    }
    return values;
  }

  Counts counts_;
  Warnings warnings_{counts_};
};

TEST_F(WarningsTest, TravelInTheReferencesForm) {
  json::Object details;
  details.set_text("distinctId", "ada");
  details.set_text("severity", "a client's own word");
  warnings_.add(project, "invalid_alias", std::move(details));
  const auto rows = told(noon);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows.front(),
            R"({"team_id":7,"type":"invalid_alias","source":"plugin-server","details":)"
            R"("{\"distinctId\":\"ada\",\"severity\":\"error\",\"category\":\"event\"}",)"
            R"("timestamp":"2023-11-14 22:13:20.000"})");
  EXPECT_EQ(counts_.value("warning:invalid_alias"), 1);
  EXPECT_TRUE(told(noon).empty());
}

TEST_F(WarningsTest, RepeatsOfAnHourAreCountedAndDoNotTravel) {
  const auto tell = [&](WallTime now, std::string_view key) {
    warnings_.add(project, "invalid_group_set", {}, key);
    return told(now).size();
  };
  EXPECT_EQ(tell(noon, "acme"), 1u);
  EXPECT_EQ(tell(noon + Millis(3'599'999), "acme"), 0u);
  EXPECT_EQ(tell(noon + Millis(3'599'999), "other"), 1u);
  EXPECT_EQ(tell(noon + Millis(3'600'000), "acme"), 1u);
  EXPECT_EQ(counts_.value("warning:invalid_group_set"), 4);
  warnings_.add(ProjectId(8), "invalid_group_set", {}, "acme");
  EXPECT_EQ(told(noon + Millis(3'600'001)).size(), 1u);
}

TEST_F(WarningsTest, EachRefusedMergeIsTold) {
  for (int i = 0; i < 3; ++i) warnings_.add(project, "cannot_merge_already_identified", {});
  EXPECT_EQ(told(noon).size(), 3u);
}

TEST(JavascriptType, NamesKindsAsTheReferenceDoes) {
  const auto of = [](std::string_view raw) { return javascript_type(raw); };
  EXPECT_EQ(of("[1]"), "array");
  EXPECT_EQ(of("{}"), "object");
  EXPECT_EQ(of("null"), "object");
  EXPECT_EQ(of("1.5"), "number");
  EXPECT_EQ(of("true"), "boolean");
  EXPECT_EQ(of("\"x\""), "string");
}

}  // namespace
}  // namespace mr::ingest
