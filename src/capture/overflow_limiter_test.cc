#include "capture/overflow_limiter.h"

#include <gtest/gtest.h>

#include <string>

namespace mr::capture {
namespace {

constexpr OverflowLimits ten_a_second{10, 20};

// How many of `count` events of the key at this moment stay in the main lane.
int kept(OverflowLimiter& limiter, std::string_view key, int count, int64_t millis) {
  int stayed = 0;
  for (int i = 0; i < count; ++i) {
    if (!limiter.overflows("phc", key, Instant{millis * 1000})) ++stayed;
  }
  return stayed;
}

TEST(OverflowLimiter, LetsABurstThroughAndThenTheKeyOverflows) {
  OverflowLimiter limiter(ten_a_second);
  EXPECT_EQ(kept(limiter, "hot", 100, 1000), 20);
  EXPECT_EQ(kept(limiter, "cold", 5, 1000), 5);
}

TEST(OverflowLimiter, AKeyThatOverflowedStaysSoUntilItHasBeenQuiet) {
  OverflowLimiter limiter(ten_a_second);
  EXPECT_EQ(kept(limiter, "hot", 21, 1000), 20);
  // Half a bucket has come back: the order of its events is worth more.
  EXPECT_EQ(kept(limiter, "hot", 1, 2000), 0);
  EXPECT_EQ(kept(limiter, "hot", 1, 5000), 1);
}

TEST(OverflowLimiter, WhatIsAllowedEachSecondNeverOverflows) {
  OverflowLimiter limiter(ten_a_second);
  for (int64_t second = 0; second < 100; ++second) {
    EXPECT_EQ(kept(limiter, "steady", 10, 1000 * second), 10) << second;
  }
}

TEST(OverflowLimiter, ACrowdOfQuietKeysDoesNotHideABusyOne) {
  OverflowLimiter limiter(ten_a_second);
  EXPECT_EQ(kept(limiter, "hot", 30, 1000), 20);
  for (size_t i = 0; i < 4 * OverflowLimiter::keys_max; ++i) {
    EXPECT_EQ(kept(limiter, "quiet" + std::to_string(i), 1, 1000), 1);
  }
  EXPECT_EQ(kept(limiter, "hot", 10, 1001), 0);
}

TEST(OverflowLimiter, WithoutALimitNothingOverflows) {
  OverflowLimiter limiter({});
  EXPECT_EQ(kept(limiter, "hot", 100'000, 1), 100'000);
}

}  // namespace
}  // namespace mr::capture
