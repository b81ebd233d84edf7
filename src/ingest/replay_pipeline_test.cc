#include "ingest/replay_pipeline.h"

#include <gtest/gtest.h>

#include <map>

#include "codec/json_object.h"
#include "event/recording.h"
#include "ingest/fake_log.h"
#include "ingest/replay_summary.h"
#include "ingest/state_messages.h"
#include "io/test_support.h"
#include "state/sqlite_state_store.h"

namespace mr::ingest {
namespace {

constexpr WallTime arrival{1'700'000'000'000};

struct StopAtEnd : AtEnd {
  StopAtEnd(ReplayPipeline& of, const FakeTopic& input) : pipeline(of), topic(input) {}
  void reached() override {
    if (pipeline.finished(0).value == static_cast<int64_t>(topic.records.size())) pipeline.stop();
  }
  ReplayPipeline& pipeline;
  const FakeTopic& topic;
};

// A machine with captured recordings, on which their ingest can be started again and again.
class Machine {
 public:
  Machine() {
    const catalog::Snapshot snapshot(1, {{ProjectId(7), "One", "phc_one", arrival}}, "");
    const auto written = io::run_in(
        real_, io::replace_file(doors_.disk, folder_.at("snapshot"), snapshot.serialize()));
    EXPECT_TRUE(written);
  }

  void capture(const std::string& session, const std::string& snapshots,
               const std::string& token = "phc_one") {
    event::Envelope envelope;
    envelope.dialect = event::Dialect::replay;
    envelope.uuid = codec::uuid_v4(++numbers_, 7);
    envelope.event = event::snapshot_items_event;
    envelope.distinct_id = "ada";
    envelope.token = token;
    envelope.arrival = arrival;
    envelope.timestamp = arrival;
    envelope.context = event::recording_context_json({session, "w", "web", "web", {}});
    FakeTopic::StoredRecord record;
    record.timestamp = arrival;
    record.key = session;
    record.value = R"({"event":"$snapshot","properties":{"$snapshot_data":)" + snapshots + "}}";
    record.headers.emplace_back(event::envelope_header, as_text(event::encode_envelope(envelope)));
    captured.records.push_back(std::move(record));
  }

  Result<void> run(uint64_t break_at = 0) {
    breaking_ = {break_at, 0};
    return io::run_in(real_, run_once());
  }

  // As a process that dies while it works on the record.
  void crash_at(Offset offset) {
    CrashGuard guard(io::run_in(real_, doors_.disk.map_shared(folder_.at("replay.page"))).value());
    guard.enter({event::Lane::replay, 0, offset});
  }

  json::Object row(size_t index) { return json::Object::parse(rows.records[index].value).value(); }
  std::string shown() {
    std::string out;
    for (size_t i = 0; i < rows.visible; ++i) {
      const auto& record = rows.records[i];
      out += record.key + " " + record.header("source_offset") + " " + record.value + "\n";
    }
    return out;
  }

  FakeTopic captured;
  FakeTopic rows;
  FakeTopic dead_letters;
  telemetry::Metrics metrics;
  std::map<std::string, int64_t> counters;

 private:
  io::Task<Result<void>> run_once() {
    MR_CO_TRY(auto sqlite,
              co_await state::SqliteStateStore::open(doors_.worker, folder_.at("state.db")));
    MR_CO_TRY(const auto positions, co_await sqlite->positions());
    const auto committed = [&](std::string_view topic) {
      return state::position_of(positions, position_name(topic));
    };
    BreakingStateStore store(*sqlite, breaking_);
    FakeAppender rows_appender(rows, breaking_, committed(replay_output_topic));
    FakeAppender letters(dead_letters, breaking_, committed(dead_letters_topic));
    OutboxDrainer outbox(doors_, store, {{std::string(dead_letters_topic), letters}}, *log_,
                         metrics);
    catalog::LiveSnapshot projects(doors_, folder_.at("snapshot"), folder_.at("page"));
    MR_CO_CHECK(co_await projects.open());
    FakeReader reader(captured, breaking_, 2);
    ReplayParts parts{.world = doors_,
                      .captured = {{event::Lane::replay, 0, reader}},
                      .rows = rows_appender,
                      .state = store,
                      .projects = projects,
                      .outbox = outbox,
                      .log = *log_,
                      .metrics = metrics};
    MR_CO_TRY(auto pipeline,
              co_await ReplayPipeline::open(std::move(parts), folder_.at("replay.page")));
    StopAtEnd at_end(*pipeline, captured);
    reader.at_end = &at_end;
    MR_CO_CHECK(co_await pipeline->run());
    outbox.stop();
    MR_CO_CHECK(co_await outbox.run());
    MR_CO_TRY(const auto counted, co_await sqlite->counters());
    for (const auto& [name, value] : counted) counters[name] = value;
    co_return Result<void>{};
  }

