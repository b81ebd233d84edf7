// Proof that the simulation can fail: each planted mistake is found within a few seeds.
#include <gtest/gtest.h>

#include "log/test_support.h"
#include "sim/test_support.h"

namespace mr::log {
namespace {

constexpr uint64_t seeds_max = 300;

// The first seed that fails, 0 when none does; its failure is recorded in the test's output.
uint64_t first_failing_seed(const std::string& scenario_name, const PlantedBugs& bugs,
                            bool ignore_folder_syncs = false) {
  Scenario scenario = load_scenario(scenario_name);
  scenario.ignore_folder_syncs = ignore_folder_syncs;
  for (uint64_t seed = 1; seed <= seeds_max; ++seed) {
    const Failure failure = simulate(scenario, seed, bugs);
    if (!failure) continue;
    testing::Test::RecordProperty("first_failing_seed", std::to_string(seed));
    testing::Test::RecordProperty("failure", *failure);
    if (sim::number_from_environment("MR_SIM_VERBOSE", 0) != 0) {
      std::fprintf(stderr, "seed %llu: %s\n", static_cast<unsigned long long>(seed),
                   failure->c_str());
    }
    return seed;
  }
  return 0;
}

TEST(PlantedBug, AcknowledgingBeforeTheWriteIsFound) {
  EXPECT_NE(first_failing_seed("log_direct", {.acknowledge_before_write = true}), 0u);
}

TEST(PlantedBug, SkippingTheSyncIsFound) {
  EXPECT_NE(first_failing_seed("log_buffered", {.skip_sync = true}), 0u);
}

TEST(PlantedBug, SkippingTheFolderSyncIsFound) {
  EXPECT_NE(first_failing_seed("log_direct", {}, true), 0u);
}

TEST(PlantedBug, ServingADirectTailBeforeTheDeviceIsFlushedIsFound) {
  EXPECT_NE(first_failing_seed("log_direct", {.serve_tail_unflushed = true}), 0u);
}

TEST(PlantedBug, ServingABufferedTailFromTheCacheIsFound) {
  EXPECT_NE(first_failing_seed("log_buffered", {.serve_tail_unflushed = true}), 0u);
}

TEST(PlantedBug, RecoveringWithoutChecksumsIsFound) {
  EXPECT_NE(first_failing_seed("log_direct", {.skip_checksum = true}), 0u);
}

TEST(PlantedBug, BelievingASecondSyncIsFound) {
  EXPECT_NE(first_failing_seed("log_buffered", {.believe_second_sync = true}), 0u);
}

TEST(PlantedBug, RepairingAcknowledgedBytesInPlaceIsFound) {
  EXPECT_NE(first_failing_seed("log_buffered", {.repair_in_place = true}), 0u);
}

TEST(PlantedBug, KeepingUncommittedRecordsIsFound) {
  EXPECT_NE(first_failing_seed("log_published", {.accept_beyond_cut = true}), 0u);
}

}  // namespace
}  // namespace mr::log
