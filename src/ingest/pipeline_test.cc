#include "ingest/pipeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "codec/json_text.h"
#include "event/envelope.h"
#include "ingest/fake_log.h"
#include "ingest/state_messages.h"
#include "io/test_support.h"
#include "state/sqlite_state_store.h"

namespace mr::ingest {
namespace {

constexpr WallTime event_time{1'700'000'000'000};

struct StopAtEnd : AtEnd {
  explicit StopAtEnd(Pipeline& of) : pipeline(of) {}
  void reached() override {
    if (pipeline.status().lag() == 0) pipeline.stop();
  }
  Pipeline& pipeline;
};

// A machine with a captured topic, a state database and the topics that ingest writes, on which the
// pipeline can be started again and again.
class Machine {
 public:
  explicit Machine(size_t piece = 5) : piece_(piece) {
    const std::vector<catalog::Project> projects = {{ProjectId(1), "One", "phc_one", event_time},
                                                    {ProjectId(2), "Two", "phc_two", event_time}};
    const catalog::Snapshot snapshot(1, projects, "");
    const auto written = io::run_in(
        real_, io::replace_file(doors_.disk, folder_.at("snapshot"), snapshot.serialize()));
    EXPECT_TRUE(written);
  }

  void capture(const std::string& name, const std::string& distinct_id,
               const std::string& properties = "{}", const std::string& token = "phc_one",
               uint64_t number = 0, bool personless = false) {
    event::Envelope envelope;
    envelope.personless = personless;
    envelope.uuid = codec::uuid_v4(number != 0 ? number : ++numbers_, 7);
    envelope.event = name;
    envelope.distinct_id = distinct_id;
    envelope.token = token;
    envelope.arrival = event_time + Millis{500};
    envelope.timestamp = event_time;
    FakeTopic::StoredRecord record;
    record.timestamp = envelope.arrival;
    record.key = event::record_key(envelope);
    record.value = R"({"event":")" + name + R"(","distinct_id":")" + distinct_id +
                   R"(","properties":)" + properties + "}";
    record.headers.emplace_back(event::envelope_header, as_text(event::encode_envelope(envelope)));
    captured.records.push_back(std::move(record));
  }

  // Starts everything, ingests what there is, empties the outbox, stops. `break_at`: the step at
  // which everything fails.
  Result<void> run(uint64_t break_at = 0) {
    breaking_ = {break_at, 0};
    return io::run_in(real_, run_once());
  }
  uint64_t steps() const { return breaking_.steps; }

  std::string state_dump() {
    std::string dump;
    const auto path = folder_.at("state.db");
    auto database = sqlite::Database::open(path).value();
    for (const char* sql :
         {"SELECT uuid || '|' || created_at || '|' || properties || '|' || is_identified || '|' ||"
          " is_deleted || '|' || version FROM persons ORDER BY 1",
          "SELECT project_id || '|' || distinct_id || '|' || person_uuid || '|' || version FROM"
          " person_distinct_ids ORDER BY 1",
          "SELECT distinct_id || '|' || is_merged FROM personless_distinct_ids ORDER BY 1",
          "SELECT group_type || '|' || type_index FROM group_types ORDER BY 1",
          "SELECT type_index || '|' || group_key || '|' || properties || '|' || version FROM"
          " project_groups ORDER BY 1",
          "SELECT name || '|' || next_offset FROM positions ORDER BY 1",
          "SELECT name || '|' || value FROM counters ORDER BY 1",
          "SELECT count(*) || ' in the outbox' FROM outbox"}) {
      auto select = database.prepare(sql).value();
      while (*select.step()) dump += std::string(select.text(0)) + "\n";
    }
    return dump;
  }
  // What readers see of a topic, without the time at which rows were made.
  std::string shown(const FakeTopic& topic) {
    std::string out;
    for (size_t i = 0; i < topic.visible; ++i) {
      const auto& record = topic.records[i];
      auto row = json::Object::parse(record.value);
      if (row) row->erase("created_at");
      if (row && !row->contains("uuid")) row->erase("timestamp");  // of a warning
      out += record.key + " " + (row ? row->to_json() : record.value) + "\n";
    }
    return out;
  }
  json::Object row(size_t index) {
    return json::Object::parse(events.records[index].value).value();
  }
  std::string text(size_t index, const char* field) {
    return row(index).find_text(field).value_or("(no text)");
  }

  FakeTopic captured;
  FakeTopic captured_second;  // partition 7; only read when it holds something
  FakeTopic events;
  std::map<std::string, FakeTopic> state_topics;
  ProcessorOptions options;
  IngestStatus status;
  telemetry::Metrics metrics;
  std::unique_ptr<telemetry::Logger> log = telemetry::Logger::to_memory();
  io::TemporaryFolder folder_;
  io::RealWorld real_;
  io::World doors_ = real_.world();

 private:
  io::Task<Result<void>> run_once() {
    MR_CO_TRY(auto sqlite,
              co_await state::SqliteStateStore::open(doors_.worker, folder_.at("state.db")));
    MR_CO_TRY(const auto positions, co_await sqlite->positions());
    const auto committed = [&](std::string_view topic) {
      return state::position_of(positions, position_name(topic));
    };
    BreakingStateStore store(*sqlite, breaking_);
    FakeAppender events_appender(events, breaking_, committed("events"));
    std::vector<std::unique_ptr<FakeAppender>> appenders;
    std::vector<OutboxDrainer::Topic> topics;
    for (const std::string_view name : {persons_topic, person_distinct_ids_topic, groups_topic,
                                        warnings_topic, dead_letters_topic}) {
      FakeTopic& topic = state_topics[std::string(name)];
      appenders.push_back(std::make_unique<FakeAppender>(topic, breaking_, committed(name)));
      topics.push_back({std::string(name), *appenders.back()});
    }
    OutboxDrainer outbox(doors_, store, topics, *log, metrics);
    catalog::LiveSnapshot projects(doors_, folder_.at("snapshot"), folder_.at("page"));
    MR_CO_CHECK(co_await projects.open());
    FakeReader reader(captured, breaking_, piece_);
    FakeReader second_reader(captured_second, breaking_, piece_);
    std::vector<InputPartition> inputs = {{event::Lane::main, 0, reader}};
    if (!captured_second.records.empty()) {
      inputs.push_back({event::Lane::historical, 7, second_reader});
    };
    PipelineOptions pipeline_options;
    pipeline_options.processor = options;
    pipeline_options.crash_page = folder_.at("ingest.page");
    MR_CO_TRY(auto pipeline, co_await Pipeline::open({doors_, inputs, events_appender, true, store,
                                                      projects, outbox, *log, metrics},
                                                     pipeline_options));
    StopAtEnd stop_at_end(*pipeline);
    reader.at_end = &stop_at_end;
    second_reader.at_end = &stop_at_end;
    Result<void> ran = co_await pipeline->run();
    status = pipeline->status();
    if (!ran) co_return ran;
    outbox.stop();
    co_return co_await outbox.run();
  }

  size_t piece_;
  uint64_t numbers_ = 0;
  Breaking breaking_;
};

