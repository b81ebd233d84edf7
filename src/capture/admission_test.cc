#include "capture/admission.h"

#include <gtest/gtest.h>

#include "capture/test_support.h"
#include "sim/sim_world.h"

namespace mr::capture {
namespace {

using catalog::Period;
using catalog::Resource;
using catalog::Restriction;
using catalog::RestrictionAction;
using event::Lane;
using io::Task;

constexpr ProjectId known{1};

std::string one(std::string_view name, std::string_view distinct_id = "d") {
  return R"({"api_key":"phc_known","event":")" + std::string(name) + R"(","distinct_id":")" +
         std::string(distinct_id) + R"("})";
}

int64_t dropped(const ServiceFixture& f, std::string_view reason) {
  return f.metrics.value("millrace_capture_events_dropped_total",
                         {{"project", "1"}, {"reason", reason}});
}

int64_t rerouted(const ServiceFixture& f, std::string_view reason) {
  return f.metrics.value("millrace_capture_events_rerouted_total",
                         {{"project", "1"}, {"reason", reason}});
}

template <typename Body>
void in_world(Body body, CaptureRules rules = {{"unix:/nowhere/api.sock"}}) {
  sim::SimWorld world(1);
  ServiceFixture fixture(world.world(), std::move(rules));
  EXPECT_TRUE(world.run(body(&fixture)).value_or(false));
}

Task<bool> drops_by_rule(ServiceFixture* f) {
  f->projects.set_rules({}, {{1, known, RestrictionAction::drop, "", "noise", {}},
                             {2, known, RestrictionAction::drop, "robot", "", {}},
                             {3, known, RestrictionAction::drop, "both", "named", {}},
                             {4, ProjectId(2), RestrictionAction::drop, "", "", {}}});
  const std::string body = R"({"api_key":"phc_known","batch":[
    {"event":"noise","distinct_id":"a"},{"event":"seen","distinct_id":"robot"},
    {"event":"seen","distinct_id":"both"},{"event":"named","distinct_id":"both"},
    {"event":"named","distinct_id":"a"}]})";
  const http::Response response = co_await f->post("/batch", body);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(f->appender.kept.size(), 2u);
  EXPECT_EQ(dropped(*f, "restricted"), 3);
  // Nothing is left of this one, and it is a success all the same.
  EXPECT_EQ((co_await f->post("/e", one("noise"))).status, 200);
  EXPECT_EQ(f->appender.kept.size(), 2u);
  co_return true;
}
TEST(Admission, DropsWhatARestrictionNamesAndCountsIt) {
  in_world(drops_by_rule);
}

Task<bool> marks_by_rule(ServiceFixture* f) {
  f->projects.set_rules({}, {{1, known, RestrictionAction::overflow, "hot", "", {}},
                             {2, known, RestrictionAction::skip_person, "bot", "", {}},
                             {3, known, RestrictionAction::dead_letter, "", "odd", {}}});
  for (const auto& body : {one("seen", "hot"), one("seen", "bot"), one("odd"), one("seen")}) {
    EXPECT_EQ((co_await f->post("/e", body)).status, 200);
  }
  const auto& kept = f->appender.kept;
  EXPECT_EQ(kept.size(), 4u);
  if (kept.size() != 4) co_return false;
  EXPECT_EQ(kept[0].lane, Lane::overflow);
  EXPECT_EQ(kept[0].key, "");
  EXPECT_TRUE(kept[0].envelope.personless);
  EXPECT_EQ(kept[1].lane, Lane::main);
  EXPECT_TRUE(kept[1].envelope.personless);
  EXPECT_TRUE(kept[2].restricted);
  EXPECT_FALSE(kept[2].envelope.personless);
  EXPECT_FALSE(kept[3].restricted || kept[3].envelope.personless);
  EXPECT_EQ(kept[3].lane, Lane::main);
  co_return true;
}
TEST(Admission, PlacesAndMarksWhatARestrictionNames) {
  in_world(marks_by_rule);
}

