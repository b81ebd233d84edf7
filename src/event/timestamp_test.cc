#include "event/timestamp.h"

#include <gtest/gtest.h>

namespace mr::event {
namespace {

constexpr WallTime instant{1'767'323'045'678};  // 2026-01-02T03:04:05.678Z

std::string read(std::string_view text) {
  const auto time = parse_timestamp(text);
  return time ? format_rfc3339(*time) : "nothing";
}

TEST(Timestamp, TheUsualFormIsReadAsStrictlyAsTheOthers) {
  EXPECT_EQ(read("2024-02-29T23:59:60.999Z"), "2024-03-01T00:00:00.999Z");
  for (const std::string_view wrong :
       {"2026-02-29T03:04:05.678Z", "2026-13-02T03:04:05.678Z", "2026-01-02T24:04:05.678Z",
        "2026-01-02T03:60:05.678Z", "2026-01-02T03:04:61.678Z", "2026-01-02T03:04:05.6x8Z",
        "2026-01-02T03:04:05.678X", "2026-01-0:T03:04:05.678Z"}) {
    EXPECT_EQ(read(wrong), "nothing") << wrong;
  }
}

TEST(Timestamp, ReadsEveryFormatOfTheContract) {
  const std::string millis = "2026-01-02T03:04:05.678Z";
  const std::string seconds = "2026-01-02T03:04:05.000Z";
  EXPECT_EQ(read("2026-01-02T03:04:05.678Z"), millis);
  EXPECT_EQ(read("2026-01-02T03:04:05.678901+00:00"), millis);
  EXPECT_EQ(read("2026-01-02T08:34:05.678+05:30"), millis);
  EXPECT_EQ(read("2026-01-02T06:04:05.678+03"), millis);
  EXPECT_EQ(read("2026-01-01T22:04:05.678-0500"), millis);
  EXPECT_EQ(read("2026-01-02T03:04:05.678"), millis);
  EXPECT_EQ(read("2026-01-02t03:04:05z"), seconds);
  EXPECT_EQ(read("2026-01-02 03:04:05"), seconds);
  EXPECT_EQ(read("2026-01-02 03:04:05.678 UTC"), millis);
  EXPECT_EQ(read("2026-01-02 03:04"), "2026-01-02T03:04:00.000Z");
  EXPECT_EQ(read("2026-01-02"), "2026-01-02T00:00:00.000Z");
  EXPECT_EQ(read("2026/01/02 03:04:05"), seconds);
  EXPECT_EQ(read("2026/1/2"), "2026-01-02T00:00:00.000Z");
  EXPECT_EQ(read("1/2/2026 3:04"), "2026-01-02T03:04:00.000Z");
  EXPECT_EQ(read("Fri, 02 Jan 2026 03:04:05 +0000"), seconds);
  EXPECT_EQ(read("2 Jan 2026 03:04:05 GMT"), seconds);
  EXPECT_EQ(read("Thu, 1 Jan 2026 22:04:05 EST"), seconds);
  EXPECT_EQ(read("1767323045"), seconds);
  EXPECT_EQ(read("1767323045678"), millis);
  EXPECT_EQ(read("1767323045678901"), millis);
  EXPECT_EQ(read("1767323045678901234"), millis);
  EXPECT_EQ(read(" 2026-01-02T03:04:05.678Z "), millis);
}

TEST(Timestamp, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "yesterday", "2026-13-01", "2026-02-29", "2026-01-02T25:00:00Z", "2026-01-02T03:04:05X",
        "2026-01-02T03:04:05+99:00", "2026", "12345", "2026-01-02T", "2026-01-02T03", "13/40/2026",
        "2026-01-02T03:04:05.Z", "99999999999999999999", "-1767323045", "2026-01-02Z"}) {
    EXPECT_EQ(read(text), "nothing") << text;
  }
  EXPECT_EQ(read("2024-02-29"), "2024-02-29T00:00:00.000Z");
}

