// A few seeds of every scenario, and a crash at every operation of short ones. mr_log_simulate runs
// many.
#include <gtest/gtest.h>

#include "log/simulation_sim.h"
#include "sim/test_support.h"

namespace mr::log {
namespace {

using sim::number_from_environment;

class LogSimulation : public testing::TestWithParam<std::string> {};

// MR_SIM_SEEDS=N tries more, from MR_SIM_FIRST_SEED on.
TEST_P(LogSimulation, HoldsItsPromisesOnEverySeed) {
  const Scenario scenario = load_scenario(GetParam());
  const uint64_t first = number_from_environment("MR_SIM_FIRST_SEED", 1);
  const uint64_t seeds = number_from_environment("MR_SIM_SEEDS", 12);
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    const RunResult run = simulate(scenario, seed);
    ASSERT_FALSE(run.failure) << describe(*run.failure, scenario, seed);
  }
}

TEST_P(LogSimulation, HoldsItsPromisesWhenItCrashesAtAnyOperation) {
  Scenario scenario = load_scenario(GetParam());
  scenario.appends = 3;
  const uint64_t tears = number_from_environment("MR_SIM_TEARS", 1);
  for (uint64_t seed = 1; seed <= tears; ++seed) {
    const uint64_t operations =
        simulate_crash_at(scenario, seed, 0, sim::CrashKind::process).operations;
    for (uint64_t at = 1; at <= operations; ++at) {
      for (const auto kind : {sim::CrashKind::process, sim::CrashKind::power}) {
        const RunResult run = simulate_crash_at(scenario, seed, at, kind);
        ASSERT_FALSE(run.failure) << describe(*run.failure, scenario, seed);
      }
    }
  }
}

TEST_P(LogSimulation, TheSameSeedGivesTheSameRun) {
  const Scenario scenario = load_scenario(GetParam());
  for (uint64_t seed = 1; seed <= 2; ++seed) {
    EXPECT_EQ(simulate(scenario, seed).fingerprint, simulate(scenario, seed).fingerprint) << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Scenarios, LogSimulation, testing::ValuesIn(all_scenarios()),
                         [](const auto& info) { return info.param; });

TEST(LogSimulationRegressions, SeedsThatOnceFailedPass) {
  for (const Regression& regression : load_regressions()) {
    const Scenario scenario = load_scenario(regression.scenario);
    const RunResult run = simulate(scenario, regression.seed);
    EXPECT_FALSE(run.failure) << describe(*run.failure, scenario, regression.seed);
  }
}

}  // namespace
}  // namespace mr::log
