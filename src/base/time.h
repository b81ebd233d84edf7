#pragma once

#include <compare>
#include <cstdint>

namespace mr {

// A length of time in milliseconds.
struct Millis {
  int64_t count = 0;
  constexpr auto operator<=>(const Millis&) const = default;
  constexpr Millis operator+(Millis other) const { return {count + other.count}; }
  constexpr Millis operator-(Millis other) const { return {count - other.count}; }
};

// A point on the monotonic clock, in microseconds since an unspecified start. Never persisted.
struct Instant {
  int64_t micros = 0;
  constexpr auto operator<=>(const Instant&) const = default;
  constexpr Instant operator+(Millis d) const { return {micros + d.count * 1000}; }
  // Whole milliseconds from `earlier` to this; negative when this is earlier.
  constexpr Millis operator-(Instant earlier) const { return {(micros - earlier.micros) / 1000}; }
};

// A point in civil time: milliseconds since 1970-01-01T00:00:00Z, without leap seconds. May jump
// both ways between two readings.
struct WallTime {
  int64_t millis = 0;
  constexpr auto operator<=>(const WallTime&) const = default;
  constexpr WallTime operator+(Millis d) const { return {millis + d.count}; }
  constexpr WallTime operator-(Millis d) const { return {millis - d.count}; }
  constexpr Millis operator-(WallTime other) const { return {millis - other.millis}; }
};

}  // namespace mr
