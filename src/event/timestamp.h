#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace mr::event {

// Times as clients write them and as we do (contract: capture section 3). All are UTC inside.

// Reads RFC 3339; ISO 8601 without a zone (then UTC), with a blank for the T, with a two-digit or
// colon-less zone, without seconds; a date alone; year-first and month-first slashed dates with or
// without a time; RFC 2822; and epoch seconds (10 digits), milliseconds (13), microseconds (16) or
// nanoseconds (19) as text. Digits below a millisecond are cut. Nothing for anything else.
std::optional<WallTime> parse_timestamp(std::string_view text);

// Reads RFC 3339 only: date, T or a blank, time with seconds, zone.
std::optional<WallTime> parse_rfc3339(std::string_view text);

// "2026-01-02T03:04:05.678Z"
std::string format_rfc3339(WallTime time);
// "2026-01-02 03:04:05.678", what the warehouse's DateTime64 columns take.
std::string format_row_millis(WallTime time);
// "2026-01-02 03:04:05", the second precision of person rows.
std::string format_row_seconds(WallTime time);

// The years that can be written with four digits.
inline constexpr WallTime time_min{-62'167'219'200'000};
inline constexpr WallTime time_max{253'402'300'799'999};

// How far ahead of its arrival an event may lie before its time is taken to be wrong.
inline constexpr Millis future_max{23LL * 3600 * 1000};
// Clock skew is corrected in steps of this: a slow request is not a wrong clock.
inline constexpr Millis skew_step{5LL * 60 * 1000};

// What became of a client's time; each is a counter.
enum class TimeOutcome : uint8_t {
  as_given,      // used as it was sent
  corrected,     // shifted by the client's clock skew
  from_offset,   // computed from an age
  absent,        // none sent: the arrival time
  unparsable,    // sent but not understood: the arrival time
  future,        // more than future_max ahead: the arrival time
  out_of_range,  // a year beyond four digits: the Unix epoch
};
std::string_view to_string(TimeOutcome outcome);

struct TimeInput {
  std::optional<std::string_view> timestamp;  // the event's own text
  std::optional<int64_t> offset_millis;       // the event's age when it was sent; wins
  std::optional<WallTime> sent_at;            // the client's clock when it sent the request
  bool ignore_sent_at = false;                // the event asked for no correction
  WallTime now;                               // arrival
};

struct EventTime {
  WallTime time;
  TimeOutcome outcome;
};

// The time at which the event happened, by the rules of capture section 3.
EventTime compute_event_time(const TimeInput& input);

// The same for PostHog's v1, whose skew is taken exactly. An event without `sent_at` asked for no
// correction, and keeps its time also when that is far ahead.
EventTime compute_v1_event_time(WallTime given, std::optional<WallTime> sent_at, WallTime now);

// sent_at − now, rounded to the nearest skew_step, half away from zero.
Millis quantised_skew(WallTime sent_at, WallTime now);

}  // namespace mr::event
