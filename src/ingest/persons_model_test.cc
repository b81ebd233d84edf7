#include <map>
#include <random>

#include "ingest/illegal_ids.h"
#include "ingest/test_support.h"

namespace mr::ingest {
namespace {

// Property P1: whatever the order of events, the cuts into batches and the size of the cache, the
// stored persons are those of this model, which knows no batches, no cache and no database.
struct Model {
  struct Person {
    std::string seed;
    std::map<std::string, int> properties;
    bool identified = false;
    int64_t version = 0;
  };
  std::map<std::string, int> person_of;  // distinct id: index
  std::map<std::string, int64_t> id_version;
  std::map<std::string, bool> personless;
  std::vector<Person> persons;

  void give(const std::string& id, int person, int64_t version) {
    person_of[id] = person;
    id_version[id] = version;
  }
  void apply(const std::string& name, const std::string& id, const std::string& other,
             const std::map<std::string, int>& set, bool process) {
    if (!process) {
      if (!person_of.contains(id)) personless[id] = true;
      return;
    }
    bool requested = false;
    bool raised = false;
    const bool merges = !other.empty() && other != id;
    if (merges && !is_illegal_for_merging(id) && !is_illegal_for_merging(other)) {
      requested = true;
      const bool id_known = person_of.contains(id);
      const bool other_known = person_of.contains(other);
      if (!id_known && !other_known) {
        const bool from_other = personless[other] && !personless[id];
        persons.push_back({from_other ? other : id, set, true, 0});
        const int made = static_cast<int>(persons.size()) - 1;
        give(id, made, 0);
        give(other, made, personless[other] && personless[id] ? 1 : 0);
        return;
      }
      if (!id_known) give(id, person_of[other], personless[id] ? 1 : 0);
      if (!other_known) give(other, person_of[id], personless[other] ? 1 : 0);
      Person& target = persons[person_of[id]];
      Person& source = persons[person_of[other]];
      if (&target != &source && (!source.identified || name == "$merge_dangerously")) {
        target.properties.insert(source.properties.begin(), source.properties.end());
        target.version = std::max(target.version, source.version) + 1;
        target.identified = raised = true;
        const int from = person_of[other];
        for (auto& [moved, person] : person_of) {
          if (person == from) give(moved, person_of[id], id_version[moved] + 1);
        }
      }
    }
    if (!person_of.contains(id)) {
      persons.push_back({id, set, false, 0});
      give(id, static_cast<int>(persons.size()) - 1, 0);
      return;
    }
    Person& person = persons[person_of[id]];
    bool changed = requested && !person.identified;
    person.identified |= requested;
    for (const auto& [key, value] : set) {
      const auto stored = person.properties.find(key);
      changed |= stored == person.properties.end() || stored->second != value;
      person.properties[key] = value;
    }
    if (changed && !raised) ++person.version;
  }
};

std::string json_of(const std::map<std::string, int>& properties) {
  json::Object object;
  for (const auto& [key, value] : properties) object.set(key, std::to_string(value));
  return object.to_json();
}

void run_seed(uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto draw = [&random](uint64_t below) { return random() % below; };
  PersonCacheLimits limits;
  if (draw(2) == 0) limits.distinct_ids_max = 1 + draw(6);
  StateBench bench(limits);
  Model model;
  const std::string ids[] = {"a", "b", "c", "d", "e", "f", "null", "g"};
  const size_t ids_used = 2 + draw(7);
  const char* names[] = {"page",      "page",          "$identify",
                         "$identify", "$create_alias", "$merge_dangerously"};
  std::vector<TestEvent> pending;
  const uint64_t events = 5 + draw(60);
  for (uint64_t i = 0; i < events; ++i) {
    TestEvent event{names[draw(std::size(names))], ids[draw(ids_used)]};
    const bool process = draw(5) != 0;
    std::map<std::string, int> set;
    for (uint64_t n = draw(3); n > 0; --n) {
      set[std::string("p") + std::to_string(draw(4))] = static_cast<int>(draw(3));
    }
    std::string other;
    json::Object properties;
    properties.set("$set", json_of(set));
    if (event.name != "page" && process) {
      other = ids[draw(ids_used)];
      properties.set_text(event.name == "$identify" ? "$anon_distinct_id" : "alias", other);
    }
    if (!process) {
      event.name = "page";
      properties.set("$process_person_profile", "false");
    }
    event.properties = properties.to_json();
    event.number = i;
    model.apply(event.name, event.distinct_id, other, set, process);
    pending.push_back(std::move(event));
    if (draw(3) == 0) {
      bench.batch(pending);
      pending.clear();
    }
  }
  if (!pending.empty()) bench.batch(pending);

  for (const std::string& id : ids) {
    const state::StateFound found = bench.stored(id);
    ASSERT_EQ(!found.distinct_ids.empty(), model.person_of.contains(id)) << id;
    if (found.distinct_ids.empty()) continue;
    const Model::Person& person = model.persons[model.person_of[id]];
    EXPECT_EQ(found.distinct_ids[0].version, model.id_version[id]) << id;
    ASSERT_EQ(found.persons.size(), 1u);
    const state::PersonRow& row = found.persons[0];
    EXPECT_EQ(row.uuid, event::person_id_of(StateBench::project, person.seed)) << id;
    EXPECT_EQ(row.version, person.version) << id;
    EXPECT_EQ(row.is_identified, person.identified) << id;
    EXPECT_FALSE(row.is_deleted);
    json::Object properties = json::Object::parse(row.properties).value();
    properties.erase("$creator_event_uuid");
    std::map<std::string, int> stored;
    for (const json::Member& member : properties) {
      stored[std::string(member.key)] = std::stoi(std::string(member.raw));
    }
    EXPECT_EQ(stored, person.properties) << id;
  }
}

TEST(PersonsModel, AnyInterleavingAndAnyBatchesGiveTheSequentialModelsPersons) {
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    run_seed(seed);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace mr::ingest
