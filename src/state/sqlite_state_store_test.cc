#include "state/sqlite_state_store.h"

#include <gtest/gtest.h>

#include "io/test_support.h"

namespace mr::state {
namespace {

codec::Uuid uuid(uint8_t last) {
  codec::Uuid uuid;
  uuid.bytes[15] = last;
  return uuid;
}

class SqliteStateStoreTest : public testing::Test {
 protected:
  void SetUp() override { reopen(); }
  void reopen() {
    store_.reset();
    auto opened = io::run_in(real_, SqliteStateStore::open(doors_.worker, folder_.at("state.db")));
    ASSERT_TRUE(opened) << opened.error().message();
    store_ = std::move(*opened);
  }
  void commit(StateChanges changes) {
    auto committed = io::run_in(real_, store_->commit(changes));
    ASSERT_TRUE(committed) << committed.error().message();
  }
  StateFound load(StateRequest request) { return io::run_in(real_, store_->load(request)).value(); }

  io::TemporaryFolder folder_;
  io::RealWorld real_;
  io::World doors_ = real_.world();
  std::unique_ptr<SqliteStateStore> store_;
  const ProjectId project_{1};
};

TEST_F(SqliteStateStoreTest, AWholePersonComesWithAllItsDistinctIdsAndEachRowOnce) {
  StateChanges changes;
  changes.persons.push_back({project_, uuid(1), WallTime{5}, R"({"a":1})", true, false, 3});
  changes.distinct_ids.push_back({project_, "x", uuid(1), 0});
  changes.distinct_ids.push_back({project_, "y", uuid(1), 2});
  commit(std::move(changes));
  reopen();

  const StateFound one = load({{{project_, "x", uuid(9), false}}, {}, {}});
  ASSERT_EQ(one.persons.size(), 1u);
  EXPECT_EQ(one.persons[0].properties, R"({"a":1})");
  EXPECT_TRUE(one.persons[0].is_identified);
  EXPECT_EQ(one.persons[0].version, 3);
  ASSERT_EQ(one.distinct_ids.size(), 1u);

  const StateFound whole =
      load({{{project_, "x", uuid(9), false}, {project_, "y", uuid(9), true}}, {}, {}});
  EXPECT_EQ(whole.persons.size(), 1u);
  ASSERT_EQ(whole.distinct_ids.size(), 2u);
  EXPECT_EQ(whole.distinct_ids[1].distinct_id, "y");
  EXPECT_EQ(whole.distinct_ids[1].version, 2);
}

TEST_F(SqliteStateStoreTest, AnUnknownIdComesWithItsTombstoneAndPersonlessHistory) {
  StateChanges changes;
  changes.persons.push_back({project_, uuid(7), WallTime{5}, "{}", false, true, 104});
  changes.personless.push_back({project_, "gone", false});
  commit(std::move(changes));
  const StateFound found = load({{{project_, "gone", uuid(7), true}}, {}, {}});
  ASSERT_EQ(found.persons.size(), 1u);
  EXPECT_TRUE(found.persons[0].is_deleted);
  EXPECT_TRUE(found.distinct_ids.empty());
  ASSERT_EQ(found.personless.size(), 1u);
  EXPECT_FALSE(found.personless[0].is_merged);
  EXPECT_TRUE(load({{{ProjectId(2), "gone", uuid(7), true}}, {}, {}}).persons.empty());
}

TEST_F(SqliteStateStoreTest, GroupsAndTypesAreReplacedByIdentity) {
  StateChanges changes;
  changes.group_types.push_back({project_, "company", 0});
  changes.groups.push_back({project_, 0, "acme", R"({"n":1})", WallTime{9}, 1});
  commit(std::move(changes));
  StateChanges later;
  later.groups.push_back({project_, 0, "acme", R"({"n":2})", WallTime{8}, 2});
  commit(std::move(later));
  const StateFound found = load({{}, {{project_, 0, "acme"}, {project_, 1, "acme"}}, {project_}});
  ASSERT_EQ(found.groups.size(), 1u);
  EXPECT_EQ(found.groups[0].properties, R"({"n":2})");
  EXPECT_EQ(found.groups[0].version, 2);
  ASSERT_EQ(found.group_types.size(), 1u);
  EXPECT_EQ(found.group_types[0].group_type, "company");
}

TEST_F(SqliteStateStoreTest, TheOutboxIsReadInOrderAndRemovedWithThePositions) {
  StateChanges changes;
  changes.outbox.push_back({"persons", "", "one", {{"reason", "x"}}, WallTime{1}});
  changes.outbox.push_back({"groups", "key", std::string("t\0wo", 4), {}, WallTime{2}});
  changes.positions.push_back({"captured/0", Offset(10)});
  commit(std::move(changes));
  reopen();
  auto first = io::run_in(real_, store_->read_outbox(1)).value();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].row.headers[0].value, "x");
  auto all = io::run_in(real_, store_->read_outbox(1000)).value();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].row.value, std::string("t\0wo", 4));
  EXPECT_EQ(all[1].row.timestamp, WallTime{2});
  ASSERT_TRUE(io::run_in(real_, store_->finish_outbox(all[0].id, {{"persons/0", Offset(1)}})));
  auto left = io::run_in(real_, store_->read_outbox(1000)).value();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].row.topic, "groups");
  const auto positions = io::run_in(real_, store_->positions()).value();
  EXPECT_EQ(position_of(positions, "captured/0"), Offset(10));
  EXPECT_EQ(position_of(positions, "persons/0"), Offset(1));
  EXPECT_EQ(position_of(positions, "events/0"), Offset(0));
}