void capture_a_story(Machine& machine) {
  machine.capture("page", "anon", R"({"$set":{"x":1},"$current_url":"/"})");
  machine.capture("page", "user", R"({"$set":{"y":1}})");
  machine.capture("$groupidentify", "g",
                  R"({"$group_type":"company","$group_key":"acme","$group_set":{"plan":"pro"}})");
  machine.capture("page", "user", R"({"$groups":{"company":"acme"}})");
  machine.capture("page", "ghost", R"({"$process_person_profile":false})");
  machine.capture("page", "user", "{}", "phc_one", 2);  // the second event again
  machine.capture("$identify", "user", R"({"$anon_distinct_id":"anon","$set":{"email":"e"}})");
  machine.capture("page", "anon", R"({"$set":{"z":3}})");
  machine.capture("page", "anon", "{}", "phc_nobody");
  machine.capture("page", "user", "{}", "phc_two");
  machine.capture("$create_alias", "user", R"({"alias":["no","text"]})");
  machine.capture("page", "late", R"({"$set":{"n":1.50}})");
}

TEST(Pipeline, EventsGetTheirPersonAndGroupsAndComeOutInOrder) {
  Machine machine;
  capture_a_story(machine);
  ASSERT_TRUE(machine.run());
  ASSERT_EQ(machine.events.visible, 9u);
  EXPECT_EQ(machine.text(0, "person_properties"),
            R"({"$initial_current_url":"/","x":1,"$current_url":"/","$creator_event_uuid":")" +
                machine.text(0, "uuid") + "\"}");
  EXPECT_EQ(machine.text(3, "group0_properties"), R"({"plan":"pro"})");
  EXPECT_EQ(machine.text(4, "person_mode"), "propertyless");
  EXPECT_EQ(machine.text(4, "person_properties"), "{}");
  // After the merge both ids are one person's.
  EXPECT_EQ(machine.text(5, "event"), "$identify");
  EXPECT_EQ(machine.text(5, "person_id"), machine.text(1, "person_id"));
  EXPECT_EQ(machine.text(6, "person_id"), machine.text(1, "person_id"));
  EXPECT_NE(machine.text(0, "person_id"), machine.text(1, "person_id"));
  EXPECT_EQ(machine.row(7).find("team_id"), "2");
  EXPECT_EQ(machine.events.records[7].header("source_offset"), "9");
  EXPECT_EQ(machine.events.records[7].header("source_partition"), "0");
  EXPECT_EQ(machine.events.records[7].key, machine.text(7, "uuid"));
  EXPECT_EQ(json::Object::parse(machine.text(8, "properties"))->find("$set"), R"({"n":1.50})");
}

