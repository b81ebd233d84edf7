#include <cmath>
#include <limits>

#include "hog/compare.h"
#include "hog/library_support.h"
#include "hog/time_zone.h"
#include "hog/zoned.h"

// Dates and datetimes.
namespace mr::hog {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double months_per_year = 12;

std::string_view zone_argument(Arguments arguments, size_t at) {
  return arguments.size() > at && arguments[at].is_text() ? arguments[at].text().view() : "UTC";
}

std::string_view zone_of(const Value& temporal) {
  return temporal.kind() == Kind::moment && temporal.moment().zone.is_text()
             ? temporal.moment().zone.text().view()
             : "UTC";
}

Value date_at(Context& context, double seconds) {
  const auto at = zoned(context, seconds, "UTC");
  if (!at) return make_date(context.heap, nan, nan, nan);
  return make_date(context.heap, static_cast<double>(at->day.year), at->day.month, at->day.day);
}

Result<Value> now(Context& context, Arguments arguments) {
  return make_moment(context.heap, context.host.wall_clock_millis() / 1000, "UTC");
}

Result<Value> today(Context& context, Arguments arguments) {
  return date_at(context, context.host.wall_clock_millis() / 1000);
}

Result<Value> to_date(Context& context, Arguments arguments) {
  const Value& value = arguments[0];
  if (value.kind() == Kind::date) return value;
  const Value moment = to_moment(context, value, "UTC");
  if (moment.is_null()) return moment;
  const auto at = zoned(context, moment);
  if (!at) return make_date(context.heap, nan, nan, nan);
  return make_date(context.heap, static_cast<double>(at->day.year), at->day.month, at->day.day);
}

Result<Value> to_date_time(Context& context, Arguments arguments) {
  return to_moment(context, arguments[0], zone_argument(arguments, 1));
}

Result<Value> to_unix(Context& context, Arguments arguments) {
  const Value moment = to_moment(context, arguments[0], zone_argument(arguments, 1));
  return moment.is_null() ? moment : make_number(moment.moment().seconds);
}

Result<Value> to_unix_millis(Context& context, Arguments arguments) {
  const Value moment = to_moment(context, arguments[0], zone_argument(arguments, 1));
  return moment.is_null() ? moment : make_number(std::round(moment.moment().seconds * 1000));
}

Result<Value> from_unix(Context& context, Arguments arguments) {
  return make_moment(context.heap, to_number(arguments[0]), "UTC");
}

Result<Value> from_unix_millis(Context& context, Arguments arguments) {
  return make_moment(context.heap, to_number(arguments[0]) / 1000, "UTC");
}

Result<Value> to_time_zone(Context& context, Arguments arguments) {
  if (arguments[0].kind() != Kind::moment) return refuse("Expected a DateTime");
  return make_moment(context.heap, arguments[0].moment().seconds, zone_argument(arguments, 1));
}

// Seconds for units of a fixed length, else 0.
double fixed_unit(std::string_view unit) {
  if (unit == "second") return 1;
  if (unit == "minute") return 60;
  if (unit == "hour") return 3600;
  return 0;
}

// The date or datetime, moved by whole calendar days and months as its zone's clocks count them.
Value moved_on_calendar(Context& context, const Value& temporal, double days, double months) {
  const auto at = zoned(context, temporal);
  if (!at || !(std::abs(days) < 1e9) || !(std::abs(months) < 1e7)) {
    return temporal.kind() == Kind::date ? make_date(context.heap, nan, nan, nan)
                                         : make_moment(context.heap, nan, zone_of(temporal));
  }
  const double month =
      static_cast<double>(at->day.year) * months_per_year + at->day.month - 1 + std::trunc(months);
  const auto year = static_cast<int64_t>(std::floor(month / months_per_year));
  const int month_of_year =
      static_cast<int>(month - static_cast<double>(year) * months_per_year) + 1;
  const int day = std::min(at->day.day, days_in_month(year, month_of_year));
  const double day_number =
      static_cast<double>(days_from(year, month_of_year, day)) + std::trunc(days);
  if (temporal.kind() == Kind::date) return date_at(context, day_number * seconds_per_day);
  const double wall = day_number * seconds_per_day + at->seconds;
  return make_moment(context.heap, seconds_from_wall(context, wall, zone_of(temporal)),
                     zone_of(temporal));
}

Result<Value> added(Context& context, std::string_view unit, double count, const Value& value) {
  const Value temporal = value.kind() == Kind::date ? value : to_moment(context, value, "UTC");
  if (temporal.is_null()) return temporal;
  if (const double length = fixed_unit(unit); length > 0) {
    const double seconds = seconds_of(temporal) + count * length;
    if (temporal.kind() == Kind::date) return date_at(context, seconds);
    return make_moment(context.heap, seconds, zone_of(temporal));
  }
  if (unit == "day") return moved_on_calendar(context, temporal, count, 0);
  if (unit == "week") return moved_on_calendar(context, temporal, count * 7, 0);
  if (unit == "month") return moved_on_calendar(context, temporal, 0, count);
  if (unit == "year") return moved_on_calendar(context, temporal, 0, count * months_per_year);
  return refuse("Unsupported interval unit: " + std::string(unit));
}

Result<Value> date_add(Context& context, Arguments arguments) {
  TextBuilder unit(context.heap);
  MR_CHECK(append_text(unit, context, arguments[0]));
  return added(context, unit.view(), to_number(arguments[1]), arguments[2]);
}

Result<Value> add_days(Context& context, Arguments arguments) {
  return added(context, "day", to_number(arguments[1]), arguments[0]);
}

Result<Value> date_diff(Context& context, Arguments arguments) {
  TextBuilder name(context.heap);
  MR_CHECK(append_text(name, context, arguments[0]));
  const std::string_view unit = name.view();
  const Value from = to_moment(context, arguments[1], "UTC");
  const Value to = to_moment(context, arguments[2], "UTC");
  if (from.is_null() || to.is_null()) return Value();
  const double elapsed = to.moment().seconds - from.moment().seconds;
  double length = fixed_unit(unit);
  if (unit == "day") length = seconds_per_day;
  if (unit == "week") length = 7 * seconds_per_day;
  if (length > 0) return make_number(std::floor(elapsed / length));
  const auto a = zoned(context, from);
  const auto b = zoned(context, to);
  if (unit != "month" && unit != "year") {
    return refuse("Unsupported interval unit: " + std::string(unit));
  }
  if (!a || !b) return make_number(nan);
  const auto years = static_cast<double>(b->day.year - a->day.year);
  if (unit == "year") return make_number(years);
  return make_number(years * months_per_year + b->day.month - a->day.month);
}

// The beginning of the unit that the moment is in, by the clocks of its zone.
Result<Value> truncated(Context& context, std::string_view unit, const Value& moment) {
  const auto at = zoned(context, moment);
  if (!at) return make_moment(context.heap, nan, zone_of(moment));
  int64_t days = at->days;
  double seconds = 0;
  if (unit == "year") {
    days = days_from(at->day.year, 1, 1);
  } else if (unit == "month") {
    days = days_from(at->day.year, at->day.month, 1);
  } else if (unit == "week") {
    days -= weekday_of(days) - 1;
  } else if (unit == "hour") {
    seconds = at->hour() * 3600.0;
  } else if (unit == "minute") {
    seconds = at->hour() * 3600.0 + at->minute() * 60.0;
  } else if (unit != "day") {
    return refuse("Unsupported interval unit: " + std::string(unit));
  }
  const double wall = static_cast<double>(days * seconds_per_day) + seconds;
  // Hours and minutes keep their offset, so that an hour that comes twice stays the one it was.
  const bool within_day = unit == "hour" || unit == "minute";
  const double utc =
      within_day ? wall - at->offset : seconds_from_wall(context, wall, zone_of(moment));
  return make_moment(context.heap, utc, zone_of(moment));
}

Result<Value> date_trunc(Context& context, Arguments arguments) {
  if (arguments[1].kind() != Kind::moment) return refuse("Expected a DateTime");
  TextBuilder unit(context.heap);
  MR_CHECK(append_text(unit, context, arguments[0]));
  return truncated(context, unit.view(), arguments[1]);
}

enum class Unit : uint8_t { hour, day, week, month };

template <Unit unit>
Result<Value> start_of(Context& context, Arguments arguments) {
  constexpr std::string_view names[] = {"hour", "day", "week", "month"};
  const Value moment = to_moment(context, arguments[0], "UTC");
  if (moment.is_null()) return moment;
  return truncated(context, names[static_cast<size_t>(unit)], moment);
}

Result<Value> part_of(Context& context, std::string_view part, const Value& value) {
  const Value temporal = value.kind() == Kind::date ? value : to_moment(context, value, "UTC");
  if (temporal.is_null()) return temporal;
  const auto at = zoned(context, temporal);
  if (!at) return make_number(nan);
  if (part == "year") return make_number(static_cast<double>(at->day.year));
  if (part == "month") return make_number(at->day.month);
  if (part == "day") return make_number(at->day.day);
  if (part == "hour") return make_number(at->hour());
  if (part == "minute") return make_number(at->minute());
  if (part == "second") return make_number(at->second());
  return refuse("Unsupported extract part: " + std::string(part));
}

Result<Value> extract(Context& context, Arguments arguments) {
  TextBuilder part(context.heap);
  MR_CHECK(append_text(part, context, arguments[0]));
  return part_of(context, part.view(), arguments[1]);
}

Result<Value> to_year(Context& context, Arguments arguments) {
  return part_of(context, "year", arguments[0]);
}

Result<Value> to_month(Context& context, Arguments arguments) {
  return part_of(context, "month", arguments[0]);
}

Result<Value> to_year_month(Context& context, Arguments arguments) {
  MR_TRY(const Value year, part_of(context, "year", arguments[0]));
  MR_TRY(const Value month, part_of(context, "month", arguments[0]));
  return make_number(to_number(year) * 100 + to_number(month));
}

enum class Span : uint8_t { day, hour, minute, month };

template <Span span>
Result<Value> interval(Context& context, Arguments arguments) {
  constexpr std::string_view names[] = {"day", "hour", "minute", "month"};
  return make_interval(context.heap, to_number(arguments[0]), names[static_cast<size_t>(span)]);
}

constexpr LibraryFunction functions[] = {
    {"now", 0, 1, now},
    {"today", 0, 0, today},
    {"toDate", 1, 1, to_date},
    {"toDateTime", 1, 2, to_date_time},
    {"toUnixTimestamp", 1, 2, to_unix},
    {"toUnixTimestampMilli", 1, 2, to_unix_millis},
    {"fromUnixTimestamp", 1, 1, from_unix},
    {"fromUnixTimestampMilli", 1, 1, from_unix_millis},
    {"toTimeZone", 2, 2, to_time_zone},
    {"dateAdd", 3, 3, date_add},
    {"addDays", 2, 2, add_days},
    {"dateDiff", 3, 3, date_diff},
    {"dateTrunc", 2, 3, date_trunc},
    {"toStartOfDay", 1, 2, start_of<Unit::day>},
    {"toStartOfHour", 1, 1, start_of<Unit::hour>},
    {"toStartOfMonth", 1, 1, start_of<Unit::month>},
    {"toStartOfWeek", 1, 2, start_of<Unit::week>},
    {"extract", 2, 2, extract},
    {"toYear", 1, 1, to_year},
    {"toMonth", 1, 1, to_month},
    {"toYYYYMM", 1, 1, to_year_month},
    {"toIntervalDay", 1, 1, interval<Span::day>},
    {"toIntervalHour", 1, 1, interval<Span::hour>},
    {"toIntervalMinute", 1, 1, interval<Span::minute>},
    {"toIntervalMonth", 1, 1, interval<Span::month>},
};

}  // namespace

std::span<const LibraryFunction> date_functions() {
  return functions;
}

}  // namespace mr::hog
