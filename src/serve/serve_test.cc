#include <gtest/gtest.h>

#include "serve/api_error.h"
#include "serve/metrics_handler.h"
#include "serve/tail.h"

namespace mr::serve {
namespace {

TEST(Tail, PatternsMatchWithStars) {
  EXPECT_TRUE(matches_pattern("captured", "captured"));
  EXPECT_TRUE(matches_pattern("captured", "*"));
  EXPECT_TRUE(matches_pattern("captured.replay", "captured*"));
  EXPECT_TRUE(matches_pattern("captured.replay", "*.r*y"));
  EXPECT_FALSE(matches_pattern("captured", "capture"));
  EXPECT_FALSE(matches_pattern("captured", "*x*"));
  EXPECT_FALSE(matches_pattern("", "?"));
  EXPECT_TRUE(matches_pattern("", "**"));
}

TEST(Tail, DamageIsALineOfItsOwn) {
  EXPECT_EQ(damage_line({"captured", 2}, {Offset(5), Offset(9), "a wrong checksum"}),
            R"({"topic":"captured","partition":2,"first_offset":5,"last_offset":8,)"
            R"("error":"a wrong checksum"})");
}

TEST(MetricsText, SamplesAreFoundWithTheirLabels) {
  const std::string text =
      "# HELP a_total Things\n# TYPE a_total counter\n"
      "a_total{reason=\"no, token\",project=\"1\"} 3\na_total 4\na_total_more 5\n";
  const auto samples = find_samples(text, "a_total");
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0].label("reason"), "no, token");
  EXPECT_EQ(samples[0].label("project"), "1");
  EXPECT_EQ(samples[0].label("eason"), "");
  EXPECT_EQ(samples[0].value, 3);
  EXPECT_EQ(samples[1].value, 4);
}

TEST(ApiError, SaysCodeAndMessageWithAFittingStatus) {
  const http::Response response = api_error(Error(ErrorCode::not_found, "no \"x\""));
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, R"({"error":{"code":"not_found","message":"no \"x\""}})");
}

}  // namespace
}  // namespace mr::serve
