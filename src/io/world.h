#pragma once

namespace mr::io {

class Loop;
class Clock;
class Disk;
class Network;
class Random;
class Worker;

// The six doors, handed down from main/ (the real ones) or from a simulated world. Components take
// the doors that they need by reference and keep them; the world outlives them.
struct World {
  Loop& loop;
  Clock& clock;
  Disk& disk;
  Network& network;
  Random& random;
  Worker& worker;

  // True only in simulation, and there only sometimes: a named site asks whether it should take
  // its rare path now (roll a segment early, a batch of one). Production always says no.
  bool (*mischief_source)(const char* site) = nullptr;
  bool mischief(const char* site) const { return mischief_source != nullptr && mischief_source(site); }
};

}  // namespace mr::io
