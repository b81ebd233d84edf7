#include <gtest/gtest.h>

#include <cerrno>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/reached.h"
#include "base/result.h"
#include "base/strong.h"
#include "base/time.h"

namespace mr {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return fail(ErrorCode::invalid_input, "odd");
  return number / 2;
}

Result<int> quarter(int number) {
  MR_TRY(auto once, half(number));
  MR_TRY(const int twice, half(once));
  return twice;
}

Result<void> check_even(int number) {
  MR_CHECK(half(number));
  return {};
}

TEST(Result, TryPassesTheValueOrTheErrorOn) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().code(), ErrorCode::invalid_input);
  EXPECT_TRUE(check_even(2));
  EXPECT_FALSE(check_even(3));
}

uint32_t times_reached(std::string_view name) {
  for (const ReachedMark& mark : reached_marks()) {
    if (mark.name == name) return mark.reached.load(std::memory_order_relaxed);
  }
  return 99;
}

TEST(ReachedMark, IsListedBeforeItIsReached) {
  EXPECT_EQ(times_reached("base.test.never"), 0u);
  EXPECT_EQ(times_reached("base.test.once"), 0u);
  for (int number = 0; number < 2; ++number) {
    if (number > 5) MR_REACHED("base.test.never");
    if (number == 1) MR_REACHED("base.test.once");
  }
  EXPECT_EQ(times_reached("base.test.never"), 0u);
  EXPECT_EQ(times_reached("base.test.once"), 1u);
}

TEST(Error, WithinSaysWhatWasAttempted) {
  const Error inner = error_from_errno(ENOENT, "open", "/x/y");
  EXPECT_EQ(inner.code(), ErrorCode::not_found);
  EXPECT_EQ(inner.within("starting the log").message(),
            "starting the log: cannot open /x/y: No such file or directory");
  EXPECT_EQ(error_from_errno(ENOSPC, "write", "f").code(), ErrorCode::no_space);
}

TEST(Strong, OffsetsCountAndCompare) {
  Offset offset(7);
  ++offset;
  EXPECT_EQ(offset, Offset(8));
  EXPECT_EQ(Offset(10) - offset, 2);
  EXPECT_EQ((offset + 5).value, 13);
}

TEST(Time, DistancesHaveUnits) {
  EXPECT_EQ((Instant{5'000'000} - Instant{2'000'000}).count, 3000);
  EXPECT_EQ((WallTime{1000} + Millis{500}).millis, 1500);
}

TEST(Bytes, TextAndBytesShareMemory) {
  const std::string text = "abc";
  EXPECT_EQ(as_text(as_bytes(text)).data(), text.data());
}

TEST(AssertDeathTest, NamesTheViolatedExpression) {
  EXPECT_DEATH(MR_ASSERT(1 + 1 == 3), "1 \\+ 1 == 3");
}

}  // namespace
}  // namespace mr
