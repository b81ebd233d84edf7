#pragma once

#include <cstdint>

#include "io/random.h"

namespace mr::sim {

// A stream of pseudo-random numbers that a seed determines (SplitMix64). Streams made with
// split() are independent, so one component's draws do not shift another's.
class SimRandom final : public io::Random {
 public:
  explicit SimRandom(uint64_t seed) : state_(seed) {}

  uint64_t next() override {
    state_ += 0x9E3779B97F4A7C15;
    uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
    return mixed ^ (mixed >> 31);
  }
  // A number in [0, bound); bound > 0.
  uint64_t below(uint64_t bound) { return next() % bound; }
  // A number in [from, to].
  uint64_t between(uint64_t from, uint64_t to) { return from + below(to - from + 1); }
  // True once in `count` draws on average.
  bool one_in(uint64_t count) { return below(count) == 0; }
  SimRandom split() { return SimRandom(next()); }
  uint64_t state() const { return state_; }

 private:
  uint64_t state_;
};

}  // namespace mr::sim