Task<bool> counts_events(ServiceFixture* f) {
  f->projects.set_rules({{known, Resource::events, Period::day, 2}}, {});
  for (int i = 0; i < 5; ++i) EXPECT_EQ((co_await f->post("/e", one("seen"))).status, 200);
  EXPECT_EQ(f->appender.kept.size(), 2u);
  EXPECT_EQ(dropped(*f, "quota_events"), 3);
  EXPECT_EQ(f->usage.used(known, Resource::events, Period::month), 2);
  // Exceptions count for themselves, and outlive the limit of events.
  EXPECT_EQ((co_await f->post("/e", one("$exception"))).status, 200);
  EXPECT_EQ(f->appender.kept.size(), 3u);
  EXPECT_EQ(f->usage.used(known, Resource::exceptions, Period::day), 1);
  // A limit that is raised takes effect with the next request.
  f->projects.set_rules({{known, Resource::events, Period::day, 3}}, {});
  co_await f->post("/e", one("seen"));
  EXPECT_EQ(f->appender.kept.size(), 4u);
  co_return true;
}
TEST(Admission, AQuotaThatIsUsedUpDropsItsResourceWithSuccess) {
  in_world(counts_events);
}

Task<bool> spills(ServiceFixture* f) {
  for (int i = 0; i < 8; ++i) co_await f->post("/e", one("seen", "hot"));
  co_await f->post("/e", one("seen", "cold"));
  co_await f->post("/e", one("$exception", "hot"));
  std::map<Lane, int> lanes;
  for (const auto& kept : f->appender.kept) ++lanes[kept.lane];
  EXPECT_EQ(lanes[Lane::main], 6);
  EXPECT_EQ(lanes[Lane::overflow], 3);
  EXPECT_EQ(lanes[Lane::exceptions], 1);
  // What overflows by itself keeps its key and its person.
  for (const auto& kept : f->appender.kept) {
    EXPECT_FALSE(kept.key.empty() || kept.envelope.personless);
  }
  EXPECT_EQ(rerouted(*f, "overflow_rate"), 3);
  EXPECT_EQ(rerouted(*f, "global_limit"), 0);
  co_return true;
}
TEST(Admission, AKeyThatSendsMoreThanItsShareGoesToOverflow) {
  CaptureRules rules{{"unix:/nowhere/api.sock"}};
  rules.overflow = {1, 5};
  in_world(spills, rules);
}

Task<bool> limits_globally(ServiceFixture* f) {
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ((co_await f->post("/e", one("seen", "hot"))).status, 200);
  }
  co_await f->post("/e", one("seen", "cold"));
  co_await f->post("/e", one("$exception", "hot"));
  const auto& kept = f->appender.kept;
  EXPECT_EQ(kept.size(), 10u);
  if (kept.size() != 10) co_return false;
  for (size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(kept[i].lane, i < 5 ? Lane::main : Lane::overflow) << i;
    EXPECT_EQ(kept[i].envelope.personless, i >= 5) << i;
    EXPECT_NE(kept[i].key, "");
  }
  EXPECT_EQ(kept[8].lane, Lane::main);
  EXPECT_FALSE(kept[8].envelope.personless);
  EXPECT_EQ(kept[9].lane, Lane::exceptions);
  EXPECT_TRUE(kept[9].envelope.personless);
  EXPECT_EQ(rerouted(*f, "global_limit"), 4);
  EXPECT_EQ(rerouted(*f, "overflow_rate"), 0);
  // A window later the key has its whole share again.
  co_await f->world.clock.sleep(Millis{61'000});
  co_await f->post("/e", one("seen", "hot"));
  EXPECT_EQ(kept.back().lane, Lane::main);
  EXPECT_FALSE(kept.back().envelope.personless);
  co_return true;
}
TEST(Admission, AKeyOverTheGlobalLimitLosesItsPersonAndTheMainLane) {
  CaptureRules rules{{"unix:/nowhere/api.sock"}};
  rules.global = {5.0F / 60, 5};
  in_world(limits_globally, rules);
}

}  // namespace
}  // namespace mr::capture
