#include "main/expected_consumers.h"

#include <gtest/gtest.h>

#include "io/test_support.h"
#include "log/checkpoint_file.h"
#include "log/partition.h"
#include "log/retention.h"
#include "state/sqlite_state_store.h"

namespace mr::main {
namespace {

class ExpectedConsumers : public ::testing::Test {
 protected:
  Result<log::SlowestConsumer> slowest(const std::string& partition) {
    return io::run_in(real_, log::slowest_consumer(real_.world(), folder_.at("log/" + partition)));
  }
  bool expect(std::vector<std::string> roles, int32_t captured, io::Path archive = {}) {
    auto expecting = expect_consumers(
        real_.world(), real_.world().worker, DataDirectory(folder_.at("")),
        {.roles = std::move(roles), .captured = captured, .archive = std::move(archive)});
    return io::run_in(real_, std::move(expecting)).has_value();
  }
  // What ingest has committed.
  void commit(std::vector<state::Position> positions) {
    const auto state = io::run_in(
        real_, state::SqliteStateStore::open(real_.world().worker, folder_.at("state.db")));
    ASSERT_TRUE(state);
    state::StateChanges changes;
    changes.positions = std::move(positions);
    ASSERT_TRUE(io::run_in(real_, (*state)->commit(changes)));
  }
  io::RealWorld real_;
  io::TemporaryFolder folder_;
};

TEST_F(ExpectedConsumers, HoldRetentionBackBeforeTheyHaveBegun) {
  ASSERT_TRUE(expect({"accept", "pipeline", "store"}, 2));
  for (const char* partition :
       {"captured/0", "captured/1", "captured.replay/0", "events/0", "session_replay_events/0"}) {
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

// Lost files, that is: the notes lie in the log's folder, the consumers' own state does not.
TEST_F(ExpectedConsumers, GetTheNotesThatTheirOwnStateSpeaksOf) {
  commit({{"captured/0", Offset(7)},
          {"captured/1", Offset(8)},
          {"captured.replay/0", Offset(6)},
          {"events/0", Offset(9)}});
  const auto loaded = log::open_checkpoints(real_.world(), folder_.at("load"));
  ASSERT_TRUE(io::run_in(real_, loaded->save("events-0", {Offset(5)})));
  ASSERT_TRUE(expect({"accept"}, 1));  // also for roles that do not run here
  EXPECT_EQ(slowest("captured/0")->next, Offset(7));
  EXPECT_EQ(slowest("captured/1")->next, Offset(8));
  EXPECT_EQ(slowest("captured.replay/0")->next, Offset(6));
  EXPECT_EQ(slowest("events/0")->next, Offset(5));
  EXPECT_FALSE(slowest("persons/0")->next);
}

TEST_F(ExpectedConsumers, GetANewNoteForADamagedOneOrOneThatIsBehind) {
  commit({{"captured/0", Offset(7)}, {"captured/1", Offset(8)}});
  log::CheckpointFiles behind(real_.world(), folder_.at("log/captured/0/consumers"));
  ASSERT_TRUE(io::run_in(real_, behind.save("ingest", {Offset(3)})));
  const io::Path damaged = folder_.at("log/captured/1/consumers/ingest.checkpoint");
  log::CheckpointFiles notes(real_.world(), folder_.at("log/captured/1/consumers"));
  ASSERT_TRUE(io::run_in(real_, notes.save("ingest", {Offset(3)})));
  ASSERT_TRUE(io::run_in(real_, io::replace_file(real_.world().disk, damaged, Bytes{1, 2, 3})));
  ASSERT_TRUE(expect({"accept", "pipeline"}, 2));
  EXPECT_EQ(slowest("captured/0")->next, Offset(7));
  EXPECT_EQ(slowest("captured/1")->next, Offset(8));
}

// Accept takes events whatever has become of the state that they are for.
TEST_F(ExpectedConsumers, AreNotedAtTheBeginningWhenTheStateCannotBeRead) {
  const Bytes damaged(4096, 'x');
  ASSERT_TRUE(
      io::run_in(real_, io::replace_file(real_.world().disk, folder_.at("state.db"), damaged)));
  ASSERT_TRUE(expect({"accept", "pipeline"}, 1));
  EXPECT_EQ(slowest("captured/0")->next, Offset(0));
}

}  // namespace
}  // namespace mr::main
