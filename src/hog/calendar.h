#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mr::hog {

// The Gregorian calendar without zones: days counted from 1970-01-01.

struct Day {
  int64_t year;
  int month;  // from 1
  int day;    // from 1
};

inline constexpr int64_t seconds_per_day = 86'400;

int64_t days_from(int64_t year, int month, int day);
Day day_from(int64_t days);
int days_in_month(int64_t year, int month);
// Monday is 1, Sunday 7.
int weekday_of(int64_t days);
int day_of_year(const Day& day);  // from 1

// By ISO 8601: weeks begin on Monday, and a week belongs to the year that its Thursday is in.
int week_of(int64_t days);

// Seconds since 1970 at the UTC midnight of a date; NaN unless it is a real year, month and day.
double seconds_of_day(double year, double month, double day);

// A text that looks like a date.
struct DateText {
  // As if the clock on the wall were in UTC.
  double wall_seconds;
  std::optional<int> offset_minutes;

  double utc_seconds() const { return wall_seconds - (offset_minutes.value_or(0) * 60.0); }
};

// Reads YYYY-MM-DD with an optional time (HH:MM, :SS, a fraction cut to milliseconds) and an
// optional Z or offset; blanks around it. Nothing else is a date.
std::optional<DateText> parse_date_text(std::string_view text);

}  // namespace mr::hog