TEST(Pipeline, APersonlessMergeIsAnOrdinaryEventThatTouchesNoPerson) {
  Machine machine;
  machine.capture("page", "anon");
  for (const std::string flag : {"", R"(,"$process_person_profile":false)"}) {
    machine.capture("$identify", "u", R"({"$anon_distinct_id":"anon","$set":{"a":1})" + flag + "}",
                    "phc_one", 0, true);
  }
  ASSERT_TRUE(machine.run());
  ASSERT_EQ(machine.events.visible, 3u);
  for (const size_t at : {1u, 2u}) {
    EXPECT_EQ(machine.text(at, "event"), "$identify");
    EXPECT_EQ(machine.text(at, "person_mode"), "propertyless");
    EXPECT_EQ(machine.text(at, "person_properties"), "{}");
    EXPECT_NE(machine.text(at, "person_id"), machine.text(0, "person_id"));
    const auto properties = json::Object::parse(machine.text(at, "properties"));
    EXPECT_FALSE(properties->contains("$set"));
    EXPECT_EQ(properties->find("$process_person_profile"), "false");
  }
}

TEST(Pipeline, EveryRecordHasOneFateAndTheCountsBalance) {
  Machine machine;
  capture_a_story(machine);
  machine.captured.records.push_back({event_time, "k", "{}", {}});
  machine.captured.records.push_back({event_time, "k", "{}", {{"envelope", "junk"}}});
  ASSERT_TRUE(machine.run());
  const Counts& totals = machine.status.totals;
  EXPECT_EQ(totals.value("in"), 14);
  EXPECT_EQ(totals.value("stored"), 9);
  EXPECT_EQ(totals.value("duplicate"), 1);
  EXPECT_EQ(totals.value("dropped:unknown_token"), 1);
  EXPECT_EQ(totals.value("dropped:invalid_alias"), 1);
  EXPECT_EQ(totals.value("dead_lettered:no_envelope"), 1);
  EXPECT_EQ(totals.value("dead_lettered:invalid_envelope"), 1);
  EXPECT_EQ(machine.status.lag(), 0);
  EXPECT_EQ(machine.metrics.value("millrace_ingest_total",
                                  {{"what", "dropped"}, {"reason", "unknown_token"}}),
            1);
  const FakeTopic& dead = machine.state_topics["dead_letters"];
  ASSERT_EQ(dead.visible, 2u);
  EXPECT_EQ(dead.records[1].key, "k");
  EXPECT_EQ(dead.records[1].value, "{}");
  EXPECT_EQ(dead.records[1].header("envelope"), "junk");
  EXPECT_EQ(dead.records[1].header("dlq_reason"), "invalid_envelope");
  EXPECT_EQ(dead.records[1].header("dlq_offset"), "13");
}

