#include "ingest/groups.h"

#include "codec/json_text.h"
#include "ingest/test_support.h"

namespace mr::ingest {
namespace {

std::string identify(const std::string& type, const std::string& key, const std::string& set) {
  return R"({"$group_type":")" + type + R"(","$group_key":")" + key + R"(","$group_set":)" + set +
         "}";
}

state::StateFound stored_group(StateBench& bench, int index, const std::string& key) {
  return bench.tables()
      .load({{}, {{StateBench::project, index, key}}, {StateBench::project}})
      .value();
}

TEST(Groups, AnEventGetsTheIndexOfItsGroupsAndTheirProperties) {
  StateBench bench;
  bench.batch({{"$groupidentify", "g", identify("company", "acme", R"({"plan":"pro"})")},
               {"page", "a", R"({"$groups":{"company":"acme","team":7}})"}});
  EXPECT_EQ(json::Object::parse(bench.properties()[1])->find("$group_0"), R"("acme")");
  EXPECT_EQ(json::Object::parse(bench.properties()[1])->find("$group_1"), "7");
  EXPECT_EQ(bench.groups_on_events()[1][0]->properties, R"({"plan":"pro"})");
  EXPECT_EQ(bench.groups_on_events()[1][0]->created_at, (WallTime{1'700'000'000'000}));
  EXPECT_FALSE(bench.groups_on_events()[1][1]);
  EXPECT_EQ(stored_group(bench, 0, "acme").groups[0].version, 1);
}

TEST(Groups, PropertiesAreOverlaidAndAnEqualSetWritesNothing) {
  StateBench bench;
  bench.batch({{"$groupidentify", "g", identify("company", "acme", R"({"a":1,"o":{"x":[1]}})")}});
  bench.batch({{"$groupidentify", "g", identify("company", "acme", R"({"o":{"x":[1]}})")}});
  EXPECT_EQ(stored_group(bench, 0, "acme").groups[0].version, 1);
  bench.batch({{"$groupidentify", "g", identify("company", "acme", R"({"a":2,"b":3})"),
                WallTime{1'600'000'000'000}}});
  const state::GroupRow row = stored_group(bench, 0, "acme").groups[0];
  EXPECT_EQ(row.version, 2);
  EXPECT_EQ(row.properties, R"({"a":2,"o":{"x":[1]},"b":3})");
  EXPECT_EQ(row.created_at, (WallTime{1'600'000'000'000}));
  ASSERT_FALSE(bench.messages().empty());
  const auto message = json::Object::parse(bench.messages().back().value);
  EXPECT_EQ(bench.messages().back().topic, "groups");
  EXPECT_EQ(message->find("group_type_index"), "0");
  EXPECT_EQ(message->find("created_at"), R"("2020-09-13 12:26:40")");
}

TEST(Groups, ASixthTypeIsIgnored) {
  StateBench bench;
  bench.batch({{"page", "a", R"({"$groups":{"t0":"k","t1":"k","t2":"k","t3":"k"}})"},
               {"page", "a", R"({"$groups":{"t4":"k","t5":"k"}})"},
               {"$groupidentify", "g", identify("t6", "k", "{}")}});
  bench.batch({{"page", "a", R"({"$groups":{"t5":"k","t4":"k"}})"}});
  EXPECT_EQ(stored_group(bench, 0, "k").group_types.size(), 5u);
  const auto properties = json::Object::parse(bench.properties().back());
  EXPECT_EQ(properties->find("$group_4"), R"("k")");
  EXPECT_FALSE(properties->contains("$group_5"));
}

TEST(Groups, TypesThatShareAKeyDoNotCollide) {
  StateBench bench;
  bench.batch({{"$groupidentify", "g", identify("company", "x", R"({"of":"company"})")},
               {"$groupidentify", "g", identify("team", "x", R"({"of":"team"})")},
               {"page", "a", R"({"$groups":{"team":"x","company":"x"}})"}});
  EXPECT_EQ(bench.groups_on_events()[2][0]->properties, R"({"of":"company"})");
  EXPECT_EQ(bench.groups_on_events()[2][1]->properties, R"({"of":"team"})");
}

TEST(Groups, APersonlessEventLosesItsGroupIndexes) {
  StateBench bench;
  bench.batch({{"page", "a",
                R"({"$process_person_profile":false,"$groups":{"company":"x"},"$group_0":"y"})"}});
  EXPECT_EQ(bench.properties()[0],
            R"({"$process_person_profile":false,"$groups":{"company":"x"}})");
  EXPECT_TRUE(stored_group(bench, 0, "x").group_types.empty());
}

TEST(Groups, AGroupidentifyThatNamesNoGroupOrSetsNoObjectChangesNothing) {
  StateBench bench;
  bench.batch({{"$groupidentify", "g", R"({"$group_type":"company"})"},
               {"$groupidentify", "g", R"({"$group_type":"company","$group_key":""})"},
               {"$groupidentify", "g", identify("company", "x", "[1]")}});
  EXPECT_TRUE(stored_group(bench, 0, "x").groups.empty());
  EXPECT_EQ(bench.counts().value("warning:invalid_group_set"), 1);
}

}  // namespace
}  // namespace mr::ingest
