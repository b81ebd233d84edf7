#pragma once

#include <cstdint>
#include <optional>

#include "hog/calendar.h"
#include "hog/context.h"

namespace mr::hog {

// A moment as the clocks of its zone show it.
struct Zoned {
  Day day;
  int64_t days;    // of `day` since 1970
  double seconds;  // since that midnight, with a fraction
  int offset;      // of the zone at that moment, in seconds

  int hour() const { return static_cast<int>(seconds) / 3600; }
  int minute() const { return static_cast<int>(seconds) / 60 % 60; }
  int second() const { return static_cast<int>(seconds) % 60; }
  int millis() const;
};

// Nothing for a moment that never was or a zone that nobody knows.
std::optional<Zoned> zoned(Context& context, double seconds, std::string_view zone);
// A date or datetime.
std::optional<Zoned> zoned(Context& context, const Value& temporal);

// The moment at which the clocks of the zone show that; NaN for an unknown zone.
double seconds_from_wall(Context& context, double wall_seconds, std::string_view zone);

// A date, a datetime, seconds or a text as a datetime; `zone` reads a text that has no offset, and
// stays with it. NaN inside where it is none of these.
Value to_moment(Context& context, const Value& value, std::string_view zone);

}  // namespace mr::hog