TEST(Pipeline, ABreakAtAnyStepLeavesTheSameRowsAndState) {
  Machine whole;
  capture_a_story(whole);
  ASSERT_TRUE(whole.run());
  const uint64_t steps = 200;  // more than the run takes; the loop ends when nothing breaks
  uint64_t broken = 0;
  for (uint64_t at = 1; at <= steps; ++at) {
    SCOPED_TRACE("broken at step " + std::to_string(at));
    Machine machine;
    capture_a_story(machine);
    if (machine.run(at)) break;
    ++broken;
    // Readers never see rows that a restart takes back.
    const std::string before = machine.shown(machine.events);
    ASSERT_TRUE(machine.run());
    EXPECT_TRUE(machine.shown(machine.events).starts_with(before));
    EXPECT_EQ(machine.shown(machine.events), whole.shown(whole.events));
    EXPECT_EQ(machine.state_dump(), whole.state_dump());
    for (auto& [name, topic] : whole.state_topics) {
      EXPECT_EQ(machine.shown(machine.state_topics[name]), whole.shown(topic)) << name;
    }
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(broken, 20u);
  EXPECT_LT(broken, steps);
}

TEST(Pipeline, RepeatsAreDroppedWithinABatchAcrossBatchesAndAfterARestart) {
  Machine machine;
  machine.capture("page", "a", "{}", "phc_one", 1);
  machine.capture("page", "a", "{}", "phc_one", 1);
  machine.capture("page", "a", "{}", "phc_two", 1);   // another project
  machine.capture("click", "a", "{}", "phc_one", 1);  // another event
  machine.capture("page", "b", "{}", "phc_one", 1);   // another person
  machine.capture("page", "a", "{}", "phc_one", 1);
  ASSERT_TRUE(machine.run());
  machine.capture("page", "a", "{}", "phc_one", 1);
  ASSERT_TRUE(machine.run());
  EXPECT_EQ(machine.events.visible, 4u);
  EXPECT_EQ(machine.status.totals.value("duplicate"), 3);
}

TEST(Pipeline, ATokenThatBecomesKnownMeanwhileIsNotDropped) {
  Machine machine;
  machine.capture("page", "a", "{}", "phc_new");
  const catalog::Snapshot newer(2, {{ProjectId(3), "New", "phc_new", event_time}}, "");
  ASSERT_TRUE(io::run_in(
      machine.real_,
      io::replace_file(machine.doors_.disk, machine.folder_.at("snapshot"), newer.serialize())));
  ASSERT_TRUE(machine.run());
  EXPECT_EQ(machine.events.visible, 1u);
}

TEST(Pipeline, ARecordThatCrashesThreeTimesIsDeadLetteredAndNamed) {
  Machine machine;
  machine.options.crash_on_event = "boom";  // it would die of the record if it came to it
  machine.capture("page", "a");
  machine.capture("boom", "a");
  machine.capture("page", "b");
  const io::Path page = machine.folder_.at("ingest.page");
  for (int crash = 1; crash <= 3; ++crash) {
    // What the process leaves in the page when it dies while it works on offset 1.
    auto mapped = io::run_in(machine.real_, machine.doors_.disk.map_shared(page)).value();
    CrashGuard guard(std::move(mapped));
    EXPECT_EQ(guard.poisoned().has_value(), false);
    guard.enter({event::Lane::main, 0, Offset(1)});
  }
  ASSERT_TRUE(machine.run());
  EXPECT_EQ(machine.events.visible, 2u);
  const FakeTopic& dead = machine.state_topics["dead_letters"];
  ASSERT_EQ(dead.visible, 1u);
  EXPECT_EQ(dead.records[0].header("dlq_reason"), "crashed_pipeline");
  EXPECT_EQ(dead.records[0].header("dlq_offset"), "1");
  EXPECT_NE(machine.log->kept().find("topic=captured partition=0 offset=1"), std::string::npos)
      << machine.log->kept();
}

TEST(Pipeline, PartitionsAreReadInTurnAndRememberedEachByItself) {
  Machine machine(2);
  for (int i = 0; i < 9; ++i) machine.capture("page", "a");
  std::swap(machine.captured, machine.captured_second);
  for (int i = 0; i < 3; ++i) machine.capture("page", "b");
  ASSERT_TRUE(machine.run());
  ASSERT_EQ(machine.events.visible, 12u);
  std::map<std::string, std::vector<std::string>> order;
  for (const auto& record : machine.events.records) {
    order[record.header("source_partition")].push_back(record.header("source_offset"));
  }
  EXPECT_EQ(order["0"], (std::vector<std::string>{"0", "1", "2"}));
  EXPECT_EQ(order["7"].size(), 9u);
  EXPECT_TRUE(std::ranges::is_sorted(order["7"]));
  // The short one did not wait for the long one.
  EXPECT_EQ(machine.events.records[11].header("source_partition"), "7");
  // The main lane needs no name.
  EXPECT_EQ(machine.events.records[11].header("source_topic"), "captured.historical");
  EXPECT_EQ(machine.events.records[0].header("source_topic"), "(none)");
  EXPECT_NE(machine.state_dump().find("captured.historical/7|9"), std::string::npos);
  EXPECT_NE(machine.state_dump().find("captured/0|3"), std::string::npos);
  ASSERT_TRUE(machine.run());
  EXPECT_EQ(machine.events.visible, 12u);
}

TEST(Pipeline, APartitionThatCannotBeReadBeforeItWasBegunKeepsNoOtherWaiting) {
  Machine machine;
  for (int i = 0; i < 9; ++i) machine.capture("page", "a");
  std::swap(machine.captured, machine.captured_second);
  for (int i = 0; i < 3; ++i) machine.capture("page", "b");
  machine.captured_second.unreadable = Error(ErrorCode::corrupt, "the manifest is damaged");
  ASSERT_TRUE(machine.run());
  EXPECT_EQ(machine.events.visible, 3u);
  machine.captured_second.unreadable.reset();
  ASSERT_TRUE(machine.run());
  EXPECT_EQ(machine.events.visible, 12u);
}

TEST(Pipeline, OffsetsThatTheLogLostAreCountedNamedAndPassed) {
  Machine machine;
  for (int i = 0; i < 8; ++i) machine.capture("page", "a");
  machine.captured.damaged = stream::DamagedRange{Offset(2), Offset(5), "a wrong checksum"};
  ASSERT_TRUE(machine.run());
  EXPECT_EQ(machine.events.visible, 5u);
  EXPECT_EQ(machine.status.totals.value("in"), 8);
  EXPECT_EQ(machine.status.totals.value("dropped:damaged_in_log"), 3);
  const FakeTopic& dead = machine.state_topics["dead_letters"];
  ASSERT_EQ(dead.visible, 1u);
  EXPECT_EQ(dead.records[0].header("dlq_reason"), "damaged_in_log");
  EXPECT_EQ(dead.records[0].header("dlq_offset"), "2");
  EXPECT_EQ(dead.records[0].header("dlq_last_offset"), "4");
  EXPECT_EQ(dead.records[0].header("dlq_error"), "a wrong checksum");
}

TEST(Pipeline, ARowThatItsTopicRefusesBecomesADeadLetterAndTheRestGoesOn) {
  Machine machine;
  for (const char* name : {"first", "monster", "last"}) machine.capture(name, "a");
  machine.events.refused = "monster";
  ASSERT_TRUE(machine.run());
  ASSERT_EQ(machine.events.visible, 2u);
  EXPECT_EQ(machine.text(1, "event"), "last");
  EXPECT_EQ(machine.status.totals.value("stored"), 2);
  EXPECT_EQ(machine.status.totals.value("dead_lettered:row_refused"), 1);
  const FakeTopic& dead = machine.state_topics["dead_letters"];
  ASSERT_EQ(dead.visible, 1u);
  EXPECT_EQ(dead.records[0].header("dlq_offset"), "1");
  EXPECT_EQ(dead.records[0].header("dlq_error"), "larger than the topic takes");
}

TEST(Pipeline, AStateRowThatItsTopicRefusesIsCountedAndTheRestGoesOn) {
  Machine machine;
  for (const char* id : {"alice", "monster", "carol"}) {
    machine.capture("page", id, R"({"$set":{"name":")" + std::string(id) + "\"}}");
  }
  machine.state_topics["persons"].refused = "monster";
  ASSERT_TRUE(machine.run());
  EXPECT_EQ(machine.events.visible, 3u);
  EXPECT_EQ(machine.state_topics["persons"].visible, 2u);
  EXPECT_EQ(machine.state_topics["person_distinct_ids"].visible, 3u);
  EXPECT_EQ(machine.metrics.value("millrace_outbox_refused_total", {{"topic", "persons"}}), 1);
  EXPECT_NE(machine.state_dump().find("0 in the outbox"), std::string::npos);
}

TEST(Pipeline, OffsetsThatWereRemovedAreNotCalledDamaged) {
  Machine machine;
  for (int i = 0; i < 8; ++i) machine.capture("page", "a");
  machine.captured.damaged = stream::DamagedRange{Offset(2), Offset(5), "on request", true};
  ASSERT_TRUE(machine.run());
  EXPECT_EQ(machine.status.totals.value("dropped:removed_from_log"), 3);
  EXPECT_EQ(machine.status.totals.value("dropped:damaged_in_log"), 0);
  const FakeTopic& dead = machine.state_topics["dead_letters"];
  ASSERT_EQ(dead.visible, 1u);
  EXPECT_EQ(dead.records[0].header("dlq_reason"), "removed_from_log");
}

}  // namespace
}  // namespace mr::ingest
