#include "load/loader.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "io/signal.h"
#include "io/test_support.h"

namespace mr::load {
namespace {

// A partition in memory.
class FakeReader final : public stream::Reader {
 public:
  explicit FakeReader(io::World& world) : world_(world) {}
  void add(std::string value, std::string source_partition = "", std::string source = "77") {
    values_.push_back(std::move(value));
    sources_.push_back({std::move(source_partition), std::move(source)});
  }
  std::optional<stream::DamagedRange> damaged;

  io::Task<Result<stream::ReadBatch>> read(Offset from, size_t, Instant deadline) override {
    stream::ReadBatch batch;
    if (damaged && from >= damaged->from && from < damaged->to) {
      batch.damaged = damaged;
      co_return batch;
    }
    // Three records at a time, so that blocks are gathered from several reads.
    for (int64_t at = from.value; at < end_offset().value && batch.records.size() < 3; ++at) {
      if (damaged && Offset(at) == damaged->from) break;
      const auto& [partition, offset] = sources_[static_cast<size_t>(at)];
      batch.records.push_back({.offset = Offset(at),
                               .timestamp = {1000 * at},
                               .key = {},
                               .value = as_bytes(values_[static_cast<size_t>(at)]),
                               .headers = {{source_offset_header, as_bytes(offset)}}});
      if (partition.empty()) continue;
      batch.records.back().headers.push_back({source_partition_header, as_bytes(partition)});
    }
    if (batch.empty()) co_await world_.clock.sleep_until(deadline);
    co_return batch;
  }
  io::Task<Result<Offset>> first_offset() override { co_return Offset(0); }
  Offset end_offset() const override { return Offset(static_cast<int64_t>(values_.size())); }
  io::Task<Result<Offset>> find_time(WallTime) override { co_return end_offset(); }

 private:
  io::World& world_;
  std::vector<std::string> values_;
  std::vector<std::pair<std::string, std::string>> sources_;
};

class FakeCheckpoints final : public stream::Checkpoints {
 public:
  io::Task<Result<std::optional<stream::Checkpoint>>> load(std::string name) override {
    const auto found = saved.find(name);
    if (found == saved.end()) co_return std::optional<stream::Checkpoint>();
    co_return std::optional(found->second);
  }
  io::Task<Result<void>> save(std::string name, stream::Checkpoint checkpoint) override {
    saved[name] = checkpoint;
    co_return Result<void>();
  }
  std::map<std::string, stream::Checkpoint> saved;
};

// A table in memory that can die in the middle of an insert, or refuse rows.
class FakeWarehouse final : public store::Warehouse {
 public:
  io::Task<Result<void>> insert(store::InsertBlock block) override {
    ++inserts;
    std::vector<std::string> rows;
    for (size_t at = 0; at < block.rows.size();) {
      const size_t end = block.rows.find('\n', at);
      rows.push_back(block.rows.substr(at, end - at));
      at = end + 1;
    }
    EXPECT_EQ(rows.size(), block.row_count);
    for (const std::string& row : rows) {
      if (row.find("poison") != std::string::npos) {
        co_return fail(ErrorCode::invalid_input, "cannot parse");
      }
    }
    for (size_t i = 0; i < rows.size(); ++i) {
      if (fail_after_rows && *fail_after_rows == i) {
        fail_after_rows.reset();
        co_return fail(ErrorCode::failed, "the engine died");
      }
      table.push_back(rows[i]);
    }
    co_return Result<void>();
  }
  io::Task<Result<store::QueryResult>> query(store::QueryRequest) override {
    co_return fail(ErrorCode::unsupported, "not used");
  }
  io::Task<Result<store::QueryResult>> internal_query(std::string sql) override {
    last_sql = sql;
    store::QueryResult result;
    for (const std::string& row : table) {
      const size_t at = row.find("\"_offset\":") + 10;
      result.data += row.substr(at, row.find(',', at) - at) + "\n";
    }
    co_return result;
  }
  std::vector<std::string> table;
  std::optional<size_t> fail_after_rows;
  std::string last_sql;
  int inserts = 0;
};

class FakeAppender final : public stream::Appender {
 public:
  io::Task<Result<stream::AppendedRange>> append(std::vector<stream::RecordView> records) override {
    for (const auto& record : records) {
      values.emplace_back(as_text(record.value));
      reasons.emplace_back(as_text(record.headers[0].value));
    }
    co_return stream::AppendedRange{};
  }
  Offset next_offset() const override { return Offset(0); }
  void publish(Offset) override {}
  io::Task<Result<void>> close() override { co_return Result<void>{}; }
  stream::AppenderStatus status() const override { return {}; }
  std::vector<std::string> values;
  std::vector<std::string> reasons;
};

class LoaderTest : public ::testing::Test {
 protected:
  // Runs a fresh loader, as after a restart, until its position reaches `end`.
  void load_until(Offset end, LoaderOptions options = {.topic = "events", .table = "events"},
                  Millis delay = {20}) {
    options.delay = delay;
    options.stop_check = {2};
    Loader loader({world_, reader_, checkpoints_, warehouse_, dead_letters_, *log_, metrics_},
                  options);
    io::run_in(real_, run(loader, end));
  }

