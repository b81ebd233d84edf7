#include "log/simulation_sim.h"

#include <algorithm>

#include "log/manifest.h"
#include "log/watermark.h"
#include "log/workload_sim.h"

namespace mr::log {

namespace {

bool left_out(const RunOptions& options, std::string_view kind) {
  return std::find(options.without.begin(), options.without.end(), kind) != options.without.end();
}

// Each kind of the disk and the clock is on in a quarter of the rounds.
sim::Faults draw_faults(sim::SimRandom& random, const RunOptions& options) {
  constexpr uint64_t rarities[] = {10, 30, 100};
  sim::Faults faults;
  for (const sim::FaultKind& kind : sim::fault_kinds) {
    if (std::string_view(kind.name).ends_with("network")) continue;
    const bool on = random.one_in(4);
    faults.*kind.on = on && !left_out(options, kind.name);
  }
  faults.one_in = rarities[random.below(std::size(rarities))];
  faults.mischief = !left_out(options, "mischief");
  return faults;
}

std::string names_of(const sim::Faults& faults) {
  std::string text;
  for (const sim::FaultKind& kind : sim::fault_kinds) {
    if (faults.*kind.on && kind.on != &sim::Faults::mischief) text += std::string(" ") + kind.name;
  }
  return text;
}

// Leaves words on the watermark page that pass their own checks, but for the version's.
io::Task<bool> spoil_page(io::World world, sim::SimRandom& random) {
  constexpr unsigned value_bits = 48;
  const auto page =
      co_await world.disk.map_shared(std::string(sim_partition_folder) + "/" + watermark_name);
  if (!page) co_return false;  // the partition has no folder yet
  for (size_t word = 0; word <= static_cast<size_t>(WatermarkWord::remove_below); ++word) {
    const uint64_t bits = random.between(1, value_bits);
    const uint64_t value = random.next() >> (64 - bits);
    const bool version = word == static_cast<size_t>(WatermarkWord::version);
    (*page)->store(word, version ? value : encode_word(static_cast<WatermarkWord>(word), value));
  }
  co_return true;
}

// The machine of one run: the writer is its main process, whoever reads lives in another.
struct Machine {
  Machine(const Scenario& s, uint64_t seed, const RunOptions& o)
      : scenario(s),
        options(o),
        world({.seed = seed,
               .faults = {.mischief = !left_out(o, "mischief")},
               .direct_supported = s.direct != 0,
               .ignore_folder_syncs = o.bugs.ignore_folder_syncs,
               .ignore_short_writes = o.bugs.ignore_short_writes,
               .trace = o.trace}),
        random(seed * 2 + 1) {}

  Setting setting(bool calm) {
    return {scenario, options.bugs, model, random, world.storage(), calm, false};
  }
  // Runs one life of the writer; true when it ended by itself.
  bool run(const Setting& with) {
    if (readers == nullptr) {
      readers = &world.start_process();
      readers->spawn(tail(background, readers->world()));
      for (int i = 0; i < scenario.consumers; ++i) {
        readers->spawn(consume(background, readers->world(), "c" + std::to_string(i)));
      }
    }
    return world.run(live(with, world.world())).has_value();
  }
  // The end of a life.
  void crash(sim::CrashKind kind) {
    world.set_faults({.mischief = !left_out(options, "mischief")});
    const bool power = kind == sim::CrashKind::power;
    if (!power && readers != nullptr && random.one_in(3)) {
      world.kill(*readers);
      readers = nullptr;
    }
    world.crash(kind);
    if (power) readers = nullptr;
    if (power && scenario.page_lies != 0) world.run(spoil_page(world.world(), random));
    model.power_lost |= power;
    if (!model.stopped) model.now = world.now().micros;
    model.stopped = true;
  }
  RunResult result(const std::string& faults) {
    RunResult result;
    result.fingerprint = world.fingerprint();
    result.operations = world.operations();
    if (!model.failure.empty()) {
      result.failure = {model.failure, faults, world.operations(), world.now().micros};
    }
    return result;
  }

  const Scenario& scenario;
  const RunOptions& options;
  sim::SimWorld world;
  sim::SimRandom random;
  Model model;
  sim::SimProcess* readers = nullptr;
  const Setting background = setting(false);
};

// One round of misfortune. Yields what it was.
std::string run_round(Machine& machine) {
  sim::SimRandom& random = machine.random;
  const RunOptions& options = machine.options;
  const sim::Faults faults = draw_faults(random, options);
  machine.world.set_faults(faults);
  if (machine.scenario.full_disk != 0) {
    machine.world.storage().set_capacity(random.one_in(2) ? 4 << 20 : random.below(400'000));
  }
  const bool crashes = !random.one_in(4);
  const uint64_t after = random.between(1, random.one_in(2) ? 150 : 600);
  if (crashes && !left_out(options, "crash")) {
    machine.world.crash_at(machine.world.operations() + after);
  }
  Setting setting = machine.setting(false);
  setting.sync_may_fail = faults.sync_error || faults.write_error || faults.slow_disk;
  machine.model.sync_failed |= setting.sync_may_fail;
  const bool ended = machine.run(setting);
  const bool power = random.one_in(2) && !left_out(options, "power");
  machine.crash(power ? sim::CrashKind::power : sim::CrashKind::process);
  const bool rots = machine.scenario.rot != 0 && random.one_in(2) && !left_out(options, "rot");
  if (rots) rot(setting, !power);
  return " /" + names_of(faults) +
         (ended   ? " end"
          : power ? " power"
                  : " crash") +
         (rots ? " rot" : "");
}

void run_calm(Machine& machine) {
  if (machine.scenario.full_disk != 0) machine.world.storage().set_capacity(8 << 20);
  const Setting setting = machine.setting(true);
  if (!machine.run(setting)) machine.model.fail("V1: a round without faults does not end");
  machine.crash(machine.random.one_in(2) ? sim::CrashKind::power : sim::CrashKind::process);
}

}  // namespace

RunResult simulate(const Scenario& scenario, uint64_t seed, const RunOptions& options) {
  Machine machine(scenario, seed, options);
  std::string faults;
  for (int round = 0; round < scenario.rounds && machine.model.failure.empty(); ++round) {
    faults += run_round(machine);
  }
  for (int calm = 0; calm < 2 && machine.model.failure.empty(); ++calm) {
    run_calm(machine);
    faults += " / calm";
  }
  return machine.result(faults);
}

RunResult simulate_crash_at(const Scenario& scenario, uint64_t seed, uint64_t crash_at,
                            sim::CrashKind kind, const RunOptions& options) {
  Machine machine(scenario, seed, options);
  if (crash_at != 0) machine.world.crash_at(crash_at);
  const Setting first = machine.setting(true);
  machine.run(first);
  const uint64_t operations = machine.world.operations();
  machine.crash(kind);
  const Setting again = machine.setting(true);
  if (!machine.run(again)) machine.model.fail("V1: the life after the crash does not end");
  RunResult result = machine.result((kind == sim::CrashKind::power ? " power" : " process") +
                                    std::string(" crash at operation ") + std::to_string(crash_at));
  result.operations = operations;
  return result;
}

std::string describe(const Failure& failure, const Scenario& scenario, uint64_t seed) {
  return failure.invariant + " | scenario " + scenario.name + " seed " + std::to_string(seed) +
         " faults" + failure.faults + " operation " + std::to_string(failure.operation) + " time " +
         std::to_string(failure.micros) + " us";
}

}  // namespace mr::log
