#pragma once

#include <cstdint>
#include <limits>

#include "hog/host.h"
#include "hog/value.h"

namespace mr::hog {

class RegexCache;
class TimeZones;

// How much of the machine one run of a program may use.
struct Limits {
  size_t memory_bytes_max = size_t{64} << 20U;
  double time_millis_max = 5000;  // of synchronous work, summed over all resumptions
  // The same on every machine, unlike time: instructions, and what the library does in their place.
  uint64_t operations_max = std::numeric_limits<uint64_t>::max();
  uint32_t async_steps_max = 100;
  uint32_t call_depth_max = 1000;
  uint32_t arguments_max = 300;
};

// How deeply values may nest where a walk over them is recursive: print, JSON, copies.
inline constexpr int value_nesting_max = 1000;

// Counts work and watches the clock. Long loops of the library ask it as the machine does.
class Budget {
 public:
  Budget(Host& host, const Limits& limits)
      : host_(host), limits_(limits), began_(host.steady_millis()) {}

  // A run begins, after `millis` and `operations` that earlier runs have used.
  void start(double millis_used, uint64_t operations_used) {
    began_ = host_.steady_millis() - millis_used;
    operations_ = operations_used;
    work_ = 0;
    exhausted_ = false;
  }
  // One instruction; every 32nd looks at the clock. False when the run must end.
  bool step() {
    if ((++operations_ & 31U) == 0 || operations_ > limits_.operations_max) look();
    return !exhausted_;
  }
  // `count` small pieces of work inside of one instruction.
  bool work(uint64_t count) {
    work_ += count;
    if (work_ >= work_between_looks) {
      operations_ += work_ / work_per_operation;
      work_ = 0;
      look();
    }
    return !exhausted_;
  }
  void look() {
    if (operations_ > limits_.operations_max || millis() > limits_.time_millis_max) {
      exhausted_ = true;
    }
  }

  bool exhausted() const { return exhausted_; }
  uint64_t operations() const { return operations_; }
  // Of synchronous work so far.
  double millis() const { return host_.steady_millis() - began_; }
  const Limits& limits() const { return limits_; }

 private:
  static constexpr uint64_t work_between_looks = 4096;
  static constexpr uint64_t work_per_operation = 16;

  Host& host_;
  Limits limits_;
  double began_;
  uint64_t operations_ = 0;
  uint64_t work_ = 0;
  bool exhausted_ = false;
};

// What functions of the library work with.
struct Context {
  Heap& heap;
  Budget& budget;
  Host& host;
  RegexCache& regexes;
  TimeZones& zones;
};

}  // namespace mr::hog