  io::Task<bool> run(Loader& loader, Offset end) {
    io::TaskGroup group(world_.loop);
    group.spawn(loader.run());
    while (loader.position() < end) co_await world_.clock.sleep(Millis{1});
    loader.stop();
    co_await group.drain();
    co_return true;
  }

  io::RealWorld real_;
  io::World world_ = real_.world();
  FakeReader reader_{world_};
  FakeCheckpoints checkpoints_;
  FakeWarehouse warehouse_;
  FakeAppender dead_letters_;
  std::unique_ptr<telemetry::Logger> log_ = telemetry::Logger::to_memory();
  telemetry::Metrics metrics_;
};

TEST_F(LoaderTest, RowsCarryTheirPlaceInTheLog) {
  reader_.add(R"({"uuid":"a"})");
  reader_.add("{}");
  load_until(Offset(2));
  ASSERT_EQ(warehouse_.table.size(), 2u);
  EXPECT_EQ(warehouse_.table[0],
            R"({"_partition":0,"_offset":0,"_timestamp":0,"_source_offset":77,"uuid":"a"})");
  EXPECT_EQ(warehouse_.table[1],
            R"({"_partition":0,"_offset":1,"_timestamp":1,"_source_offset":77})");
}

TEST_F(LoaderTest, AFailureInTheMiddleOfAnInsertLeavesEachRowOnce) {
  for (int i = 0; i < 20; ++i) reader_.add("{\"n\":" + std::to_string(i) + "}");
  for (size_t after = 0; after < 20; ++after) {
    warehouse_.table.clear();
    checkpoints_.saved.clear();
    warehouse_.fail_after_rows = after;
    load_until(Offset(20), {.topic = "events", .table = "events", .block_rows = 20});
    EXPECT_EQ(warehouse_.table.size(), 20u) << "after " << after;
    EXPECT_EQ(std::set(warehouse_.table.begin(), warehouse_.table.end()).size(), 20u);
  }
}

TEST_F(LoaderTest, ARestartFinishesTheRangeThatWasBegun) {
  for (int i = 0; i < 6; ++i) reader_.add("{\"n\":" + std::to_string(i) + "}");
  load_until(Offset(6));
  warehouse_.table.erase(warehouse_.table.begin() + 3);
  checkpoints_.saved["events-0"] = {Offset(2), Offset(5)};
  load_until(Offset(6));
  EXPECT_EQ(warehouse_.table.size(), 7u);  // the erased row, and offset 5, which was not begun
  EXPECT_NE(warehouse_.last_sql.find("_offset >= 2 AND _offset < 5"), std::string::npos);
}

TEST_F(LoaderTest, ARowThatTheWarehouseRefusesGoesToTheDeadLetters) {
  for (int i = 0; i < 9; ++i) {
    reader_.add(i == 4 ? R"({"poison":1})" : "{\"n\":" + std::to_string(i) + "}");
  }
  reader_.add("no object");
  load_until(Offset(10));
  EXPECT_EQ(warehouse_.table.size(), 8u);
  ASSERT_EQ(dead_letters_.values.size(), 2u);
  EXPECT_EQ(dead_letters_.values[0], "no object");
  EXPECT_NE(dead_letters_.values[1].find("poison"), std::string::npos);
  EXPECT_EQ(metrics_.value("millrace_load_rejected_rows_total", {{"topic", "events"}}), 2);
}

TEST_F(LoaderTest, WhatIngestDidAgainIsDroppedWhereTheLogCannotCut) {
  const LoaderOptions options{
      .topic = "events", .table = "events", .block_rows = 2, .drop_repeats = true};
  const auto add = [this](int first, int last) {
    for (int i = first; i <= last; ++i) {
      const std::string number = std::to_string(i);
      reader_.add("{\"n\":" + number + "}", "3", number);
    }
  };
  add(0, 4);
  add(2, 6);  // ingest died after offset 4 and began again at 2
  load_until(Offset(10), options);
  EXPECT_EQ(warehouse_.table.size(), 7u);
  add(5, 7);
  load_until(Offset(13), options);  // a new loader knows what the old one had loaded
  EXPECT_EQ(warehouse_.table.size(), 8u);
  EXPECT_EQ(metrics_.value("millrace_load_repeated_rows_total", {{"topic", "events"}}), 5);
  // An insert that was interrupted is finished with the sources as they were before it.
  const stream::Checkpoint before{Offset(3), Offset(9), {{"", 3, Offset(3)}}};
  warehouse_.table.erase(warehouse_.table.begin() + 3, warehouse_.table.end());
  checkpoints_.saved["events-0"] = before;
  load_until(Offset(13), options);
  EXPECT_EQ(warehouse_.table.size(), 8u);
}

TEST_F(LoaderTest, OffsetsThatTheLogLostAreNamedAndPassed) {
  for (int i = 0; i < 10; ++i) reader_.add("{\"n\":" + std::to_string(i) + "}");
  reader_.damaged = stream::DamagedRange{Offset(4), Offset(7), "a wrong checksum"};
  load_until(Offset(10));
  EXPECT_EQ(warehouse_.table.size(), 7u);
  ASSERT_EQ(dead_letters_.reasons.size(), 1u);
  EXPECT_EQ(dead_letters_.reasons[0], "offsets to 6 are damaged in the log: a wrong checksum");
  EXPECT_EQ(metrics_.value("millrace_load_damaged_offsets_total", {{"topic", "events"}}), 3);
}

TEST_F(LoaderTest, OffsetsThatWereRemovedAreNotCalledDamaged) {
  for (int i = 0; i < 10; ++i) reader_.add("{}");
  reader_.damaged = stream::DamagedRange{Offset(4), Offset(7), "on request", true};
  load_until(Offset(10));
  ASSERT_EQ(dead_letters_.reasons.size(), 1u);
  EXPECT_EQ(dead_letters_.reasons[0], "offsets to 6 are missing in the log: on request");
}

TEST_F(LoaderTest, RowsAfterAQuietTimeGoAtOnceAndTogether) {
  for (int i = 0; i < 7; ++i) reader_.add("{}");
  constexpr Millis an_hour{3'600'000};
  load_until(Offset(7), {.topic = "events", .table = "events"}, an_hour);
  EXPECT_EQ(warehouse_.inserts, 1);
}

TEST_F(LoaderTest, FullBlocksGoWithoutWaiting) {
  for (int i = 0; i < 12; ++i) reader_.add("{}");
  load_until(Offset(12), {.topic = "events", .table = "events", .block_rows = 6});
  EXPECT_EQ(warehouse_.inserts, 2);
}

io::Task<bool> load_with_a_pause(io::World world, Loader& loader, FakeReader& reader,
                                 FakeWarehouse& warehouse) {
  io::TaskGroup group(world.loop);
  group.spawn(loader.run());
  while (loader.position() < Offset(3)) co_await world.clock.sleep(Millis{1});
  co_await loader.hold();
  const size_t before = warehouse.table.size();
  for (int i = 0; i < 3; ++i) reader.add("{}");
  co_await world.clock.sleep(Millis{50});  // time in which a loader that is not held would load
  EXPECT_EQ(warehouse.table.size(), before);
  loader.release();
  while (loader.position() < Offset(6)) co_await world.clock.sleep(Millis{1});
  co_await loader.hold();
  loader.stop();  // ends one that is held, too
  co_await group.drain();
  co_return true;
}

TEST_F(LoaderTest, AHeldLoaderLoadsNothingUntilItIsReleased) {
  for (int i = 0; i < 3; ++i) reader_.add("{}");
  Loader loader(
      {world_, reader_, checkpoints_, warehouse_, dead_letters_, *log_, metrics_},
      {.topic = "events", .table = "events", .delay = Millis{1}, .stop_check = Millis{2}});
  io::run_in(real_, load_with_a_pause(world_, loader, reader_, warehouse_));
  EXPECT_EQ(warehouse_.table.size(), 6u);
}

}  // namespace
}  // namespace mr::load
