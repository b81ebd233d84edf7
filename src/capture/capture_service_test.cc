#include "capture/capture_service.h"

#include <gtest/gtest.h>

#include "capture/client_ip.h"
#include "capture/test_support.h"
#include "io/task_group.h"
#include "sim/sim_world.h"

namespace mr::capture {
namespace {

using io::Task;

constexpr const char* one_event =
    R"({"event":"seen","distinct_id":"d","api_key":"phc_known","properties":{"n":1.50}})";

template <typename Body>
void in_simulation(Body body) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    sim::SimWorld world(seed);
    ServiceFixture fixture(world.world());
    EXPECT_TRUE(world.run(body(&fixture)).value_or(false));
    if (testing::Test::HasFailure()) return;
  }
}

Task<void> ask_and_note(ServiceFixture* f, std::string body, std::string* order) {
  const http::Response response = co_await f->post("/e", std::move(body));
  *order += "answer " + std::to_string(response.status) + " ";
}

Task<bool> waits_for_the_log(ServiceFixture* f) {
  std::string order;
  f->appender.held = true;
  io::TaskGroup group(f->world.loop);
  group.spawn(ask_and_note(f, one_event, &order));
  group.spawn(ask_and_note(f, one_event, &order));
  while (f->appender.appends < 2) co_await f->world.loop.yield();
  co_await f->world.clock.sleep(Millis{60'000});
  EXPECT_EQ(order, "");
  order += "durable ";
  f->appender.release();
  co_await group.drain();
  EXPECT_EQ(order, "durable answer 200 answer 200 ");
  co_return true;
}
TEST(CaptureService, AnswersOnlyAfterTheRecordsAreDurable) {
  in_simulation(waits_for_the_log);
}

Task<bool> maps_failures(ServiceFixture* f) {
  struct Case {
    ErrorCode code;
    int status;
    std::string_view reason;
    std::string_view retry_after;
  };
  for (const Case& c : {Case{ErrorCode::busy, 503, "log_busy", "retry-after: 1\r\n"},
                        Case{ErrorCode::no_space, 503, "log_full", "retry-after: 10\r\n"},
                        Case{ErrorCode::io_failed, 503, "log_failed", "retry-after: 1\r\n"},
                        Case{ErrorCode::closed, 503, "log_failed", "retry-after: 1\r\n"},
                        Case{ErrorCode::too_large, 413, "record_too_large", ""}}) {
    const int64_t before = f->refused(c.reason, "1");
    f->appender.failure = c.code;
    const http::Response response = co_await f->post("/batch/", one_event);
    EXPECT_EQ(response.status, c.status);
    EXPECT_NE(response.header_lines().find(c.retry_after), std::string::npos);
    EXPECT_NE(response.header_lines().find("access-control-allow-credentials: true"),
              std::string::npos);
    EXPECT_EQ(f->refused(c.reason, "1"), before + 1);
  }
  EXPECT_EQ(f->service.counters().accepted_events(), 0u);
  EXPECT_EQ(f->service.counters().refused_requests(), 5u);
  co_return true;
}
TEST(CaptureService, TurnsRefusalsOfTheLogInto503WithRetryAfter) {
  in_simulation(maps_failures);
}

Task<bool> shows_trouble(ServiceFixture* f) {
  const std::string ready = "GET /_readiness HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ((co_await f->ask(ready, "")).status, 200);
  f->appender.failure = ErrorCode::no_space;
  (void)co_await f->post("/e", one_event);
  (void)co_await f->post("/e", one_event);
  const http::Response unready = co_await f->ask(ready, "");
  EXPECT_EQ(unready.status, 503);
  EXPECT_EQ(unready.body, "log_full");
  // Nobody would ever find out that there is space again if no traffic came.
  co_await f->world.clock.sleep(Millis{6'000});
  EXPECT_EQ((co_await f->ask(ready, "")).status, 200);
  f->appender.failure.reset();
  (void)co_await f->post("/e", one_event);
  EXPECT_EQ(f->log->kept(),
            "the log refuses events reason=log_full error=\"the log says no\"\n"
            "the log takes events again\n");
  f->appender.opened = false;  // it opens by itself, without traffic
  EXPECT_EQ((co_await f->ask(ready, "")).body, "log_failed");
  f->appender.opened = true;
  EXPECT_EQ((co_await f->ask(ready, "")).status, 200);
  f->service.begin_drain();
  EXPECT_EQ((co_await f->ask(ready, "")).status, 503);
  EXPECT_EQ((co_await f->ask("GET /_liveness HTTP/1.1\r\nHost: a\r\n\r\n", "")).status, 200);
  co_return true;
}
TEST(CaptureService, ShowsATroubledLogAndSpeaksOnceAboutIt) {
  in_simulation(shows_trouble);
}

Task<bool> bounds_pending(ServiceFixture* f) {
  // Each body is small on the wire but large when it waits.
  const std::string large(30 * 1024 * 1024, ' ');
  std::string order;
  f->appender.held = true;
  io::TaskGroup group(f->world.loop);
  for (int i = 0; i < 8; ++i) group.spawn(ask_and_note(f, one_event + large, &order));
  while (f->appender.appends < 6) co_await f->world.loop.yield();
  co_await f->world.clock.sleep(Millis{1});
  EXPECT_EQ(order, "answer 503 answer 503 ");
  EXPECT_EQ(f->refused("too_much_pending", "1"), 2);
  f->appender.release();
  co_await group.drain();
  EXPECT_EQ(f->appender.kept.size(), 6u);
  EXPECT_EQ((co_await f->post("/e", one_event)).status, 200);
  co_return true;
}
Task<bool> takes_unknown_tokens(ServiceFixture* f) {
  const std::string foreign = R"({"api_key":"phc_nobody","event":"e","distinct_id":"d"})";
  const http::Response response = co_await f->post("/e", foreign);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header_lines().find("millrace-receipt"), std::string::npos);
  EXPECT_EQ(f->appender.kept.at(0).envelope.token, "phc_nobody");
  EXPECT_EQ(f->metrics.value("millrace_capture_events_accepted_total", {{"project", ""}}), 1);
  co_return true;
}
TEST(CaptureService, KeepsEventsOfUnknownTokensWhereThatIsAllowed) {
  sim::SimWorld world(1);
  ServiceFixture fixture(world.world(), {{"unix:/nowhere/api.sock"}, true});
  EXPECT_TRUE(world.run(takes_unknown_tokens(&fixture)).value_or(false));
}

Task<bool> gives_receipts(ServiceFixture* f) {
  (void)co_await f->post("/e", one_event);
  const std::string two = std::string("[") + one_event + "," + one_event + "]";
  const http::Response response = co_await f->post("/e", two);
  EXPECT_NE(response.header_lines().find("millrace-receipt: captured/0:1-2\r\n"), std::string::npos)
      << response.header_lines();
  const http::Response refused = co_await f->post("/e", "{");
  EXPECT_EQ(refused.header_lines().find("millrace-receipt"), std::string::npos);
  co_return true;
}
Task<bool> believes_nobody(ServiceFixture* f) {
  const std::string head = "POST /e HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n";
  const std::string body = R"({"event":"seen","distinct_id":"d","api_key":"phc_known"})";
  for (const char* peer : {"10.0.0.1", "198.51.100.4"}) {
    EXPECT_EQ((co_await f->ask(head, body, peer)).status, 200);
  }
  EXPECT_EQ(f->appender.kept[0].envelope.ip, "203.0.113.9");
  EXPECT_EQ(f->appender.kept[1].envelope.ip, "198.51.100.4");
  co_return true;
}
TEST(CaptureService, BelievesForwardedAddressesOnlyFromTrustedProxies) {
  sim::SimWorld world(1);
  CaptureRules rules{.api = {"unix:/nowhere/api.sock"}};
  rules.trusted_proxies = TrustedProxies::parse("private").value();
  ServiceFixture fixture(world.world(), std::move(rules));
  EXPECT_TRUE(world.run(believes_nobody(&fixture)).value_or(false));
}

TEST(CaptureService, NamesWhereTheEventsOfARequestLie) {
  sim::SimWorld world(1);
  ServiceFixture fixture(world.world(),
                         {.api = {"unix:/nowhere/api.sock"}, .gives_receipts = true});
  EXPECT_TRUE(world.run(gives_receipts(&fixture)).value_or(false));
  EXPECT_EQ(receipt_of({{event::Lane::main, {0, {Offset(1), Offset(2)}}},
                        {event::Lane::ai, {3, {Offset(7), Offset(7), true}}}}),
            "captured/0:1-2, captured.ai.spool/3:7-7");
}

TEST(CaptureService, BoundsWhatWaitsForItsCommit) {
  sim::SimWorld world(1);
  ServiceFixture fixture(world.world());
  EXPECT_TRUE(world.run(bounds_pending(&fixture)).value_or(false));
}

Task<bool> counts(ServiceFixture* f) {
  (void)co_await f->post("/e", one_event);
  (void)co_await f->post("/e",
                         R"([{"event":"$performance_event","distinct_id":"d","token":"phc_other"},
      {"event":"b","distinct_id":"d","token":"phc_other"}])");
  (void)co_await f->post("/e", "{");
  (void)co_await f->post("/nowhere", "{}");
  const auto value = [f](std::string_view name, std::initializer_list<telemetry::Label> labels) {
    return f->metrics.value(name, labels);
  };
  EXPECT_EQ(value("millrace_capture_events_accepted_total", {{"project", "1"}}), 1);
  EXPECT_EQ(value("millrace_capture_events_accepted_total", {{"project", "2"}}), 1);
  EXPECT_EQ(value("millrace_capture_events_dropped_total",
                  {{"project", "2"}, {"reason", "performance_event"}}),
            1);
  EXPECT_EQ(f->refused("not_json"), 1);
  EXPECT_EQ(f->refused("unknown_path"), 1);
  EXPECT_EQ(value("millrace_capture_event_times_total", {{"outcome", "absent"}}), 2);
  co_return true;
}
TEST(CaptureService, CountsEveryFateByProjectAndReason) {
  in_simulation(counts);
}

Task<bool> refuses_for_the_server(ServiceFixture* f) {
  http::RequestParser parser;
  const std::string text =
      "POST /v1/batch HTTP/1.1\r\nHost: a\r\nOrigin: https://a.test\r\nContent-Length: 99\r\n\r\n";
  EXPECT_EQ(parser.parse_head(text), http::RequestParser::Progress::complete);
  const http::Response segment = f->service.refuse(&parser.head(), http::Refusal::body_too_large,
                                                   413, "the request body is too large");
  EXPECT_EQ(segment.status, 400);
  EXPECT_EQ(segment.body, R"({"code":"body_too_large","message":"the request body is too large"})");
  EXPECT_NE(segment.header_lines().find("access-control-allow-origin: https://a.test"),
            std::string::npos);
  const http::Response early =
      f->service.refuse(nullptr, http::Refusal::memory_exhausted, 503, "too much");
  EXPECT_EQ(early.status, 503);
  EXPECT_NE(early.header_lines().find("retry-after: 1"), std::string::npos);
  EXPECT_EQ(f->refused("body_too_large"), 1);
  co_return true;
}
TEST(CaptureService, PutsTheServersRefusalsIntoTheWordsOfTheRoute) {
  in_simulation(refuses_for_the_server);
}

Task<bool> refuses_for_the_server_in_v1(ServiceFixture* f) {
  http::RequestParser parser;
  const std::string text =
      "POST /i/v1/analytics/events HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n"
      "PostHog-Request-Id: 7f1d7a5e-1f0c-4f6e-9d3b-1c2d3e4f5a6b\r\n\r\n";
  EXPECT_EQ(parser.parse_head(text), http::RequestParser::Progress::complete);
  EXPECT_EQ(f->service.body_bytes_max(parser.head()), 10u * 1024 * 1024);
  struct Case {
    http::Refusal refusal;
    int status;
    std::string_view tag;
    bool may_retry;
  };
  for (const Case& c : std::initializer_list<Case>{
           {http::Refusal::body_too_large, 413, "payload_too_large", false},
           {http::Refusal::body_timed_out, 408, "body_read_timeout", false},
           {http::Refusal::memory_exhausted, 503, "service_unavailable", true}}) {
    const http::Response response = f->service.refuse(&parser.head(), c.refusal, c.status, "no");
    EXPECT_EQ(response.status, c.status);
    EXPECT_TRUE(response.body.starts_with(R"({"error":")" + std::string(c.tag) +
                                          R"(","error_description":"no","error_uri":")"))
        << response.body;
    EXPECT_NE(response.header_lines().find("posthog-request-id: 7f1d7a5e-"), std::string::npos);
    EXPECT_EQ(response.header_lines().find("retry-after: 1") != std::string::npos, c.may_retry);
  }
  co_return true;
}
TEST(CaptureService, PutsTheServersRefusalsIntoTheWordsOfV1) {
  in_simulation(refuses_for_the_server_in_v1);
}

TEST(RenderOutcome, AFormIsToldWhenItsEventWasNotKept) {
  const std::vector<event::PartReport> parts{{.name = "event", .length = 3}};
  const auto answer = [&](const Outcome& outcome) {
    const http::Response response = render_outcome(Route::posthog_ai, outcome);
    return std::to_string(response.status) + " " + response.body;
  };
  EXPECT_EQ(answer({.kept = 1, .parts = parts}),
            R"(200 {"accepted_parts":[{"name":"event","length":3,"content-type":null,)"
            R"("content-encoding":null}]})");
  EXPECT_EQ(answer({.dropped = {1}, .parts = parts}), R"(200 {"accepted_parts":[]})");
  EXPECT_EQ(answer({.over_quota = catalog::Resource::events, .parts = parts}),
            "429 the project's quota is used up");
}

TEST(ClientIp, TakesTheLeftmostForwardedAddress) {
  const auto ip = [](const std::string& headers) {
    const std::string text = "GET / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n";
    http::RequestParser parser;
    EXPECT_EQ(parser.parse_head(text), http::RequestParser::Progress::complete);
    return std::string(client_ip(parser.head(), "192.0.2.1", TrustedProxies::parse("all").value()));
  };
  EXPECT_EQ(ip(""), "192.0.2.1");
  EXPECT_EQ(ip("X-Forwarded-For: 203.0.113.7, 10.0.0.1\r\n"), "203.0.113.7");
  EXPECT_EQ(ip("X-Forwarded-For: unknown, 203.0.113.7:4711\r\n"), "203.0.113.7");
  EXPECT_EQ(ip("X-Forwarded-For: [2001:db8::1]:99\r\nX-Real-Ip: 203.0.113.8\r\n"), "2001:db8::1");
  EXPECT_EQ(ip("Forwarded: proto=https;for=\"[2001:db8::2]:1\", for=1.2.3.4\r\n"), "2001:db8::2");
  EXPECT_EQ(ip("X-Real-Ip: 203.0.113.8\r\n"), "203.0.113.8");
  EXPECT_EQ(ip("CF-Connecting-IP: 2001:db8::3\r\n"), "2001:db8::3");
  EXPECT_EQ(ip("X-Forwarded-For: nonsense[\r\n"), "192.0.2.1");
  EXPECT_EQ(ip("X-Forwarded-For: []\r\n"), "192.0.2.1");
}

}  // namespace
}  // namespace mr::capture
