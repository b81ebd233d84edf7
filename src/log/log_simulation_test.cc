#include "log/test_support.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "io/task_group.h"
#include "log/embedded_log.h"
#include "log/partition.h"
#include "sim/test_support.h"

namespace mr::log {

Scenario load_scenario(const std::string& name) {
  Scenario scenario;
  scenario.name = name;
  std::ifstream file(std::string(MR_SOURCE_DIR) + "/tests/sim/" + name + ".scenario");
  EXPECT_TRUE(file.is_open()) << name;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string key;
    int value = 0;
    if (line.starts_with("#") || !(words >> key >> value)) continue;
    if (key == "producers") scenario.producers = value;
    if (key == "appends") scenario.appends = value;
    if (key == "records_max") scenario.records_max = value;
    if (key == "value_bytes_max") scenario.value_bytes_max = value;
    if (key == "rounds") scenario.rounds = value;
    if (key == "direct") scenario.direct = value != 0;
    if (key == "publish") scenario.publish = value != 0;
    if (key == "full_disk") scenario.full_disk = value != 0;
    if (key == "sync_interval") scenario.sync_interval = value;
    if (key == "retention_bytes") scenario.retention_bytes = value;
  }
  return scenario;
}

namespace {

using io::Task;

constexpr const char* folder = "log/topic/0";

// What must hold, in maps. Everything is checked at once when it becomes known.
struct Model {
  std::map<std::string, int> submitted;
  std::map<int64_t, std::string> acknowledged;
  std::map<int64_t, std::string> seen;
  int64_t committed = 0;  // what the writer says elsewhere that counts
  int64_t finished = 0;   // what the registered consumer has said that it is done with
  std::string failure;
  uint64_t values_made = 0;
  // With syncs at intervals: when each record was answered, and what may have been lost since.
  std::map<int64_t, int64_t> answered_at;
  bool power_lost = false;
  bool sync_failed = false;  // perhaps
  int64_t now = 0;

