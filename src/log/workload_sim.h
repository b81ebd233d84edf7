#pragma once

#include "io/world.h"
#include "log/model_sim.h"
#include "log/scenario_sim.h"
#include "sim/sim_world.h"

// What the processes of a simulated machine do with the partition, each step judged by the model.
namespace mr::log {

inline constexpr const char* sim_partition_folder = "log/topic/0";

// What one life of the machine works with; outlives its tasks.
struct Setting {
  const Scenario& scenario;
  const Bugs& bugs;
  Model& model;
  sim::SimRandom& random;
  sim::Storage& storage;
  bool calm;                   // no faults: everything must succeed
  bool sync_may_fail = false;  // in this life, so that what was answered before it may be lost
};

// One life of the writing process: open, check, append, wait for the consumers, close.
io::Task<bool> live(const Setting& setting, io::World world);

// Reads from the beginning, on and on, until its process ends.
io::Task<void> tail(const Setting& setting, io::World world);

// Reads on from the position in its checkpoint, until its process ends.
io::Task<void> consume(const Setting& setting, io::World world, std::string name);

// Flips a bit in something that is synced, and tells the model what is lost by it. Call it after a
// power loss: what was durable is all there is. After a crash of a process `only_cache` ruins what
// the page cache shows, and nothing may be lost.
void rot(const Setting& setting, bool only_cache);

}  // namespace mr::log
