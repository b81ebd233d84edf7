// Proof that the simulation can fail: each planted mistake is found within a few seeds.
#include <gtest/gtest.h>

#include "log/simulation_sim.h"

namespace mr::log {
namespace {

constexpr uint64_t seeds_max = 1500;

class PlantedBugCase : public testing::TestWithParam<PlantedBug> {};

TEST_P(PlantedBugCase, IsFound) {
  const Scenario scenario = load_scenario(GetParam().scenario);
  for (uint64_t seed = 1; seed <= seeds_max; ++seed) {
    const RunResult run = simulate(scenario, seed, {.bugs = GetParam().bugs});
    if (!run.failure) continue;
    RecordProperty("first_failing_seed", std::to_string(seed));
    RecordProperty("failure", describe(*run.failure, scenario, seed));
    return;
  }
  FAIL() << "no seed up to " << seeds_max << " shows that " << GetParam().what;
}

INSTANTIATE_TEST_SUITE_P(LogSimulation, PlantedBugCase, testing::ValuesIn(planted_bugs()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace mr::log
