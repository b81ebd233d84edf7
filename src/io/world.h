#pragma once

namespace mr::io {

class Loop;
class Clock;
class Disk;
class Network;
class Random;
class Worker;

// Decides when production code takes a rare path in simulation: each site is armed for a whole run
// or not at all, so that a run has a character.
class Mischief {
 public:
  virtual ~Mischief() = default;
  virtual bool strikes(const char* site) = 0;
};

// The six doors, handed down from main/ (the real ones) or from a simulated world. Components take
// the doors that they need by reference and keep them; the world outlives them.
struct World {
  Loop& loop;
  Clock& clock;
  Disk& disk;
  Network& network;
  Random& random;
  Worker& worker;

  // Set only in simulation.
  Mischief* mischief_source = nullptr;
  // A named site asks whether it should take its rare path now (roll a segment early, commit a
  // batch of one). Production always says no.
  bool mischief(const char* site) const {
    return mischief_source != nullptr && mischief_source->strikes(site);
  }
};

}  // namespace mr::io