TEST(Timestamp, WritesTheFormsOfTheRows) {
  EXPECT_EQ(format_rfc3339(instant), "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(format_row_millis(instant), "2026-01-02 03:04:05.678");
  EXPECT_EQ(format_row_seconds(instant), "2026-01-02 03:04:05");
  EXPECT_EQ(format_rfc3339(WallTime{-1}), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(format_rfc3339(time_min), "0000-01-01T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339(time_max), "9999-12-31T23:59:59.999Z");
}

TEST(Timestamp, EveryDayOfManyYearsComesBack) {
  for (int64_t day = -800'000; day < 2'900'000; day += 13) {
    const WallTime time{day * 86'400'000 + 12'345};
    if (time < time_min || time > time_max) continue;
    ASSERT_EQ(parse_timestamp(format_rfc3339(time)), time);
  }
}

TEST(EventTime, SkewIsCorrectedInStepsOfFiveMinutes) {
  const WallTime now = instant;
  EXPECT_EQ(quantised_skew(now + Millis{149'000}, now).count, 0);
  EXPECT_EQ(quantised_skew(now - Millis{149'000}, now).count, 0);
  EXPECT_EQ(quantised_skew(now + Millis{150'000}, now).count, 300'000);
  EXPECT_EQ(quantised_skew(now - Millis{150'000}, now).count, -300'000);
  EXPECT_EQ(quantised_skew(now + Millis{600'000}, now).count, 600'000);
  const TimeInput ten_minutes_fast{
      .timestamp = "2026-01-02T03:14:00Z", .sent_at = now + Millis{600'000}, .now = now};
  const EventTime corrected = compute_event_time(ten_minutes_fast);
  EXPECT_EQ(format_rfc3339(corrected.time), "2026-01-02T03:04:00.000Z");
  EXPECT_EQ(corrected.outcome, TimeOutcome::corrected);
  TimeInput ignored = ten_minutes_fast;
  ignored.ignore_sent_at = true;
  EXPECT_EQ(format_rfc3339(compute_event_time(ignored).time), "2026-01-02T03:14:00.000Z");
}

TEST(EventTime, AnAgeWinsAndUnusableTimesBecomeTheArrival) {
  TimeInput input{.timestamp = "2020-01-01", .offset_millis = 5000, .now = instant};
  EXPECT_EQ(compute_event_time(input).time, instant - Millis{5000});
  input = {.timestamp = "soon", .now = instant};
  EXPECT_EQ(compute_event_time(input).time, instant);
  EXPECT_EQ(compute_event_time(input).outcome, TimeOutcome::unparsable);
  input = {.now = instant};
  EXPECT_EQ(compute_event_time(input).outcome, TimeOutcome::absent);
}

TEST(EventTime, TwentyThreeHoursAheadIsKeptAndMoreIsNot) {
  const std::string edge = format_rfc3339(instant + future_max);
  EXPECT_EQ(compute_event_time({.timestamp = edge, .now = instant}).time, instant + future_max);
  const std::string over = format_rfc3339(instant + future_max + Millis{1});
  EXPECT_EQ(compute_event_time({.timestamp = over, .now = instant}).time, instant);
}

TEST(Timestamp, Rfc3339IsReadStrictly) {
  for (const std::string_view text :
       {"2026-01-02T03:04:05Z", "2026-01-02t03:04:05z", "2026-01-02 03:04:05+00:00",
        "2026-01-02T08:34:05+05:30", "2026-01-02T03:04:05.0000001Z"}) {
    EXPECT_EQ(parse_rfc3339(text), WallTime{1'767'323'045'000}) << text;
  }
  for (const std::string_view text :
       {"", "2026-01-02", "2026-01-02T03:04:05", "2026-01-02T03:04Z", "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05+0000", "2026-01-02T03:04:05 EST", "2026-01-02T03:04:05ZZ",
        "2026-13-02T03:04:05Z", "1767323045", "02 Jan 2026 03:04:05 +0000",
        " 2026-01-02T03:04:05Z"}) {
    EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
  }
  EXPECT_TRUE(parse_rfc3339("2026-01-02T03:04:05." + std::string(500, '9') + "Z"));
}

TEST(EventTime, V1CorrectsExactlyAndClampsOnlyWhatItCorrects) {
  const WallTime given = instant - Millis{60'000};
  const EventTime corrected = compute_v1_event_time(given, instant + Millis{149'001}, instant);
  EXPECT_EQ(corrected.time, given - Millis{149'001});
  EXPECT_EQ(corrected.outcome, TimeOutcome::corrected);
  EXPECT_EQ(compute_v1_event_time(given, instant, instant).outcome, TimeOutcome::as_given);
  const WallTime far = instant + future_max + Millis{1};
  EXPECT_EQ(compute_v1_event_time(far, instant, instant).time, instant);
  EXPECT_EQ(compute_v1_event_time(far, instant, instant).outcome, TimeOutcome::future);
  EXPECT_EQ(compute_v1_event_time(far - Millis{1}, instant, instant).time, far - Millis{1});
  EXPECT_EQ(compute_v1_event_time(far, std::nullopt, instant).time, far);
  EXPECT_EQ(compute_v1_event_time(time_min, instant + Millis{1}, instant).time, WallTime{0});
  EXPECT_EQ(compute_v1_event_time(time_max + Millis{1}, std::nullopt, instant).time, WallTime{0});
}

TEST(EventTime, AbsurdAgesDoNotOverflow) {
  for (const int64_t age : {INT64_MAX, INT64_MIN, int64_t{-1'000'000'000'000'000}}) {
    const EventTime result = compute_event_time({.offset_millis = age, .now = instant});
    EXPECT_TRUE(result.time == instant || result.time == WallTime{0}) << age;
  }
}

}  // namespace
}  // namespace mr::event
