#include "io/system_time.h"

#include <ctime>

namespace mr::io {
namespace {

int64_t micros_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<int64_t>(time.tv_sec) * 1'000'000 + time.tv_nsec / 1000;
}

}  // namespace

Instant system_instant() {
  return {micros_of(CLOCK_MONOTONIC)};
}

WallTime system_wall() {
  return {micros_of(CLOCK_REALTIME) / 1000};
}

}  // namespace mr::io