  void fail(const std::string& what) {
    if (failure.empty()) failure = what;
  }
  void acknowledge(int64_t offset, const std::string& value, int64_t acknowledged_before) {
    if (offset < acknowledged_before) fail("L3: an offset lies below an earlier acknowledgement");
    const auto [at, fresh] = acknowledged.emplace(offset, value);
    if (!fresh) fail("L3: offset " + std::to_string(offset) + " was given twice");
  }
  // What was answered from `offset` on is gone. Only what was not synced yet may be.
  void lose_from(int64_t offset, int64_t interval_micros) {
    constexpr int64_t one_commit_micros = 50'000;
    const auto lost = acknowledged.lower_bound(offset);
    if (lost == acknowledged.end()) return;
    if (!power_lost && !sync_failed)
      fail("S1: answered records are lost though the kernel had them");
    const int64_t age = now - answered_at[lost->first];
    if (!sync_failed && age > interval_micros + one_commit_micros) {
      fail("S1: a record is lost that was answered " + std::to_string(age) + " us ago");
    }
    acknowledged.erase(lost, acknowledged.end());
  }
  void read(int64_t offset, const std::string& value) {
    if (!submitted.contains(value)) {
      fail("L2: offset " + std::to_string(offset) + " holds what nobody appended");
    }
    const auto [at, fresh] = seen.emplace(offset, value);
    if (!fresh && at->second != value) {
      fail("L4: offset " + std::to_string(offset) + " changed after it was read");
    }
    const auto known = acknowledged.find(offset);
    if (known != acknowledged.end() && known->second != value) {
      fail("L1: offset " + std::to_string(offset) + " holds another record");
    }
  }
  int64_t acknowledged_end() const {
    return acknowledged.empty() ? 0 : acknowledged.rbegin()->first + 1;
  }
};

struct Setting {
  const Scenario& scenario;
  const PlantedBugs& bugs;
  Model& model;
  sim::SimRandom& random;
  bool calm;  // no faults: everything must succeed
};

AppenderOptions options_of(const Setting& setting) {
  AppenderOptions options;
  options.first_segment_bytes = 16 * 1024;
  options.segment_bytes_max = 64 * 1024;
  options.buffered_segment_bytes_max = 32 * 1024;
  options.reserved_bytes = setting.scenario.full_disk ? 40 * 1024 : 0;
  options.bugs = setting.bugs;
  options.retention.bytes_max = static_cast<uint64_t>(setting.scenario.retention_bytes);
  options.sync_interval = Millis{setting.scenario.sync_interval};
  if (setting.scenario.publish) {
    options.visibility = stream::Visibility::on_publish;
    options.truncate_to = Offset(setting.model.committed);
  }
  return options;
}

std::string make_value(Setting& setting) {
  Model& model = setting.model;
  std::string value = "#" + std::to_string(++model.values_made) + ":";
  // Mostly small, sometimes several blocks.
  const auto most = static_cast<uint64_t>(setting.scenario.value_bytes_max);
  const uint64_t size = setting.random.below(setting.random.one_in(3) ? most : 300);
  value.resize(value.size() + size, static_cast<char>('a' + model.values_made % 26));
  ++model.submitted[value];
  return value;
}

Task<void> produce(Setting setting, io::World world, stream::Appender& appender) {
  Model& model = setting.model;
  for (int i = 0; i < setting.scenario.appends; ++i) {
    const auto most = static_cast<uint64_t>(setting.scenario.records_max);
    std::vector<std::string> values(setting.random.between(1, most));
    std::vector<stream::RecordView> records(values.size());
    for (size_t k = 0; k < values.size(); ++k) {
      values[k] = make_value(setting);
      records[k] = {world.clock.wall(), as_bytes("key"), as_bytes(values[k]), {}};
    }
    int64_t before = model.acknowledged_end();
    const auto range = co_await appender.append(records);
    if (range && setting.scenario.sync_interval > 0) {
      if (appender.status().lost_records > 0) {
        model.lose_from(range->first.value, 0);
        before = 0;
      }
      for (int64_t at = range->first.value; at <= range->last.value; ++at) {
        model.answered_at[at] = world.clock.now().micros;
      }
    }
    if (range) {
      for (size_t k = 0; k < values.size(); ++k) {
        model.acknowledge(range->first.value + static_cast<int64_t>(k), values[k], before);
      }
      if (setting.scenario.publish && !setting.random.one_in(4)) {
        co_await world.clock.sleep(Millis{static_cast<int64_t>(setting.random.below(3))});
        model.committed = range->last.value + 1;
        appender.publish(Offset(model.committed));
      }
    } else if (setting.calm && !setting.scenario.full_disk) {
      model.fail("V1: an append failed without faults: " + range.error().message());
    }
    if (setting.random.one_in(3)) co_await world.clock.sleep(Millis{1});
  }
}

// Reads on and on, from the beginning, until the world ends.
Task<void> tail(io::World world, Model& model) {
  auto reader = co_await open_partition_reader(world, folder);
  if (!reader) co_return;
  int64_t next = 0;
  for (;;) {
    const auto batch = co_await (*reader)->read(Offset(next), 5000, io::no_deadline);
    if (!batch) {
      // A fault may strike a read; the position stays, unless retention went past it.
      const auto first = co_await (*reader)->first_offset();
      if (first && batch.error().code() == ErrorCode::not_found) {
        next = std::max(next, first->value);
      }
      co_await world.clock.sleep(Millis{5});
      continue;
    }
    if (batch->damaged) co_return model.fail("L1: " + batch->damaged->reason);
    for (const auto& record : batch->records) {
      if (record.offset.value != next) model.fail("L3: a reader saw a gap");
      model.read(record.offset.value, std::string(as_text(record.value)));
      ++next;
    }
  }
}

// Reads everything once and compares it with the model.
Task<void> check_all(Setting setting, io::World world) {
  Model& model = setting.model;
  auto reader = co_await open_partition_reader(world, folder);
  if (!reader) {
    if (setting.calm) model.fail("V1: no reader: " + reader.error().message());
    co_return;
  }
  const int64_t end = (*reader)->end_offset().value;
  const auto first = co_await (*reader)->first_offset();
  if (!first) {
    if (setting.calm) model.fail("V1: no first offset: " + first.error().message());
    co_return;
  }
  if (first->value > model.finished) {
    model.fail("R1: " + std::to_string(first->value) + " is the first offset, the consumer needs " +
               std::to_string(model.finished));
  }
  int64_t next = first->value;
  while (next < end) {
    const auto batch = co_await (*reader)->read(Offset(next), 20'000, world.clock.now());
    if (!batch) {
      if (setting.calm) model.fail("L1: reading failed: " + batch.error().message());
      co_return;
    }
    if (batch->damaged) co_return model.fail("L1: " + batch->damaged->reason);
    for (const auto& record : batch->records) {
      if (record.offset.value != next) model.fail("L3: offsets are not dense");
      model.read(record.offset.value, std::string(as_text(record.value)));
      ++next;
    }
  }
  if (setting.scenario.publish) {
    if (end != model.committed) {
      model.fail("P1: " + std::to_string(end) + " records are visible, " +
                 std::to_string(model.committed) + " are committed");
    }
  } else if (!model.acknowledged.empty() && model.acknowledged.rbegin()->first >= end) {
    model.fail("L1: the log ends at " + std::to_string(end) + ", " +
               std::to_string(model.acknowledged.rbegin()->first) + " was acknowledged");
  }
  if (!model.seen.empty() && model.seen.rbegin()->first >= end) {
    model.fail("L4: a record that was read has disappeared");
  }
}

// A registered consumer that follows the log and says now and then how far it has come.
Task<void> consume(Setting setting, io::World world, stream::Consumer& consumer) {
  Model& model = setting.model;
  for (int i = 0; i < 3 * setting.scenario.appends; ++i) {
    co_await world.clock.sleep(Millis{setting.random.one_in(6) ? 700 : 1});
    if (model.acknowledged.empty() || !setting.random.one_in(3)) continue;
    const int64_t next = std::max(model.finished, model.acknowledged_end());
    // From the call on the log may let go of it.
    model.finished = next;
    (void)co_await consumer.finished(Offset(next));
  }
}

// One life of the writing process: open, check, append, close.
Task<bool> live(Setting setting, io::World world) {
  Model& model = setting.model;
  auto appender = co_await open_partition_appender(world, folder, options_of(setting));
  for (int tries = 0; !appender && !setting.calm && tries < 20; ++tries) {
    co_await world.clock.sleep(Millis{10});
    appender = co_await open_partition_appender(world, folder, options_of(setting));
  }
  if (!appender) {
    if (setting.calm) model.fail("V1: the log does not open: " + appender.error().message());
    co_return true;
  }
  if (setting.scenario.publish) {
    // What was durable but not committed is cut, and its offsets are given again.
    model.acknowledged.erase(model.acknowledged.lower_bound(model.committed),
                             model.acknowledged.end());
  }
  if (setting.scenario.sync_interval > 0) {
    model.lose_from((*appender)->next_offset().value, setting.scenario.sync_interval * 1000);
    model.power_lost = model.sync_failed = false;
  }
  co_await check_all(setting, world);
  // Retention waits for those who are registered, so the consumer is there before the producers.
  EmbeddedLog log(world, "log", {});
  const bool retention = setting.scenario.retention_bytes > 0;
  std::unique_ptr<stream::Consumer> consumer;
  if (retention) {
    auto registered =
        co_await log.register_consumer({"topic", 0}, "consumer", Offset(model.finished));
    if (registered) consumer = std::move(*registered);
  }
  if (consumer || !retention) {
    io::TaskGroup group(world.loop);
    for (int i = 0; i < setting.scenario.producers; ++i) {
      group.spawn(produce(setting, world, **appender));
    }
    if (retention) group.spawn(consume(setting, world, *consumer));
    co_await group.drain();
  }
  const auto closed = co_await (*appender)->close();
  if (!closed && setting.calm && !setting.scenario.full_disk) {
    model.fail("V1: closing failed: " + closed.error().message());
  }
  co_return true;
}

sim::Faults draw_faults(sim::SimRandom& random) {
  sim::Faults faults;
  for (bool sim::Faults::* fault :
       {&sim::Faults::write_error, &sim::Faults::read_error, &sim::Faults::sync_error,
        &sim::Faults::name_error, &sim::Faults::slow_disk, &sim::Faults::wall_jumps}) {
    faults.*fault = random.one_in(4);
  }
  faults.one_in = 30;
  faults.mischief = true;
  return faults;
}

std::string describe(const sim::Faults& faults) {
  std::string text;
  if (faults.write_error) text += " write_error";
  if (faults.read_error) text += " read_error";
  if (faults.sync_error) text += " sync_error";
  if (faults.name_error) text += " name_error";
  if (faults.slow_disk) text += " slow_disk";
  if (faults.wall_jumps) text += " wall_jumps";
  return text;
}

struct Machine {
  Machine(const Scenario& scenario, uint64_t seed)
      : world({.seed = seed,
               .faults = {.mischief = true},
               .direct_supported = scenario.direct,
               .ignore_folder_syncs = scenario.ignore_folder_syncs,
               .trace = sim::number_from_environment("MR_SIM_TRACE", 0) != 0}),
        random(seed * 2 + 1) {}
  sim::SimWorld world;
  sim::SimRandom random;
  Model model;
  sim::SimProcess* reader = nullptr;

  // Runs one life; true when it ended by itself.
  bool run(const Setting& setting) {
    if (reader == nullptr) {
      reader = &world.start_process();
      reader->spawn(tail(reader->world(), model));
    }
    return world.run(live(setting, world.world())).has_value();
  }
  void crash(sim::CrashKind kind) {
    world.crash(kind);
    if (kind == sim::CrashKind::power) reader = nullptr;
  }
};

std::string describe(const Scenario& scenario, uint64_t seed, Machine& machine,
                     const std::string& faults) {
  return machine.model.failure + " | scenario " + scenario.name + " seed " + std::to_string(seed) +
         " faults" + faults + " operation " + std::to_string(machine.world.operations()) +
         " time " + std::to_string(machine.world.now().micros) + " us";
}

}  // namespace

Failure simulate(const Scenario& scenario, uint64_t seed, const PlantedBugs& bugs,
                 uint64_t* fingerprint) {
  Machine machine(scenario, seed);
  sim::SimRandom& random = machine.random;
  std::string trouble;
  for (int round = 0; round <= scenario.rounds && machine.model.failure.empty(); ++round) {
    const bool calm = round == scenario.rounds;
    const sim::Faults faults = calm ? sim::Faults{} : draw_faults(random);
    trouble += " /" + describe(faults);
    machine.world.set_faults(faults);
    if (scenario.full_disk) {
      machine.world.storage().set_capacity(calm || random.one_in(2) ? 4 << 20
                                                                    : random.below(400'000));
    }
    if (!calm && !random.one_in(4)) {
      machine.world.crash_at(machine.world.operations() + random.between(1, 150));
    }
    const Setting setting{scenario, bugs, machine.model, random, calm};
    const bool ended = machine.run(setting);
    machine.model.sync_failed |= faults.sync_error || faults.write_error || faults.slow_disk;
    if (!ended && calm) machine.model.fail("V1: the last round does not end");
    const bool power = random.one_in(2);
    machine.model.power_lost |= power;
    machine.model.now = machine.world.now().micros;
    trouble += ended ? " end" : power ? " power" : " crash";
    machine.world.set_faults({});
    machine.crash(power ? sim::CrashKind::power : sim::CrashKind::process);
  }
  if (machine.model.failure.empty()) {
    const Setting setting{scenario, bugs, machine.model, random, true};
    if (scenario.full_disk) machine.world.storage().set_capacity(8 << 20);
    if (!machine.run(setting)) machine.model.fail("V1: the check after it does not end");
  }
  if (fingerprint != nullptr) *fingerprint = machine.world.fingerprint();
  if (machine.model.failure.empty()) return std::nullopt;
  return describe(scenario, seed, machine, trouble);
}

CrashRun simulate_crash_at(const Scenario& scenario, uint64_t seed, uint64_t crash_at,
                           sim::CrashKind kind, const PlantedBugs& bugs) {
  Machine machine(scenario, seed);
  if (crash_at != 0) machine.world.crash_at(crash_at);
  machine.run({scenario, bugs, machine.model, machine.random, true});
  CrashRun result;
  result.operations = machine.world.operations();
  machine.crash(kind);
  machine.model.power_lost = kind == sim::CrashKind::power;
  machine.model.now = machine.world.now().micros;
  if (!machine.run({scenario, bugs, machine.model, machine.random, true})) {
    machine.model.fail("V1: the life after the crash does not end");
  }
  if (!machine.model.failure.empty()) {
    result.failure =
        describe(scenario, seed, machine, kind == sim::CrashKind::power ? " power" : " crash") +
        " crash at " + std::to_string(crash_at);
  }
  return result;
}

namespace {

using sim::number_from_environment;

const std::vector<std::string> all_scenarios{
    "log_direct",    "log_buffered",  "log_published",          "log_published_buffered",
    "log_full_disk", "log_retention", "log_retention_buffered", "log_sync_interval"};

class LogSimulation : public testing::TestWithParam<std::string> {};

// MR_SIM_SEEDS=N tries more, from MR_SIM_FIRST_SEED on; MR_SIM_SEED=S replays one (with
// MR_SIM_TRACE=1 every operation shows).
TEST_P(LogSimulation, HoldsItsPromisesOnEverySeed) {
  const Scenario scenario = load_scenario(GetParam());
  const uint64_t only = number_from_environment("MR_SIM_SEED", 0);
  const uint64_t first = only != 0 ? only : number_from_environment("MR_SIM_FIRST_SEED", 1);
  const uint64_t seeds = only != 0 ? 1 : number_from_environment("MR_SIM_SEEDS", 100);
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    const Failure failure = simulate(scenario, seed, {});
    ASSERT_FALSE(failure) << *failure;
  }
}

TEST_P(LogSimulation, HoldsItsPromisesWhenItCrashesAtAnyOperation) {
  Scenario scenario = load_scenario(GetParam());
  scenario.appends = 3;
  const uint64_t tears = number_from_environment("MR_SIM_TEARS", 2);
  for (uint64_t seed = 1; seed <= tears; ++seed) {
    const uint64_t operations =
        simulate_crash_at(scenario, seed, 0, sim::CrashKind::process, {}).operations;
    for (uint64_t at = 1; at <= operations; ++at) {
      for (const auto kind : {sim::CrashKind::process, sim::CrashKind::power}) {
        const CrashRun run = simulate_crash_at(scenario, seed, at, kind, {});
        ASSERT_FALSE(run.failure) << *run.failure;
      }
    }
  }
}

TEST_P(LogSimulation, TheSameSeedGivesTheSameRun) {
  const Scenario scenario = load_scenario(GetParam());
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    uint64_t first = 0;
    uint64_t second = 0;
    simulate(scenario, seed, {}, &first);
    simulate(scenario, seed, {}, &second);
    EXPECT_EQ(first, second) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Scenarios, LogSimulation, testing::ValuesIn(all_scenarios),
                         [](const auto& info) { return info.param; });

TEST(LogSimulationRegressions, SeedsThatOnceFailedPass) {
  std::ifstream file(std::string(MR_SOURCE_DIR) + "/tests/sim/regressions.txt");
  ASSERT_TRUE(file.is_open());
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    uint64_t seed = 0;
    if (line.starts_with("#") || !(words >> name >> seed)) continue;
    const Failure failure = simulate(load_scenario(name), seed, {});
    EXPECT_FALSE(failure) << *failure;
  }
}

}  // namespace
}  // namespace mr::log
