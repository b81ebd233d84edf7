#include "capture/lane_appender.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "capture/test_support.h"
#include "sim/sim_world.h"

namespace mr::capture {
namespace {

using event::Lane;
using io::Task;

constexpr const char* mixed = R"({"api_key":"phc_known","batch":[
  {"event":"seen","distinct_id":"d"},
  {"event":"$exception","distinct_id":"d"},
  {"event":"$ai_trace","distinct_id":"d"},
  {"event":"seen","distinct_id":"e"}]})";

Task<bool> by_lane(ServiceFixture* f) {
  EXPECT_EQ((co_await f->post("/batch", mixed)).status, 200);
  std::vector<std::pair<Lane, std::string>> kept;
  for (const auto& one : f->appender.kept) kept.emplace_back(one.lane, one.envelope.distinct_id);
  std::vector<std::pair<Lane, std::string>> wanted = {
      {Lane::main, "d"}, {Lane::main, "e"}, {Lane::ai, "d"}, {Lane::exceptions, "d"}};
  std::ranges::sort(kept);
  std::ranges::sort(wanted);
  EXPECT_EQ(kept, wanted);
  co_return true;
}
TEST(LaneAppender, GivesEachEventToItsLaneAndKeepsTheOrderInIt) {
  sim::SimWorld world(1);
  ServiceFixture fixture(world.world());
  EXPECT_TRUE(world.run(by_lane(&fixture)).value_or(false));
}

Task<bool> opens_once(ServiceFixture* f) {
  EXPECT_TRUE(f->opener.opened.empty());
  EXPECT_EQ((co_await f->post("/batch", mixed)).status, 200);
  EXPECT_EQ((co_await f->post("/batch", mixed)).status, 200);
  auto opened = f->opener.opened;
  std::ranges::sort(opened);
  EXPECT_EQ(opened, (std::vector{Lane::main, Lane::exceptions, Lane::ai}));
  co_return true;
}
TEST(LaneAppender, OpensALaneWithItsFirstRecordAndOnlyOnce) {
  sim::SimWorld world(1);
  ServiceFixture fixture(world.world());
  EXPECT_TRUE(world.run(opens_once(&fixture)).value_or(false));
}

Task<bool> refuses_whole(ServiceFixture* f) {
  f->appender.failure = ErrorCode::no_space;
  const http::Response response = co_await f->post("/batch", mixed);
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(f->refused("log_full", "1"), 1);
  co_return true;
}
TEST(LaneAppender, RefusesTheRequestWhenALaneTakesNothing) {
  sim::SimWorld world(1);
  ServiceFixture fixture(world.world());
  EXPECT_TRUE(world.run(refuses_whole(&fixture)).value_or(false));
}

}  // namespace
}  // namespace mr::capture
