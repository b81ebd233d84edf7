#include "capture/capture_server.h"

#include <gtest/gtest.h>

#include "capture/test_support.h"
#include "http/client.h"
#include "io/disk.h"
#include "sim/sim_world.h"

namespace mr::capture {
namespace {

using io::Task;

// The whole accept process in a simulated machine.
struct ProcessFixture {
  explicit ProcessFixture(io::World in)
      : world(in),
        appender(in),
        opener(in, appender),
        lanes(in.loop, opener),
        catalog(world, "/d/catalog.snapshot", "/d/catalog.page"),
        log(telemetry::Logger::to_memory()),
        usage(in, "/d/usage", *log),
        background(in.loop) {}

  Task<Result<void>> start() {
    const catalog::Snapshot snapshot(1, {{ProjectId(1), "known", "phc_known", {}}}, "");
    MR_CO_CHECK(co_await world.disk.make_folders("/d"));
    MR_CO_CHECK(co_await io::replace_file(world.disk, "/d/catalog.snapshot", snapshot.serialize()));
    MR_CO_CHECK(co_await catalog.open());
    CaptureConfig config;
    config.rules.api = {"unix:/d/api.sock"};
    config.process_socket = {"unix:/d/accept.sock"};
    config.other_processes = {{"store", {"unix:/d/store.sock"}}};
    MR_CO_TRY(server, co_await CaptureServer::create(world, std::move(config), lanes, usage,
                                                     catalog, metrics, *log));
    MR_CO_TRY(auto listener, world.network.listen({"127.0.0.1:0"}));
    address = listener->address();
    background.spawn(serve(std::move(listener)));
    co_return Result<void>();
  }
  Task<void> serve(std::unique_ptr<io::Listener> listener) {
    EXPECT_TRUE(co_await server->serve(std::move(listener), nullptr));
    ended = true;
  }
  Task<http::ClientResponse> ask(io::Address to, std::string method, std::string target,
                                 std::string body) {
    auto answer = co_await http::fetch(world.network, std::move(to),
                                       {std::move(method), std::move(target), "", std::move(body)},
                                       world.clock.now() + Millis{20'000});
    EXPECT_TRUE(answer) << answer.error().message();
    co_return answer ? *std::move(answer) : http::ClientResponse{};
  }

  io::World world;
  telemetry::Metrics metrics;
  MemoryAppender appender;
  MemoryLanes opener;
  LaneAppender lanes;
  catalog::LiveSnapshot catalog;
  std::unique_ptr<telemetry::Logger> log;
  Usage usage;
  std::unique_ptr<CaptureServer> server;
  io::Address address;
  io::TaskGroup background;
  bool ended = false;
};

template <typename Body>
void in_simulation(Body body) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    sim::SimWorld world(seed);
    ProcessFixture fixture(world.world());
    EXPECT_TRUE(world.run(body(&fixture)).value_or(false));
    if (testing::Test::HasFailure()) return;
  }
}

constexpr const char* one_event = R"({"event":"seen","distinct_id":"d","api_key":"phc_known"})";

Task<bool> serves(ProcessFixture* f) {
  const auto started = co_await f->start();
  EXPECT_TRUE(started) << started.error().message();
  const io::Address process{"unix:/d/accept.sock"};

  const auto accepted = co_await f->ask(f->address, "POST", "/e/", one_event);
  EXPECT_EQ(accepted.status, 200);
  EXPECT_EQ(accepted.body, R"({"status":"Ok"})");
  EXPECT_EQ(accepted.content_type, "application/json");
  EXPECT_EQ(f->appender.kept.size(), 1u);
  EXPECT_EQ((co_await f->ask(f->address, "POST", "/e", "{}")).status, 401);
  EXPECT_EQ((co_await f->ask(f->address, "GET", "/api/projects", "")).status, 503);
  EXPECT_EQ((co_await f->ask(f->address, "POST", "/e", std::string(21 << 20, ' '))).status, 413);

  const auto status = co_await f->ask(process, "GET", "/status", "");
  EXPECT_TRUE(status.body.starts_with(
      R"({"process":"accept","accepted_events":1,"dropped_events":0,"refused_requests":2,)"))
      << status.body;
  const auto metrics = co_await f->ask(f->address, "GET", "/metrics", "");
  EXPECT_NE(metrics.body.find("\nmillrace_process_up{process=\"store\"} 0\n"), std::string::npos);
  EXPECT_NE(metrics.body.find("events_accepted_total{project=\"1\"} 1\n"), std::string::npos);
  EXPECT_EQ(metrics.content_type, "text/plain; version=0.0.4; charset=utf-8");
  f->server->stop(Millis{1000});
  co_await f->background.drain();
  EXPECT_TRUE(f->ended);
  co_return true;
}
TEST(CaptureServer, IsTheWholeAcceptProcess) {
  in_simulation(serves);
}

Task<void> post_and_note(ProcessFixture* f, int* status) {
  *status = (co_await f->ask(f->address, "POST", "/e", one_event)).status;
}

Task<bool> drains(ProcessFixture* f) {
  EXPECT_TRUE(co_await f->start());
  f->appender.held = true;
  int status = 0;
  f->background.spawn(post_and_note(f, &status));
  while (f->appender.appends == 0) co_await f->world.clock.sleep(Millis{1});
  f->server->stop(Millis{60'000});
  co_await f->world.clock.sleep(Millis{1'000});
  EXPECT_FALSE(f->ended);
  f->appender.release();
  co_await f->background.drain();
  EXPECT_EQ(status, 200);
  co_return true;
}
TEST(CaptureServer, AnswersWhatIsUnderWayBeforeItEnds) {
  in_simulation(drains);
}

}  // namespace
}  // namespace mr::capture
