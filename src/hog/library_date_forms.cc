#include <array>
#include <cmath>

#include "hog/library_support.h"
#include "hog/zoned.h"

// Dates as text: ISO forms, and formatDateTime with its tokens.
namespace mr::hog {
namespace {

constexpr std::array<std::string_view, 12> months = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> weekdays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                      "Friday", "Saturday", "Sunday"};

std::string padded(int64_t number, size_t width) {
  std::string digits = std::to_string(std::abs(number));
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  return number < 0 ? "-" + digits : digits;
}

std::string offset_text(int offset, std::string_view separator) {
  const int minutes = std::abs(offset) / 60;
  return (offset < 0 ? "-" : "+") + padded(minutes / 60, 2) + std::string(separator) +
         padded(minutes % 60, 2);
}

std::string iso_date(const Day& day) {
  return padded(day.year, 4) + "-" + padded(day.month, 2) + "-" + padded(day.day, 2);
}

std::string clock(const Zoned& at) {
  return padded(at.hour(), 2) + ":" + padded(at.minute(), 2);
}

int hour_of_twelve(const Zoned& at) {
  return at.hour() % 12 == 0 ? 12 : at.hour() % 12;
}

std::string_view half_of_day(const Zoned& at) {
  return at.hour() < 12 ? "AM" : "PM";
}

std::string date_token(char token, const Zoned& at) {
  const std::string year = padded(at.day.year, 4);
  const std::string short_year = year.substr(year.size() - 2);
  switch (token) {
    case 'a':
      return std::string(weekdays[static_cast<size_t>(weekday_of(at.days)) - 1].substr(0, 3));
    case 'W':
      return std::string(weekdays[static_cast<size_t>(weekday_of(at.days)) - 1]);
    case 'b':
      return std::string(months[static_cast<size_t>(at.day.month) - 1].substr(0, 3));
    case 'M':
      return std::string(months[static_cast<size_t>(at.day.month) - 1]);
    case 'c':
    case 'm':
      return padded(at.day.month, 2);
    case 'C':
    case 'g':
    case 'y':
      return short_year;
    case 'd':
      return padded(at.day.day, 2);
    case 'D':
      return padded(at.day.month, 2) + "/" + padded(at.day.day, 2) + "/" + short_year;
    case 'e':
      return std::to_string(at.day.day);
    case 'F':
      return iso_date(at.day);
    case 'j':
      return padded(day_of_year(at.day), 3);
    case 'Q':
      return std::to_string((at.day.month + 2) / 3);
    case 'u':
    case 'w':
      return std::to_string(weekday_of(at.days));
    case 'V':
      return padded(week_of(at.days), 2);
    case 'G':  // the calendar's year, not that of the week
    case 'Y':
      return year;
    default:
      return "";
  }
}

std::string time_token(char token, const Zoned& at) {
  switch (token) {
    case 'f':
      return padded(at.millis(), 3);
    case 'h':
    case 'I':
    case 'l':
      return padded(hour_of_twelve(at), 2);
    case 'H':
    case 'k':
      return padded(at.hour(), 2);
    case 'i':
      return padded(at.minute(), 2);
    case 'p':
      return std::string(half_of_day(at));
    case 'r':
      return padded(hour_of_twelve(at), 2) + ":" + padded(at.minute(), 2) + " " +
             std::string(half_of_day(at));
    case 'R':
      return clock(at);
    case 's':
    case 'S':
      return padded(at.second(), 2);
    case 'T':
      return clock(at) + ":" + padded(at.second(), 2);
    case 'z':
      return offset_text(at.offset, "");
    case 'n':
      return "\n";
    case 't':
      return "\t";
    case '%':
      return "%";
    default:
      return "";
  }
}

Result<Value> format(Context& context, Arguments arguments) {
  const Value& moment = arguments[0];
  if (moment.kind() != Kind::moment) return refuse("Expected a DateTime");
  if (!arguments[1].is_text() || arguments[1].text().size == 0) {
    return refuse("formatDateTime requires at least 2 arguments");
  }
  std::string_view zone = moment.moment().zone.text().view();
  if (arguments.size() > 2 && arguments[2].is_text()) zone = arguments[2].text().view();
  const auto at = zoned(context, moment.moment().seconds, zone);
  if (!at) return make_text(context.heap, "Invalid DateTime");
  TextBuilder out(context.heap);
  const std::string_view pattern = arguments[1].text().view();
  for (size_t i = 0; i < pattern.size() && context.budget.work(1); ++i) {
    if (pattern[i] != '%') {
      out.append(pattern[i]);
    } else if (++i < pattern.size()) {
      out.append(date_token(pattern[i], *at));
      out.append(time_token(pattern[i], *at));
    }
  }
  return out.finish();
}

constexpr LibraryFunction functions[] = {
    {"formatDateTime", 2, 3, format},
};

}  // namespace

Result<void> append_text(TextBuilder& out, Context& context, const Value& value) {
  if (!value.is_temporal()) return append_printed(out, context.budget, value);
  const auto at = zoned(context, value);
  if (!at) {
    out.append(value.kind() == Kind::moment ? "null" : "NaN-NaN-NaN");
    return {};
  }
  out.append(iso_date(at->day));
  if (value.kind() == Kind::date) return {};
  out.append("T" + clock(*at) + ":" + padded(at->second(), 2) + "." + padded(at->millis(), 3));
  const bool utc = value.moment().zone.is_text() && value.moment().zone.text().view() == "UTC";
  out.append(utc ? "Z" : offset_text(at->offset, ":"));
  return {};
}

std::span<const LibraryFunction> date_form_functions() {
  return functions;
}

}  // namespace mr::hog