TEST_F(SqliteStateStoreTest, CountersAddUpAndDuplicatesExpire) {
  for (int64_t i = 1; i <= 3; ++i) {
    StateChanges changes;
    changes.counters.push_back({"in", i});
    changes.duplicates = Bytes(16, static_cast<uint8_t>(i));
    changes.duplicates_written_at = WallTime{i * 100};
    commit(std::move(changes));
  }
  const auto counters = io::run_in(real_, store_->counters()).value();
  ASSERT_EQ(counters.size(), 1u);
  EXPECT_EQ(counters[0].value, 6);
  auto page = io::run_in(real_, store_->load_duplicates(WallTime{150}, 0, 1)).value();
  ASSERT_EQ(page.size(), 1u);
  EXPECT_EQ(page[0].hashes, Bytes(16, 2));
  page = io::run_in(real_, store_->load_duplicates(WallTime{150}, page[0].id, 1000)).value();
  ASSERT_EQ(page.size(), 1u);
  EXPECT_EQ(page[0].hashes, Bytes(16, 3));

  StateChanges expiring;
  expiring.duplicates_expire_before = WallTime{250};
  commit(std::move(expiring));
  EXPECT_EQ(io::run_in(real_, store_->load_duplicates(WallTime{0}, 0, 1000)).value().size(), 1u);
}

TEST_F(SqliteStateStoreTest, AFailingCommitChangesNothing) {
  StateChanges good;
  good.group_types.push_back({project_, "company", 0});
  commit(std::move(good));
  StateChanges bad;
  bad.persons.push_back({project_, uuid(1), WallTime{5}, "{}", false, false, 0});
  bad.distinct_ids.push_back({project_, "x", uuid(1), 0});
  bad.group_types.push_back({project_, "team", 0});  // the index is taken
  bad.positions.push_back({"captured/0", Offset(99)});
  EXPECT_FALSE(io::run_in(real_, store_->commit(bad)));
  EXPECT_TRUE(load({{{project_, "x", uuid(1), false}}, {}, {}}).persons.empty());
  EXPECT_TRUE(io::run_in(real_, store_->positions()).value().empty());
}

}  // namespace
}  // namespace mr::state
