#include "main/expected_consumers.h"

#include <gtest/gtest.h>

#include "io/test_support.h"
#include "log/checkpoint_file.h"
#include "log/retention.h"

namespace mr::main {
namespace {

class ExpectedConsumers : public ::testing::Test {
 protected:
  Result<log::SlowestConsumer> slowest(const std::string& partition) {
    return io::run_in(real_, log::slowest_consumer(real_.world(), folder_.at("log/" + partition)));
  }
  bool expect(std::vector<std::string> roles, int32_t captured) {
    auto expecting =
        expect_consumers(real_.world(), folder_.at("log"), std::move(roles), captured, false);
    return io::run_in(real_, std::move(expecting)).has_value();
  }
  io::RealWorld real_;
  io::TemporaryFolder folder_;
};

TEST_F(ExpectedConsumers, HoldRetentionBackBeforeTheyHaveBegun) {
  ASSERT_TRUE(expect({"accept", "pipeline", "store"}, 2));
  for (const char* partition : {"captured/0", "captured/1", "events/0", "groups/0"}) {
    const auto held = slowest(partition);
    ASSERT_TRUE(held && held->next) << partition;
    EXPECT_EQ(*held->next, Offset(0));
  }
}

TEST_F(ExpectedConsumers, KeepTheirNotesAndOnlyRolesThatRunAreExpected) {
  log::CheckpointFiles notes(real_.world(), folder_.at("log/captured/0/consumers"));
  ASSERT_TRUE(io::run_in(real_, notes.save("ingest", {Offset(7)})));
  ASSERT_TRUE(expect({"accept", "pipeline"}, 1));
  EXPECT_EQ(slowest("captured/0")->next, Offset(7));
  EXPECT_FALSE(slowest("events/0")->next);
}

}  // namespace
}  // namespace mr::main
