#include "hog/calendar.h"

#include <cmath>
#include <limits>

#include "hog/coerce.h"

namespace mr::hog {
namespace {

constexpr int64_t days_per_era = 146'097;  // of 400 years
constexpr int64_t epoch_shift = 719'468;   // days from 0000-03-01 to 1970-01-01
constexpr double days_max = 100'000'000;   // what JavaScript's dates can hold
constexpr int hours_max = 23;
constexpr int sixty_max = 59;

bool is_leap(int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

// Reads a text from the front.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  bool take(std::string_view any_of) {
    if (text_.empty() || any_of.find(text_.front()) == std::string_view::npos) return false;
    text_.remove_prefix(1);
    return true;
  }
  // Exactly `count` digits.
  std::optional<int> number(size_t count) {
    if (text_.size() < count) return std::nullopt;
    int value = 0;
    for (size_t i = 0; i < count; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return std::nullopt;
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(count);
    return value;
  }
  std::optional<int> number_up_to(int max) {
    const auto value = number(2);
    return value && *value <= max ? value : std::nullopt;
  }
  // One to nine digits of a fraction, in milliseconds.
  std::optional<int> millis() {
    int value = 0;
    int digits = 0;
    while (digits < 9) {
      const auto digit = number(1);
      if (!digit) break;
      if (digits < 3) value = value * 10 + *digit;
      ++digits;
    }
    if (digits == 0) return std::nullopt;
    for (int i = digits; i < 3; ++i) value *= 10;
    return value;
  }
  char front() const { return text_.empty() ? '\0' : text_.front(); }

 private:
  std::string_view text_;
};

// The time of day behind the date, in seconds; false if there is something else.
bool read_time(Scanner& scanner, double& seconds) {
  const auto hours = scanner.number_up_to(hours_max);
  if (!hours || !scanner.take(":")) return false;
  const auto minutes = scanner.number_up_to(sixty_max);
  if (!minutes) return false;
  seconds = *hours * 3600.0 + *minutes * 60.0;
  if (!scanner.take(":")) return true;
  const auto whole = scanner.number_up_to(sixty_max);
  if (!whole) return false;
  seconds += *whole;
  if (!scanner.take(".,")) return true;
  const auto millis = scanner.millis();
  if (!millis) return false;
  seconds += *millis / 1000.0;
  return true;
}

bool read_offset(Scanner& scanner, std::optional<int>& offset) {
  if (scanner.take("Zz")) {
    offset = 0;
    return true;
  }
  const bool minus = scanner.front() == '-';
  if (!scanner.take("+-")) return true;
  const auto hours = scanner.number_up_to(hours_max);
  if (!hours) return false;
  int minutes = 0;
  const bool colon = scanner.take(":");
  if (colon || !scanner.at_end()) {
    const auto read = scanner.number_up_to(sixty_max);
    if (!read) return false;
    minutes = *read;
  }
  offset = (*hours * 60 + minutes) * (minus ? -1 : 1);
  return true;
}

}  // namespace

int64_t days_from(int64_t year, int month, int day) {
  // Years begin in March here, so that the leap day is the last one.
  const int64_t y = month <= 2 ? year - 1 : year;
  const int64_t era = (y >= 0 ? y : y - 399) / 400;
  const int64_t year_of_era = y - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * days_per_era + day_of_era - epoch_shift;
}

Day day_from(int64_t days) {
  days += epoch_shift;
  const int64_t era = (days >= 0 ? days : days - days_per_era + 1) / days_per_era;
  const int64_t day_of_era = days - era * days_per_era;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / (days_per_era - 1)) /
      365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * shifted + 2) / 5 + 1);
  const int month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

int days_in_month(int64_t year, int month) {
  if (month == 2) return is_leap(year) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

int weekday_of(int64_t days) {
  return static_cast<int>(((days % 7) + 10) % 7) + 1;
}

int day_of_year(const Day& day) {
  return static_cast<int>(days_from(day.year, day.month, day.day) - days_from(day.year, 1, 1)) + 1;
}

int week_of(int64_t days) {
  const int64_t thursday = days - weekday_of(days) + 4;
  return static_cast<int>((thursday - days_from(day_from(thursday).year, 1, 1)) / 7) + 1;
}

double seconds_of_day(double year, double month, double day) {
  constexpr double years_max = 270'000;
  const bool real =
      std::abs(year) <= years_max && month >= 1 && month <= 12 && day >= 1 && day <= 31;
  if (!real) return std::numeric_limits<double>::quiet_NaN();
  const auto days = static_cast<double>(
      days_from(static_cast<int64_t>(year), static_cast<int>(month), static_cast<int>(day)));
  return std::abs(days) <= days_max ? days * seconds_per_day
                                    : std::numeric_limits<double>::quiet_NaN();
}

std::optional<DateText> parse_date_text(std::string_view text) {
  Scanner scanner(trim_blanks(text));
  const auto year = scanner.number(4);
  if (!year || *year == 0 || !scanner.take("-")) return std::nullopt;
  const auto month = scanner.number_up_to(12);
  if (!month || *month == 0 || !scanner.take("-")) return std::nullopt;
  const auto day = scanner.number(2);
  if (!day || *day == 0 || *day > days_in_month(*year, *month)) return std::nullopt;
  DateText parsed{static_cast<double>(days_from(*year, *month, *day) * seconds_per_day), {}};
  if (scanner.at_end()) return parsed;
  double time = 0;
  if (!scanner.take("Tt ") || !read_time(scanner, time)) return std::nullopt;
  parsed.wall_seconds += time;
  if (!read_offset(scanner, parsed.offset_minutes) || !scanner.at_end()) return std::nullopt;
  return parsed;
}

}  // namespace mr::hog
