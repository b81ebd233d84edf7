#include <gtest/gtest.h>

#include <sstream>

#include "codec/json_text.h"
#include "event/envelope.h"
#include "ingest/event_processor.h"
#include "ingest/test_support.h"
#include "state/sqlite_tables.h"

namespace mr::ingest {
namespace {

constexpr WallTime event_time{1'700'000'000'000};

// Runs one line after another of tests/golden/ingest/events.case, which says what they mean.
class EventsCases final : public CaseFile {
 private:
  void begin_case() override {
    processor_ = std::make_unique<EventProcessor>(ProcessorOptions());
    tables_ = state::SqliteTables::open(":memory:", {}).value();
    counts_ = Counts();
  }

  void execute(const std::string& verb, std::istringstream& words) override {
    if (verb == "event") return ingest(words);
    std::string name;
    std::string expected;
    words >> name;
    std::getline(words, expected);
    if (!expected.empty()) expected.erase(0, 1);
    if (verb == "fate") return expect_text(fate_, name);
    if (verb == "count") return expect_text(std::to_string(counts_.value(name)), expected);
    ASSERT_EQ(fate_, "stored");
    const json::Object row = json::Object::parse(row_).value();
    if (verb == "row") return expect_member(row, name, expected);
    const std::string field = verb == "person" ? "person_properties" : "properties";
    ASSERT_TRUE(verb == "person" || verb == "property") << verb;
    expect_member(json::Object::parse(row.find_text(field).value()).value(), name, expected);
  }

  void ingest(std::istringstream& words) {
    event::Envelope envelope;
    std::string properties;
    words >> envelope.event >> envelope.distinct_id;
    std::getline(words, properties);
    envelope.uuid = codec::uuid_v4(++events_, 1);
    envelope.token = "phc_token";
    envelope.ip = "192.0.2.7";
    envelope.arrival = envelope.timestamp = event_time;
    const std::string value = R"({"properties":)" + properties + "}";
    const Bytes header = event::encode_envelope(envelope);
    const stream::Record record{
        Offset(0), event_time, {}, as_bytes(value), {{event::envelope_header, header}}};
    WorkItem item(record);
    const catalog::Snapshot projects(1, {{ProjectId(1), "P", "phc_token", event_time}}, "");
    processor_->decode(item);
    processor_->resolve(item, projects);
    for (;;) {
      state::StateRequest request;
      processor_->want(item, request);
      if (request.empty()) break;
      processor_->absorb(request, tables_->load(request).value());
    }
    processor_->process(item, event_time);
    state::StateChanges changes;
    processor_->collect(event_time, changes);
    ASSERT_TRUE(tables_->commit(changes));
    processor_->committed();
    for (const auto& counter : changes.counters) counts_.add(counter.name, counter.value);
    fate_ = to_string(item.fate);
    if (!item.reason.empty()) fate_ += ":" + std::string(item.reason);
    row_ = item.row;
  }

  static void expect_text(const std::string& actual, const std::string& expected) {
    EXPECT_EQ(actual, expected);
  }
  // The exact text of a value, except that objects may have their members in any order.
  static void expect_member(const json::Object& object, const std::string& name,
                            const std::string& expected) {
    const auto actual = object.find(name);
    if (expected == "-") {
      EXPECT_FALSE(actual) << name << " is " << *actual;
      return;
    }
    ASSERT_TRUE(actual) << name << " is missing in " << object.to_json();
    const bool same = json::kind_of(expected) == json::Kind::object ? json::equal(*actual, expected)
                                                                    : *actual == expected;
    EXPECT_TRUE(same) << name << " is " << *actual << ", not " << expected;
  }

  uint64_t events_ = 0;
  std::unique_ptr<EventProcessor> processor_;
  std::unique_ptr<state::SqliteTables> tables_;
  Counts counts_;
  std::string fate_;
  std::string row_;
};

TEST(Events, BecomeWhatTheGoldenCasesSay) {
  EventsCases cases;
  cases.run(MR_SOURCE_DIR "/tests/golden/ingest/events.case");
}

}  // namespace
}  // namespace mr::ingest