  io::TemporaryFolder folder_;
  io::RealWorld real_;
  io::World doors_ = real_.world();
  std::unique_ptr<telemetry::Logger> log_ = telemetry::Logger::to_memory();
  Breaking breaking_;
  uint64_t numbers_ = 0;
};

std::string at(int64_t millis, const std::string& rest) {
  return R"({"timestamp":)" + std::to_string(arrival.millis + millis) + "," + rest + "}";
}

TEST(ReplayPipeline, EachRecordBecomesOneRowThatNamesItsPlace) {
  Machine machine;
  machine.capture("s-1", "[" + at(0, R"("type":4,"data":{"href":"https://a/"})") + "]");
  machine.capture("s-2", "[]");
  machine.capture("s-1", "[" + at(10, R"("type":3,"data":{"source":5})") + "]");
  ASSERT_TRUE(machine.run());
  ASSERT_EQ(machine.rows.visible, 3u);
  EXPECT_EQ(machine.rows.records[2].key, "s-1");
  EXPECT_EQ(machine.row(2).find_text("block_url"), "log://captured.replay/0/2");
  EXPECT_EQ(machine.row(0).find_text("first_url"), "https://a/");
  EXPECT_EQ(machine.row(0).find("team_id"), "7");
  EXPECT_EQ(machine.row(2).find("keypress_count"), "1");
  EXPECT_EQ(machine.rows.records[1].header("source_offset"), "1");
  EXPECT_EQ(machine.counters["replay_stored"], 3);
}

TEST(ReplayPipeline, ABreakAtAnyStepLeavesTheSameRows) {
  const auto story = [](Machine& machine) {
    for (int i = 0; i < 5; ++i) {
      machine.capture("s-" + std::to_string(i % 2), "[" + at(i, R"("type":2)") + "]");
    }
    machine.capture("s-9", "[]", "phc_unknown");
    machine.capture("s-9", "no JSON");
  };
  Machine whole;
  story(whole);
  ASSERT_TRUE(whole.run());
  ASSERT_EQ(whole.rows.visible, 5u);
  EXPECT_EQ(whole.dead_letters.visible, 1u);
  EXPECT_EQ(whole.counters["replay_in"], 7);
  EXPECT_EQ(whole.counters["replay_dropped:unknown_token"], 1);
  EXPECT_EQ(whole.counters["replay_dead_lettered:unreadable"], 1);
  uint64_t broken = 0;
  for (uint64_t step = 1; step <= 200; ++step) {  // the loop ends when nothing breaks
    SCOPED_TRACE("broken at step " + std::to_string(step));
    Machine machine;
    story(machine);
    if (machine.run(step)) break;
    ++broken;
    const std::string before = machine.shown();
    ASSERT_TRUE(machine.run());
    EXPECT_TRUE(machine.shown().starts_with(before));
    EXPECT_EQ(machine.shown(), whole.shown());
    EXPECT_EQ(machine.counters, whole.counters);
    EXPECT_EQ(machine.dead_letters.visible, 1u);
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(broken, 10u);
  EXPECT_LT(broken, 200u);
}

TEST(ReplayPipeline, ARecordThatCrashesThreeTimesIsDeadLettered) {
  Machine machine;
  for (int i = 0; i < 3; ++i) machine.capture("s-" + std::to_string(i), "[]");
  for (int i = 0; i < 3; ++i) machine.crash_at(Offset(1));
  ASSERT_TRUE(machine.run());
  EXPECT_EQ(machine.rows.visible, 2u);
  EXPECT_EQ(machine.counters["replay_dead_lettered:crashed_pipeline"], 1);
  ASSERT_EQ(machine.dead_letters.visible, 1u);
  EXPECT_EQ(machine.dead_letters.records[0].header("dlq_offset"), "1");
}

TEST(ReplayPipeline, OffsetsThatTheLogLostAreCountedNamedAndPassed) {
  Machine machine;
  for (int i = 0; i < 4; ++i) machine.capture("s-" + std::to_string(i), "[]");
  machine.captured.damaged = stream::DamagedRange{Offset(1), Offset(3), "a wrong checksum"};
  ASSERT_TRUE(machine.run());
  EXPECT_EQ(machine.rows.visible, 2u);
  EXPECT_EQ(machine.counters["replay_dropped:damaged_in_log"], 2);
  ASSERT_EQ(machine.dead_letters.visible, 1u);
  EXPECT_EQ(machine.dead_letters.records[0].header("dlq_topic"), "captured.replay");
  EXPECT_EQ(machine.dead_letters.records[0].header("dlq_last_offset"), "2");
}

ReplaySummary summary_of(const std::vector<std::string>& snapshots, bool is_mobile = false) {
  const std::vector<std::string_view> views(snapshots.begin(), snapshots.end());
  return summarise_replay(views, is_mobile, arrival, WallTime{5});
}

TEST(ReplaySummary, CountsWhatAPersonDid) {
  const auto moved = [](int64_t time, int source) {
    return at(time, R"("type":3,"data":{"source":)" + std::to_string(source) + "}");
  };
  const std::string click = R"("type":3,"data":{"source":2,"type":2,"id":7})";
  const auto summary = summary_of({moved(0, 1), moved(4000, 5), moved(10'000, 3), at(11'000, click),
                                   moved(12'000, 0), moved(13'000, 12)});
  EXPECT_EQ(summary.first, arrival);
  EXPECT_EQ(summary.last, arrival + Millis{13'000});
  EXPECT_EQ(summary.clicks, 1);
  EXPECT_EQ(summary.key_presses, 1);
  EXPECT_EQ(summary.mouse_activities, 3);  // a move, a click, a drag
  EXPECT_EQ(summary.events, 6);
  // Up to 4 s, a pause of 6 s, then 3 s; the page's own change at 12 s is no activity.
  EXPECT_EQ(summary.active_millis, 4000 + 3000);
}

TEST(ReplaySummary, ATouchIsAClickWhereNothingElseIsRecorded) {
  const std::string touch = at(0, R"("type":3,"data":{"source":2,"type":9})");
  EXPECT_EQ(summary_of({touch}).clicks, 0);
  EXPECT_EQ(summary_of({touch}, true).clicks, 1);
}

TEST(ReplaySummary, CountsTheConsoleByLevel) {
  const auto said = [](const std::string& level) {
    return R"({"type":6,"data":{"plugin":"rrweb/console@1","payload":{"level":")" + level + "\"}}}";
  };
  const auto summary = summary_of({said("log"), said("info"), said("warn"), said("error"),
                                   R"({"type":6,"data":{"plugin":"other","payload":{}}})"});
  EXPECT_EQ(summary.console_logs, 2);
  EXPECT_EQ(summary.console_warnings, 1);
  EXPECT_EQ(summary.console_errors, 1);
}

TEST(ReplaySummary, AddressesAreDistinctAndBounded) {
  std::vector<std::string> snapshots = {
      R"({"type":4,"data":{"href":"https://a/"}})",
      R"({"type":5,"data":{"tag":"$pageview","payload":{"href":"https://b/"}}})",
      R"({"type":4,"data":{"href":"https://a/"}})"};
  EXPECT_EQ(summary_of(snapshots).urls, (std::vector<std::string>{"https://a/", "https://b/"}));
  for (int i = 0; i < 40; ++i) {
    snapshots.push_back(R"({"type":4,"data":{"href":"https://c/)" + std::to_string(i) +
                        std::string(5000, 'x') + R"("}})");
  }
  const auto many = summary_of(snapshots);
  EXPECT_EQ(many.urls.size(), replay_urls_max);
  EXPECT_EQ(many.urls.back().size(), replay_url_characters_max);
}

TEST(ReplaySummary, WhatCannotBeReadCountsAndNothingElse) {
  const std::string full =
      R"({"type":2,"cv":"2024-10","timestamp":1700000000000,"data":"\u001f\u008b"})";
  const auto summary = summary_of({full, "7", "null", R"({"type":"x","timestamp":-1,"data":[1]})",
                                   R"({"timestamp":1e300})", R"({"timestamp":5})"});
  EXPECT_EQ(summary.events, 6);
  EXPECT_EQ(summary.first, arrival);
  EXPECT_EQ(summary.last, arrival);
  EXPECT_EQ(summary_of({"{}"}).first, WallTime{5});
}

}  // namespace
}  // namespace mr::ingest
