#include <sstream>

#include "codec/json_text.h"
#include "ingest/test_support.h"

namespace mr::ingest {
namespace {

// Runs one line after another of tests/golden/ingest/persons.case, which says what they mean.
class PersonsCases final : public CaseFile {
 private:
  void begin_case() override {
    bench_ = std::make_unique<StateBench>();
    pending_.clear();
  }

  void execute(const std::string& verb, std::istringstream& words) override {
    if (verb == "event") {
      TestEvent event;
      words >> event.name >> event.distinct_id;
      std::getline(words, event.properties);
      event.number = ++events_;
      pending_.push_back(std::move(event));
      return;
    }
    flush();
    if (verb == "batch") return;
    if (verb == "ids") return check_ids(words);
    if (verb == "person") return check_person(words);
    if (verb == "gone") return check_gone(words);
    if (verb == "on_event") return check_on_event(words);
    if (verb == "count") return check_count(words);
    ADD_FAILURE() << "unknown word " << verb;
  }

  void flush() {
    if (pending_.empty()) return;
    last_ = bench_->batch(pending_).back();
    pending_.clear();
  }

  static codec::Uuid uuid_of(const std::string& seed) {
    return event::person_id_of(StateBench::project, seed);
  }

  static void expect_properties(const std::string& actual, std::istringstream& words) {
    std::string expected;
    std::getline(words, expected);
    json::Object properties = json::Object::parse(actual).value();
    properties.erase("$creator_event_uuid");
    EXPECT_TRUE(json::equal(properties.to_json(), expected.substr(1)))
        << properties.to_json() << " is not " << expected;
  }

  void check_ids(std::istringstream& words) {
    for (std::string item; words >> item;) {
      const size_t equals = item.find('=');
      const size_t at = item.find('@');
      const std::string id = item.substr(0, equals);
      const std::string seed = item.substr(equals + 1, at - equals - 1);
      const state::StateFound found = bench_->stored(id);
      ASSERT_FALSE(found.distinct_ids.empty()) << id;
      EXPECT_EQ(found.distinct_ids[0].person, uuid_of(seed)) << id;
      EXPECT_EQ(std::to_string(found.distinct_ids[0].version), item.substr(at + 1)) << id;
    }
  }

  std::optional<state::PersonRow> row(const std::string& seed) {
    // The candidate's row is found through an id that nobody has.
    const auto found = bench_->tables().load(
        {{{StateBench::project, "no such id", uuid_of(seed), false}}, {}, {}});
    if (found->persons.empty()) return std::nullopt;
    return found->persons[0];
  }

  void check_person(std::istringstream& words) {
    std::string seed;
    int64_t version = 0;
    std::string identified;
    words >> seed >> version >> identified;
    const auto person = row(seed);
    ASSERT_TRUE(person) << seed;
    EXPECT_FALSE(person->is_deleted);
    EXPECT_EQ(person->version, version);
    EXPECT_EQ(person->is_identified, identified == "identified");
    expect_properties(person->properties, words);
  }

  void check_gone(std::istringstream& words) {
    std::string seed;
    int64_t version = 0;
    words >> seed >> version;
    const auto person = row(seed);
    ASSERT_TRUE(person) << seed;
    EXPECT_TRUE(person->is_deleted);
    EXPECT_EQ(person->version, version);
  }

  void check_on_event(std::istringstream& words) {
    std::string mode;
    std::string seed;
    words >> mode >> seed;
    EXPECT_EQ(to_string(last_.mode), mode);
    EXPECT_EQ(last_.person_id, uuid_of(seed));
    expect_properties(last_.properties, words);
  }

  void check_count(std::istringstream& words) {
    std::string name;
    int64_t value = 0;
    words >> name >> value;
    EXPECT_EQ(bench_->counts().value(name), value);
  }

  uint64_t events_ = 0;
  std::unique_ptr<StateBench> bench_;
  std::vector<TestEvent> pending_;
  PersonOnEvent last_;
};

TEST(Persons, BecomeWhatTheGoldenCasesSay) {
  PersonsCases cases;
  cases.run(MR_SOURCE_DIR "/tests/golden/ingest/persons.case");
}

TEST(Persons, TheUuidFollowsTheReferencesRule) {
  EXPECT_EQ(codec::to_string(event::person_id_of(ProjectId(1), "distinct_id")),
            "90f26d77-1832-5e44-8796-eec309e68010");
  EXPECT_EQ(codec::to_string(event::person_id_of(ProjectId(7), "zo\xc3\xab")),
            "90788999-1e5b-5c7f-9d51-95e0e389b9f7");
}

}  // namespace
}  // namespace mr::ingest
