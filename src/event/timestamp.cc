#include "event/timestamp.h"

#include <algorithm>
#include <array>

namespace mr::event {
namespace {

constexpr int64_t millis_per_second = 1000;
constexpr int64_t millis_per_minute = 60 * millis_per_second;
constexpr int64_t millis_per_hour = 60 * millis_per_minute;
constexpr int64_t millis_per_day = 24 * millis_per_hour;
constexpr int64_t days_per_era = 146097;

constexpr std::array<std::string_view, 12> month_names = {"jan", "feb", "mar", "apr", "may", "jun",
                                                          "jul", "aug", "sep", "oct", "nov", "dec"};

struct Civil {
  int64_t year = 1970;
  int64_t month = 1;
  int64_t day = 1;
  int64_t hour = 0;
  int64_t minute = 0;
  int64_t second = 0;
  int64_t milli = 0;
};

// Days since 1970-01-01 in the proleptic Gregorian calendar, counting years from March so that the
// leap day comes last.
int64_t days_from_civil(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * days_per_era + day_of_era - 719468;
}

Civil civil_from_millis(int64_t millis) {
  int64_t days = millis / millis_per_day;
  int64_t rest = millis % millis_per_day;
  if (rest < 0) {
    rest += millis_per_day;
    --days;
  }
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - days_per_era + 1) / days_per_era;
  const int64_t day_of_era = days - era * days_per_era;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  Civil civil;
  civil.day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  civil.month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  civil.year = year_of_era + era * 400 + (civil.month <= 2 ? 1 : 0);
  civil.hour = rest / millis_per_hour;
  civil.minute = rest % millis_per_hour / millis_per_minute;
  civil.second = rest % millis_per_minute / millis_per_second;
  civil.milli = rest % millis_per_second;
  return civil;
}

bool is_leap(int64_t year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int64_t days_in_month(int64_t year, int64_t month) {
  constexpr std::array<int64_t, 12> days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : days[static_cast<size_t>(month - 1)];
}

// The leap second :60 counts as the second after :59.
std::optional<WallTime> to_time(const Civil& civil, int64_t zone_minutes) {
  if (civil.month < 1 || civil.month > 12 || civil.day < 1 ||
      civil.day > days_in_month(civil.year, civil.month) || civil.hour > 23 || civil.minute > 59 ||
      civil.second > 60) {
    return std::nullopt;
  }
  return WallTime{days_from_civil(civil.year, civil.month, civil.day) * millis_per_day +
                  civil.hour * millis_per_hour + (civil.minute - zone_minutes) * millis_per_minute +
                  civil.second * millis_per_second + civil.milli};
}

bool is_time_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes pieces off the front of a text.
class Pieces {
 public:
  explicit Pieces(std::string_view text) : text_(text) {}

  bool empty() const { return text_.empty(); }
  char front() const { return text_.empty() ? '\0' : text_.front(); }
  size_t digits() const {
    size_t count = 0;
    while (count < text_.size() && is_time_digit(text_[count])) ++count;
    return count;
  }
  bool take(char c) {
    if (front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool take_any(std::string_view set) {
    if (empty() || set.find(text_.front()) == std::string_view::npos) return false;
    text_.remove_prefix(1);
    return true;
  }
  void skip_blanks() {
    while (take(' ')) {
    }
  }
  // A number of `least` to `most` digits, all that are there.
  std::optional<int64_t> number(size_t least, size_t most) {
    const size_t count = digits();
    if (count < least || count > most) return std::nullopt;
    return take_digits(count);
  }
  int64_t take_digits(size_t count) {
    int64_t value = 0;
    for (size_t i = 0; i < count; ++i) value = value * 10 + (text_[i] - '0');
    text_.remove_prefix(count);
    return value;
  }
  // Letters, in lower case.
  std::string word() {
    std::string word;
    while (!empty() && ((front() | 0x20) >= 'a' && (front() | 0x20) <= 'z')) {
      word += static_cast<char>(front() | 0x20);
      text_.remove_prefix(1);
    }
    return word;
  }

 private:
  std::string_view text_;
};

// ".678901" gives 678; any number of digits.
bool read_fraction(Pieces& pieces, Civil& civil) {
  if (!pieces.take_any(".,")) return true;
  const size_t count = pieces.digits();
  if (count == 0) return false;
  int64_t scale = 100;
  for (size_t i = 0; i < count; ++i, scale /= 10) civil.milli += pieces.take_digits(1) * scale;
  return true;
}

// "HH:MM", "HH:MM:SS" or "HH:MM:SS.fff".
bool read_clock(Pieces& pieces, Civil& civil) {
  const auto hour = pieces.number(1, 2);
  if (!hour || !pieces.take(':')) return false;
  const auto minute = pieces.number(2, 2);
  if (!minute) return false;
  civil.hour = *hour;
  civil.minute = *minute;
  if (!pieces.take(':')) return true;
  const auto second = pieces.number(2, 2);
  if (!second) return false;
  civil.second = *second;
  return read_fraction(pieces, civil);
}

// "Z", "+03", "+0300", "+03:00", a name that RFC 2822 knows, or nothing (UTC). In minutes east.
std::optional<int64_t> read_zone(Pieces& pieces) {
  pieces.skip_blanks();
  if (pieces.empty()) return 0;
  const bool west = pieces.front() == '-';
  if (!pieces.take_any("+-")) {
    const std::string name = pieces.word();
    if (name == "z" || name == "utc" || name == "gmt" || name == "ut") return 0;
    constexpr std::array<std::pair<std::string_view, int64_t>, 8> american = {{{"est", -5},
                                                                               {"edt", -4},
                                                                               {"cst", -6},
                                                                               {"cdt", -5},
                                                                               {"mst", -7},
                                                                               {"mdt", -6},
                                                                               {"pst", -8},
                                                                               {"pdt", -7}}};
    for (const auto& [zone, hours] : american) {
      if (name == zone) return hours * 60;
    }
    return std::nullopt;
  }
  int64_t hours = 0;
  int64_t minutes = 0;
  if (pieces.digits() == 4) {
    hours = pieces.take_digits(2);
    minutes = pieces.take_digits(2);
  } else {
    const auto two = pieces.number(2, 2);
    if (!two) return std::nullopt;
    hours = *two;
    if (pieces.take(':')) {
      const auto more = pieces.number(2, 2);
      if (!more) return std::nullopt;
      minutes = *more;
    }
  }
  if (hours > 23 || minutes > 59) return std::nullopt;
  return (hours * 60 + minutes) * (west ? -1 : 1);
}

// The clock and the zone that may follow a date; then nothing.
std::optional<WallTime> finish_date(Pieces& pieces, Civil civil) {
  int64_t zone = 0;
  if (!pieces.empty()) {
    if (!pieces.take_any("Tt ")) return std::nullopt;
    pieces.skip_blanks();
    if (!read_clock(pieces, civil)) return std::nullopt;
    const auto read = read_zone(pieces);
    if (!read || !pieces.empty()) return std::nullopt;
    zone = *read;
  }
  return to_time(civil, zone);
}

// Year first, or with slashes and a short first number the month first.
std::optional<WallTime> parse_numeric_date(std::string_view text) {
  Pieces pieces(text);
  Civil civil;
  const bool year_first = pieces.digits() == 4;
  if (!year_first && (pieces.digits() == 0 || pieces.digits() > 2)) return std::nullopt;
  const int64_t first = pieces.take_digits(pieces.digits());
  const char separator = pieces.front();
  if (separator != '/' && (separator != '-' || !year_first)) return std::nullopt;
  pieces.take(separator);
  const auto second = pieces.number(1, 2);
  if (!second || !pieces.take(separator)) return std::nullopt;
  const auto third = year_first ? pieces.number(1, 2) : pieces.number(4, 4);
  if (!third) return std::nullopt;
  civil.year = year_first ? first : *third;
  civil.month = year_first ? *second : first;
  civil.day = year_first ? *third : *second;
  return finish_date(pieces, civil);
}

// "Thu, 02 Jan 2026 03:04:05 +0000", the weekday optional and not checked.
std::optional<WallTime> parse_rfc2822(std::string_view text) {
  Pieces pieces(text);
  if (pieces.digits() == 0) {
    if (pieces.word().size() < 3) return std::nullopt;
    pieces.take(',');
    pieces.skip_blanks();
  }
  Civil civil;
  const auto day = pieces.number(1, 2);
  if (!day) return std::nullopt;
  pieces.skip_blanks();
  const std::string name = pieces.word().substr(0, 3);
  const auto month = std::ranges::find(month_names, std::string_view(name));
  if (month == month_names.end()) return std::nullopt;
  pieces.skip_blanks();
  const auto year = pieces.number(4, 4);
  if (!year) return std::nullopt;
  civil.day = *day;
  civil.month = month - month_names.begin() + 1;
  civil.year = *year;
  return finish_date(pieces, civil);
}

// What nearly all clients send, "2026-11-22T10:20:30.456Z", without the steps of a free form.
std::optional<WallTime> parse_usual_form(std::string_view text) {
  constexpr std::string_view shape = "0000-00-00T00:00:00.000Z";
  if (text.size() != shape.size()) return std::nullopt;
  bool fits = true;
  for (size_t i = 0; i < shape.size(); ++i) {
    const bool is_digit = static_cast<unsigned char>(text[i] - '0') < 10;
    fits &= shape[i] == '0' ? is_digit : text[i] == shape[i];
  }
  if (!fits) return std::nullopt;
  const auto two = [text](size_t at) -> int64_t {
    return (text[at] - '0') * 10 + (text[at + 1] - '0');
  };
  return to_time({two(0) * 100 + two(2), two(5), two(8), two(11), two(14), two(17),
                  two(20) * 10 + (text[22] - '0')},
                 0);
}

std::optional<WallTime> parse_epoch(std::string_view text) {
  Pieces pieces(text);
  const size_t count = pieces.digits();
  if (count != text.size()) return std::nullopt;
  const int64_t value = count <= 18 ? pieces.take_digits(count) : 0;
  switch (count) {
    case 10:
      return WallTime{value * 1000};
    case 13:
      return WallTime{value};
    case 16:
      return WallTime{value / 1000};
    case 19:
      return WallTime{pieces.take_digits(13)};
    default:
      return std::nullopt;
  }
}

// Writes the number right-aligned with leading zeros into the text's `count` places at `at`.
void place_digits(std::string& text, size_t at, size_t count, int64_t value) {
  for (size_t i = count; i > 0; --i, value /= 10) {
    text[at + i - 1] = static_cast<char>('0' + value % 10);
  }
}

// Fills the time into a pattern whose zeros stand where the row's and RFC 3339's do.
std::string format_time(WallTime time, std::string_view pattern) {
  const Civil c = civil_from_millis(std::clamp(time, time_min, time_max).millis);
  std::string text(pattern);
  place_digits(text, 0, 4, c.year);
  place_digits(text, 5, 2, c.month);
  place_digits(text, 8, 2, c.day);
  place_digits(text, 11, 2, c.hour);
  place_digits(text, 14, 2, c.minute);
  place_digits(text, 17, 2, c.second);
  if (text.size() > 20) place_digits(text, 20, 3, c.milli);
  return text;
}

// now − age without leaving the range of the type.
WallTime shifted_back(WallTime now, int64_t age) {
  int64_t millis = 0;
  if (__builtin_sub_overflow(now.millis, age, &millis)) {
    return age > 0 ? WallTime{time_min.millis - 1} : WallTime{time_max.millis + 1};
  }
  return WallTime{millis};
}

EventTime within_years(EventTime time) {
  if (time.time >= time_min && time.time <= time_max) return time;
  return {WallTime{0}, TimeOutcome::out_of_range};
}

}  // namespace

std::optional<WallTime> parse_timestamp(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  if (const auto time = parse_usual_form(text)) return time;
  if (const auto time = parse_numeric_date(text)) return time;
  if (const auto time = parse_epoch(text)) return time;
  return parse_rfc2822(text);
}

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  constexpr std::string_view shape = "0000-00-00T00:00:00";
  if (text.size() <= shape.size()) return std::nullopt;
  for (size_t i = 0; i < shape.size(); ++i) {
    const bool fits = shape[i] == '0'   ? is_time_digit(text[i])
                      : shape[i] == 'T' ? text[i] == 'T' || text[i] == 't' || text[i] == ' '
                                        : text[i] == shape[i];
    if (!fits) return std::nullopt;
  }
  Pieces zone(text.substr(shape.size()));
  if (zone.take('.')) {
    if (zone.digits() == 0) return std::nullopt;
    while (zone.take_any("0123456789")) {
    }
  }
  if (zone.take_any("Zz")) return zone.empty() ? parse_timestamp(text) : std::nullopt;
  const bool named = zone.take_any("+-") && zone.number(2, 2) && zone.take(':') &&
                     zone.number(2, 2) && zone.empty();
  return named ? parse_timestamp(text) : std::nullopt;
}

std::string format_rfc3339(WallTime time) {
  return format_time(time, "0000-00-00T00:00:00.000Z");
}
std::string format_row_millis(WallTime time) {
  return format_time(time, "0000-00-00 00:00:00.000");
}
std::string format_row_seconds(WallTime time) {
  return format_time(time, "0000-00-00 00:00:00");
}

std::string_view to_string(TimeOutcome outcome) {
  switch (outcome) {
    case TimeOutcome::as_given:
      return "as_given";
    case TimeOutcome::corrected:
      return "corrected";
    case TimeOutcome::from_offset:
      return "from_offset";
    case TimeOutcome::absent:
      return "absent";
    case TimeOutcome::unparsable:
      return "unparsable";
    case TimeOutcome::future:
      return "future";
    case TimeOutcome::out_of_range:
      return "out_of_range";
  }
  return "unknown";
}

Millis quantised_skew(WallTime sent_at, WallTime now) {
  const int64_t skew = sent_at.millis - now.millis;
  const int64_t half = skew_step.count / 2;
  const int64_t steps = (skew >= 0 ? skew + half : skew - half) / skew_step.count;
  return {steps * skew_step.count};
}

EventTime compute_event_time(const TimeInput& input) {
  EventTime result{input.now, TimeOutcome::absent};
  if (input.offset_millis) {
    result = {shifted_back(input.now, *input.offset_millis), TimeOutcome::from_offset};
  } else if (input.timestamp) {
    const auto given = parse_timestamp(*input.timestamp);
    if (!given) return {input.now, TimeOutcome::unparsable};
    result = {*given, TimeOutcome::as_given};
    if (input.sent_at && !input.ignore_sent_at) {
      const Millis skew = quantised_skew(*input.sent_at, input.now);
      if (skew.count != 0) result = {*given - skew, TimeOutcome::corrected};
    }
  }
  if (result.time > input.now + future_max) return {input.now, TimeOutcome::future};
  return within_years(result);
}

EventTime compute_v1_event_time(WallTime given, std::optional<WallTime> sent_at, WallTime now) {
  if (!sent_at) return within_years({given, TimeOutcome::as_given});
  const Millis skew = *sent_at - now;
  EventTime result{given - skew, TimeOutcome::as_given};
  if (skew.count != 0) result.outcome = TimeOutcome::corrected;
  if (result.time > now + future_max) return {now, TimeOutcome::future};
  return within_years(result);
}

}  // namespace mr::event
