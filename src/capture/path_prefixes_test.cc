#include "capture/path_prefixes.h"

#include <gtest/gtest.h>

#include "capture/test_support.h"
#include "sim/sim_world.h"

namespace mr::capture {
namespace {

using io::Task;

constexpr const char* one_event = R"({"event":"seen","distinct_id":"d","api_key":"phc_known"})";

CaptureRules relayed() {
  CaptureRules rules = believing_rules();
  rules.path_prefixes = PathPrefixes::parse("/relay-x7f, /in/gest").value();
  return rules;
}

Task<bool> serves_below(ServiceFixture* f) {
  for (const char* path : {"/relay-x7f/e/", "/in/gest/i/v0/e", "/e", "/relay-x7f/batch"}) {
    EXPECT_EQ((co_await f->post(path, one_event)).status, 200) << path;
  }
  for (const char* path : {"/relay-x7fe/e", "/relay/e", "/in/e", "/relay-x7f/relay-x7f/e",
                           "/relay-x7f/nowhere", "/relay-x7f/api/status"}) {
    EXPECT_EQ((co_await f->post(path, one_event)).status, 404) << path;
  }
  const auto root = co_await f->ask("GET /relay-x7f HTTP/1.1\r\nHost: a\r\n\r\n", "");
  EXPECT_EQ(root.body, "capture");
  EXPECT_EQ(f->appender.kept.size(), 4u);
  co_return true;
}
TEST(PathPrefixes, EverythingButTheApiIsServedBelowThem) {
  sim::SimWorld world(1);
  ServiceFixture fixture(world.world(), relayed());
  EXPECT_TRUE(world.run(serves_below(&fixture)).value_or(false));
}

Task<bool> names_itself(ServiceFixture* f) {
  const auto settings = co_await f->ask(
      "GET /in/gest/v1/projects/phc_known/settings HTTP/1.1\r\nHost: shop.example\r\n\r\n", "");
  EXPECT_NE(settings.body.find(R"("apiHost":"shop.example/in/gest/v1")"), std::string::npos)
      << settings.body;
  co_return true;
}
TEST(PathPrefixes, AnswersThatNameTheHostNameThePrefixToo) {
  sim::SimWorld world(1);
  ServiceFixture fixture(world.world(), relayed());
  EXPECT_TRUE(world.run(names_itself(&fixture)).value_or(false));
}

TEST(PathPrefixes, NonsenseIsRefusedByItsPart) {
  for (const char* bad : {"relay", "/", "/relay/", "/a b", "/a//b", "/api", "/api/x", "/a?b"}) {
    const auto prefixes = PathPrefixes::parse(std::string("/good,") + bad);
    ASSERT_FALSE(prefixes) << bad;
    EXPECT_NE(prefixes.error().message().find(bad), std::string::npos);
  }
}

}  // namespace
}  // namespace mr::capture
