#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "codec/json_text.h"
#include "event/person_id.h"
#include "ingest/groups.h"
#include "ingest/persons.h"
#include "state/sqlite_tables.h"

// For tests only: the rules over a real database in memory, without pipeline and log.
namespace mr::ingest {

struct TestEvent {
  std::string name;
  std::string distinct_id;
  std::string properties = "{}";
  WallTime timestamp{1'700'000'000'000};
  uint64_t number = 0;  // becomes the uuid
};

inline json::Object object_under(const json::Object& properties, std::string_view key) {
  const auto raw = properties.find(key);
  if (!raw || json::kind_of(*raw) != json::Kind::object) return {};
  return json::Object::parse(*raw).value();
}

// What a reader of events would find under $set, $set_once and $unset.
inline PropertyUpdate read_update(const json::Object& properties) {
  PropertyUpdate update{
      object_under(properties, "$set"), object_under(properties, "$set_once"), {}};
  const std::string_view unset = properties.find("$unset").value_or("null");
  if (json::kind_of(unset) == json::Kind::array) {
    for (const std::string_view item : json::split_array(unset).value()) {
      if (auto key = json::unquote(item)) update.unset.push_back(*key);
    }
  }
  const json::Object keys = object_under(properties, "$unset");
  for (const json::Member& member : keys) update.unset.emplace_back(member.key);
  return update;
}

class StateBench {
 public:
  explicit StateBench(PersonCacheLimits limits = {})
      : cache_(limits), tables_(state::SqliteTables::open(":memory:", {}).value()) {}

  // Processes the events as one batch, commits it, and yields what each row says of the person.
  std::vector<PersonOnEvent> batch(const std::vector<TestEvent>& events) {
    std::vector<json::Object> properties;
    for (const TestEvent& event : events) {
      properties.push_back(json::Object::parse(event.properties).value());
    }
    load(events, properties);
    std::vector<PersonOnEvent> on_events;
    for (size_t i = 0; i < events.size(); ++i) {
      const TestEvent& event = events[i];
      const auto flag = properties[i].find("$process_person_profile");
      const bool process = !flag || *flag != "false";
      const PropertyUpdate update = process ? read_update(properties[i]) : PropertyUpdate();
      on_events.push_back(
          persons_.process({project, codec::uuid_v4(event.number, 1), event.name, event.distinct_id,
                            event.timestamp, process, properties[i], update}));
      groups_on_events_.push_back(
          groups_.process({project, codec::uuid_v4(event.number, 1), event.name, event.distinct_id,
                           event.timestamp, WallTime{1'800'000'000'000}, process, properties[i]}));
      properties_.push_back(properties[i].to_json());
    }
    state::StateChanges changes;
    cache_.collect(WallTime{0}, changes);
    groups_.collect(WallTime{0}, changes);
    messages_.insert(messages_.end(), changes.outbox.begin(), changes.outbox.end());
    const auto committed = tables_->commit(changes);
    EXPECT_TRUE(committed) << committed.error().message();
    cache_.committed();
    groups_.committed();
    return on_events;
  }

  // What is stored for an id: the person, with all its ids.
  state::StateFound stored(const std::string& distinct_id) {
    return tables_
        ->load({{{project, distinct_id, event::person_id_of(project, distinct_id), true}}, {}, {}})
        .value();
  }
  state::SqliteTables& tables() { return *tables_; }
  const Counts& counts() const { return counts_; }
  const std::vector<state::OutboxRow>& messages() const { return messages_; }
  const auto& groups_on_events() const { return groups_on_events_; }
  // The properties of each event after processing.
  const std::vector<std::string>& properties() const { return properties_; }
  const PersonCache& cache() const { return cache_; }

  static constexpr ProjectId project{1};

 private:
  void load(const std::vector<TestEvent>& events, const std::vector<json::Object>& properties) {
    for (int pass = 0; pass < 3; ++pass) {
      state::StateRequest request;
      for (size_t i = 0; i < events.size(); ++i) {
        persons_.want(project, events[i].name, events[i].distinct_id, properties[i], request);
        groups_.want(project, events[i].name, properties[i], request);
      }
      if (request.empty()) return;
      const state::StateFound found = tables_->load(request).value();
      cache_.absorb(request, found);
      groups_.absorb(request, found);
    }
    ADD_FAILURE() << "loading does not come to an end";
  }

  Counts counts_;
  PersonCache cache_;
  Warnings warnings_{counts_};
  Persons persons_{cache_, counts_, warnings_};
  Groups groups_{counts_, warnings_};
  std::unique_ptr<state::SqliteTables> tables_;
  std::vector<state::OutboxRow> messages_;
  std::vector<GroupsOnEvent> groups_on_events_;
  std::vector<std::string> properties_;
};

// Reads a file of tests/golden/ingest/ line by line. `case TITLE` begins a case;
// the other verbs are the derived class's business. Failures name file, line and case.
class CaseFile {
 public:
  virtual ~CaseFile() = default;

  void run(const std::string& path) {
    std::ifstream file(path);
    ASSERT_TRUE(file) << path;
    int cases = 0;
    std::string title;
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
      if (line.empty() || line.front() == '#') continue;
      SCOPED_TRACE(path + ":" + std::to_string(number) + ":" + title);
      std::istringstream words(line);
      std::string verb;
      words >> verb;
      if (verb == "case") {
        std::getline(words, title);
        begin_case();
        ++cases;
      } else {
        execute(verb, words);
      }
    }
    EXPECT_GT(cases, 0);
  }

 protected:
  // Forgets what the case before has made.
  virtual void begin_case() = 0;
  virtual void execute(const std::string& verb, std::istringstream& words) = 0;
};

}  // namespace mr::ingest
