#include "hog/zoned.h"

#include <cmath>
#include <limits>

#include "hog/coerce.h"
#include "hog/compare.h"
#include "hog/text.h"
#include "hog/time_zone.h"

namespace mr::hog {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double seconds_max = 8.64e12;  // what JavaScript's dates can hold

}  // namespace

int Zoned::millis() const {
  // Seconds arrive as decimals; a millisecond is the finest that was meant.
  const double fraction = seconds - std::floor(seconds);
  return std::min(static_cast<int>(std::floor(fraction * 1000 + 0.0005)), 999);
}

std::optional<Zoned> zoned(Context& context, double seconds, std::string_view zone) {
  if (!(std::abs(seconds) <= seconds_max)) return std::nullopt;
  const TimeZone* rules = context.zones.find(zone);
  if (rules == nullptr) return std::nullopt;
  // Whole milliseconds, so that no day or second is missed by a rounding error.
  const double rounded = std::round(seconds * 1000) / 1000;
  const int offset = rules->offset_at(rounded);
  const double wall = rounded + offset;
  const auto days = static_cast<int64_t>(std::floor(wall / seconds_per_day));
  return Zoned{day_from(days), days, wall - static_cast<double>(days * seconds_per_day), offset};
}

std::optional<Zoned> zoned(Context& context, const Value& temporal) {
  if (temporal.kind() == Kind::date) return zoned(context, seconds_of(temporal), "UTC");
  const Moment& moment = temporal.moment();
  return zoned(context, moment.seconds, moment.zone.is_text() ? moment.zone.text().view() : "UTC");
}

double seconds_from_wall(Context& context, double wall_seconds, std::string_view zone) {
  const TimeZone* rules = context.zones.find(zone);
  return rules == nullptr ? nan : rules->utc_of(wall_seconds);
}

Value to_moment(Context& context, const Value& value, std::string_view zone) {
  if (value.kind() == Kind::moment) return value;
  double seconds = nan;
  if (value.kind() == Kind::date) {
    seconds = seconds_of(value);
  } else if (value.is_number()) {
    seconds = value.number();
  } else if (value.is_text()) {
    if (const auto parsed = parse_date_text(value.text().view())) {
      seconds = parsed->offset_minutes ? parsed->utc_seconds()
                                       : seconds_from_wall(context, parsed->wall_seconds, zone);
    }
  }
  return make_moment(context.heap, seconds, zone);
}

}  // namespace mr::hog
