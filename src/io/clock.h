#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "io/task.h"

namespace mr::io {

// What a clock calls when a timer's time has come. The owner keeps it alive while it is started.
class TimerEvent {
 public:
  virtual ~TimerEvent() = default;
  // Called once, on the loop's thread, at or after the requested time.
  virtual void expired() = 0;

  // For the clock that the event is started with: where it keeps the event. Nobody else's.
  static constexpr size_t not_started = SIZE_MAX;
  size_t clock_slot = not_started;
};

// The door of time. now() and wall() stand still within one turn of the loop, so a piece of code
// between two co_awaits sees one time.
class Clock {
 public:
  virtual ~Clock() = default;

  // Monotonic time: for deadlines and durations. Never persisted.
  virtual Instant now() const = 0;
  // Civil time: for timestamps. It may jump, both ways.
  virtual WallTime wall() const = 0;

  // Calls event.expired() once at or after `when`. One start per event at a time.
  virtual void start_timer(TimerEvent& event, Instant when) = 0;
  // Takes a started event back; a no-op for one that is not started.
  virtual void cancel_timer(TimerEvent& event) = 0;

  // Completes at or after `when`; at once when that has passed.
  Task<void> sleep_until(Instant when);
  Task<void> sleep(Millis duration) { return sleep_until(now() + duration); }
};

// A deadline that never comes.
inline constexpr Instant no_deadline{INT64_MAX};

}  // namespace mr::io
