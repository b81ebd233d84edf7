#include "http/server.h"

#include <gtest/gtest.h>

#include "http/client.h"
#include "http/relay.h"
#include "http/router.h"
#include "io/test_support.h"
#include "sim/sim_world.h"

namespace mr::http {
namespace {

using io::Task;

// Yields its pieces, then ends or fails.
class Pieces final : public BodySource {
 public:
  Pieces(std::vector<std::string> pieces, bool fails) : pieces_(std::move(pieces)), fails_(fails) {}
  Task<Result<std::string>> next() override {
    if (at_ < pieces_.size()) co_return pieces_[at_++];
    if (fails_) co_return fail(ErrorCode::failed, "broken");
    co_return std::string();
  }

 private:
  std::vector<std::string> pieces_;
  bool fails_;
  size_t at_ = 0;
};

// Answers with what it was sent; some paths have their own behaviour.
class Echo final : public Handler {
 public:
  explicit Echo(io::World world) : world_(world) {}
  size_t body_bytes_max(const RequestHead& head) const override {
    return head.path == "/small" ? 10 : 1024 * 1024;
  }
  Task<Response> handle(Request request) override {
    ++handled;
    const std::string_view path = request.head->path;
    if (path == "/slow") co_await world_.clock.sleep(Millis{50});
    if (path == "/pieces") {
      co_return Response::stream(200, "text/csv",
                                 std::make_unique<Pieces>(std::vector<std::string>{"a,", "b"},
                                                          request.head->query == "fail"));
    }
    if (path == "/empty") co_return Response(204);
    Response response = Response::text(200, as_text(request.body));
    response.add_header("x-peer", request.peer);
    co_return response;
  }
  int handled = 0;

 private:
  io::World world_;
};

// A server with its handler in some world, on a port of its own.
struct Fixture {
  Fixture(io::World in, ServerLimits limits, ServerBudget* shared = nullptr)
      : world(in),
        echo(in),
        server(in, echo, metrics, "test", limits, shared),
        background(in.loop) {
    auto made = in.network.listen({"127.0.0.1:0"});
    address = (*made)->address();
    background.spawn(serve(std::move(*made)));
  }
  Task<void> serve(std::unique_ptr<io::Listener> listener) {
    EXPECT_TRUE(co_await server.serve(std::move(listener)));
  }
  Task<void> finish() {
    server.stop(Millis{2000});
    co_await background.drain();
    EXPECT_EQ(server.connections(), 0u);
    EXPECT_EQ(server.receive_memory_bytes(), 0u);
  }
  Task<std::unique_ptr<io::Connection>> connect() {
    auto connection = co_await world.network.connect(address, soon());
    co_return std::move(*connection);
  }
  // Sends `text` and reads until the peer ends or the answer holds `until`.
  Task<std::string> talk(std::string text, std::string until) {
    const auto connection = co_await connect();
    (void)co_await connection->write_all(as_bytes(text), soon());
    co_return co_await read_until(connection.get(), std::move(until));
  }
  Task<std::string> read_until(io::Connection* connection, std::string until) {
    std::string answer;
    Bytes piece(65536);
    while (until.empty() || answer.find(until) == std::string::npos) {
      const auto count = co_await connection->read_some(piece, soon());
      if (!count || *count == 0) break;
      answer += as_text(ByteView(piece).first(*count));
    }
    co_return answer;
  }
  // The first twelve characters of the answer: "HTTP/1.1 200".
  Task<std::string> status(std::string text) {
    const std::string answer = co_await talk(std::move(text), "");
    co_return answer.substr(0, 12);
  }
  Instant soon() const { return world.clock.now() + Millis{5000}; }

  io::World world;
  telemetry::Metrics metrics;
  Echo echo;
  Server server;
  io::TaskGroup background;
  io::Address address;
};

using Body = Task<void> (*)(Fixture*);

Task<bool> whole(io::World world, ServerLimits limits, Body body) {
  Fixture fixture(world, limits);
  co_await body(&fixture);
  co_await fixture.finish();
  co_return true;
}

constexpr uint64_t seeds = 20;

// The same test on simulated machines, where bytes come late and in pieces, and on the real one.
void in_both_worlds(Body body, ServerLimits limits = {}) {
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    sim::SimWorld world(seed);
    EXPECT_TRUE(world.run(whole(world.world(), limits, body)).value_or(false));
    if (testing::Test::HasFailure()) return;
  }
  SCOPED_TRACE("real world");
  io::RealWorld world;
  EXPECT_TRUE(io::run_in(world, whole(world.world(), limits, body)));
}

Task<void> echoes(Fixture* f) {
  ClientRequest request{"POST", "/e/?x=1", "", std::string(300'000, 'a')};
  const auto answer = co_await fetch(f->world.network, f->address, request, f->soon());
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, request.body);
  EXPECT_EQ(answer->content_type, "text/plain; charset=utf-8");
}
TEST(Server, EchoesALargeBody) {
  in_both_worlds(echoes);
}

Task<void> pipelines(Fixture* f) {
  std::string text;
  for (int i = 0; i < 100; ++i) {
    const std::string body = "number " + std::to_string(i);
    text += "POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
            "\r\n\r\n" + body;
    text +=
        "POST /e HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nchunked\r\n0\r\n"
        "\r\n";
  }
  text += "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  const std::string answer = co_await f->talk(text, "");
  size_t at = 0;
  for (int i = 0; i < 100; ++i) {
    at = answer.find("number " + std::to_string(i) + "HTTP/1.1 200 OK", at);
    EXPECT_NE(at, std::string::npos) << i;
  }
  EXPECT_EQ(f->echo.handled, 201);
  EXPECT_NE(answer.find("connection: close"), std::string::npos);
}
TEST(Server, AnswersPipelinedRequestsInOrder) {
  in_both_worlds(pipelines);
}

Task<void> dribbles(Fixture* f) {
  const std::string text =
      "POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhiGET /b HTTP/1.1\r\nHost: "
      "a\r\n\r\n";
  const auto connection = co_await f->connect();
  for (const char& c : text) {
    EXPECT_TRUE(co_await connection->write_all(as_bytes(std::string_view(&c, 1)), f->soon()));
    co_await f->world.loop.yield();
  }
  const std::string answer = co_await f->read_until(connection.get(), "content-length: 0\r\n\r\n");
  EXPECT_NE(answer.find("\r\n\r\nhi"), std::string::npos);
  connection->close();
}
TEST(Server, TakesRequestsByteByByte) {
  in_both_worlds(dribbles);
}

Task<void> chunks_large(Fixture* f) {
  std::string text = "POST /e HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 100; ++i) text += "1000\r\n" + std::string(4096, 'x') + "\r\n";
  text += "0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  const std::string answer = co_await f->talk(text, "");
  EXPECT_NE(answer.find("content-length: 409600"), std::string::npos);
  EXPECT_NE(answer.find("content-length: 0"), std::string::npos);
}
TEST(Server, DecodesLargeChunkedBodiesAndGoesOn) {
  in_both_worlds(chunks_large);
}

Task<void> refuses(Fixture* f) {
  const std::string post = "POST /small HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(co_await f->status(post + "Content-Length: 11\r\n\r\nhello world"), "HTTP/1.1 413");
  EXPECT_EQ(
      co_await f->status(post + "Transfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n"),
      "HTTP/1.1 413");
  EXPECT_EQ(co_await f->status(post + "Transfer-Encoding: chunked\r\n\r\nzzz\r\n"), "HTTP/1.1 400");
  EXPECT_EQ(co_await f->status(post + "Transfer-Encoding: gzip\r\n\r\n"), "HTTP/1.1 501");
  EXPECT_EQ(co_await f->status("nonsense\r\n\r\n"), "HTTP/1.1 400");
  EXPECT_EQ(
      co_await f->status("GET /" + std::string(target_bytes_max + 1, 'a') + " HTTP/1.1\r\n\r\n"),
      "HTTP/1.1 414");
  EXPECT_EQ(
      co_await f->status("GET / HTTP/1.1\r\nA: " + std::string(head_bytes_max + 1, 'a') + "\r\n"),
      "HTTP/1.1 431");
  EXPECT_EQ(f->metrics.value("millrace_http_refusals_total",
                             {{"server", "test"}, {"reason", "body_too_large"}}),
            2);
  EXPECT_EQ(f->metrics.value("millrace_http_refusals_total",
                             {{"server", "test"}, {"reason", "malformed"}}),
            5);
}
TEST(Server, RefusesWithTheRightStatusAndCountsIt) {
  in_both_worlds(refuses);
}

Task<void> continues(Fixture* f) {
  const auto connection = co_await f->connect();
  const std::string_view head =
      "POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
  EXPECT_TRUE(co_await connection->write_all(as_bytes(head), f->soon()));
  const std::string interim = co_await f->read_until(connection.get(), "\r\n\r\n");
  EXPECT_EQ(interim, "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_TRUE(co_await connection->write_all(as_bytes("hi"), f->soon()));
  const std::string answer = co_await f->read_until(connection.get(), "hi");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  connection->close();
}
TEST(Server, SaysContinueToWhoeverWaitsForIt) {
  in_both_worlds(continues);
}

Task<void> times_out(Fixture* f) {
  EXPECT_TRUE((co_await f->talk("GET / HT", "")).starts_with("HTTP/1.1 408"));
  EXPECT_TRUE((co_await f->talk("POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhi", ""))
                  .starts_with("HTTP/1.1 408"));
  EXPECT_EQ(co_await f->talk("", ""), "");  // idle: closed without a word
  EXPECT_EQ(f->metrics.value("millrace_http_refusals_total",
                             {{"server", "test"}, {"reason", "head_timed_out"}}),
            1);
}
TEST(Server, BoundsSlowAndSilentClients) {
  ServerLimits limits;
  limits.idle_timeout = limits.head_timeout = limits.body_gap_timeout = Millis{40};
  limits.linger_timeout = Millis{20};
  in_both_worlds(times_out, limits);
}

Task<void> too_many(Fixture* f) {
  const auto first = co_await f->connect();
  const auto second = co_await f->connect();
  EXPECT_TRUE(
      (co_await f->talk("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "")).starts_with("HTTP/1.1 503"));
  EXPECT_EQ(f->server.connections(), 2u);
  first->close();
  second->close();
}
TEST(Server, TurnsConnectionsAboveTheLimitAway) {
  ServerLimits limits;
  limits.connections_max = 2;
  in_both_worlds(too_many, limits);
}

Task<void> out_of_memory(Fixture* f) {
  const std::string text =
      "POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + std::string(5000, 'a');
  EXPECT_TRUE((co_await f->talk(text, "")).starts_with("HTTP/1.1 503"));
  EXPECT_NE((co_await f->talk("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\n")).find("200 OK"),
            std::string::npos);
}
TEST(Server, RefusesBodiesWhenItsMemoryIsUsedUp) {
  ServerLimits limits;
  limits.receive_memory_bytes_max = 50'000;
  in_both_worlds(out_of_memory, limits);
}

Task<void> shares_connections(Fixture* f) {
  ServerBudget shared(2, 1'000'000);
  Fixture plain(f->world, {}, &shared);
  Fixture other(f->world, {}, &shared);
  constexpr std::string_view get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const auto first = co_await plain.connect();
  const auto second = co_await plain.connect();
  // Answers, and therefore has been counted.
  (void)co_await second->write_all(as_bytes(get), f->soon());
  EXPECT_TRUE((co_await plain.read_until(second.get(), "\r\n\r\n")).contains("200 OK"));
  EXPECT_EQ(co_await other.status(std::string(get)), "HTTP/1.1 503");
  EXPECT_EQ(other.metrics.value("millrace_http_refusals_total",
                                {{"server", "test"}, {"reason", "connections_exhausted"}}),
            1);
  EXPECT_EQ(shared.connections.used(), 2u);
  second->close();
  first->close();
  co_await plain.finish();
  EXPECT_TRUE((co_await other.talk(std::string(get), "\r\n\r\n")).contains("200 OK"));
  co_await other.finish();
  EXPECT_EQ(shared.connections.used(), 0u);
}
TEST(Server, SharesItsLimitOfConnectionsWithOtherServers) {
  in_both_worlds(shares_connections);
}

Task<void> shares_memory(Fixture* f) {
  ServerBudget shared(100, 50'000);
  Fixture plain(f->world, {}, &shared);
  Fixture other(f->world, {}, &shared);
  const std::string head = "POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\n";
  // A 100 says that the server has made room for the body.
  const auto holder = co_await plain.connect();
  (void)co_await holder->write_all(
      as_bytes(head.substr(0, head.size() - 2) + "Expect: 100-continue\r\n\r\n"), f->soon());
  (void)co_await plain.read_until(holder.get(), "\r\n\r\n");
  (void)co_await holder->write_all(as_bytes(std::string_view("a")), f->soon());
  while (shared.receive_memory.used() < 30'000) co_await f->world.clock.sleep(Millis{1});
  EXPECT_EQ(co_await other.status(head + std::string(5000, 'a')), "HTTP/1.1 503");
  EXPECT_EQ(other.server.receive_memory_bytes(), 0u);
  holder->close();
  co_await plain.finish();
  EXPECT_TRUE(
      (co_await other.talk(head + std::string(30000, 'a'), "aaa")).starts_with("HTTP/1.1 200"));
  co_await other.finish();
  EXPECT_EQ(shared.receive_memory.used(), 0u);
}
TEST(Server, SharesItsLimitOfMemoryWithOtherServers) {
  in_both_worlds(shares_memory);
}

Task<void> streams(Fixture* f) {
  const auto answer =
      co_await fetch(f->world.network, f->address, {"GET", "/pieces", "", ""}, f->soon());
  EXPECT_EQ(answer->body, "a,b");
  EXPECT_EQ(answer->content_type, "text/csv");
  const auto cut =
      co_await fetch(f->world.network, f->address, {"GET", "/pieces?fail", "", ""}, f->soon());
  EXPECT_EQ(cut.error().code(), ErrorCode::closed);
  const std::string old = co_await f->talk("GET /pieces HTTP/1.0\r\n\r\n", "");
  EXPECT_TRUE(old.ends_with("connection: close\r\n\r\na,b")) << old;
  const std::string none = co_await f->talk("GET /empty HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n\r\n");
  EXPECT_EQ(none.find("content-length"), std::string::npos);
  const std::string head =
      co_await f->talk("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "");
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
}
TEST(Server, StreamsPiecesAndShowsWhenTheyAreCutOff) {
  in_both_worlds(streams);
}

Task<void> stops(Fixture* f) {
  const auto idle = co_await f->connect();
  const auto busy = co_await f->connect();
  EXPECT_TRUE(
      co_await busy->write_all(as_bytes("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"), f->soon()));
  while (f->echo.handled == 0) co_await f->world.clock.sleep(Millis{1});
  f->server.stop(Millis{2000});
  EXPECT_EQ(co_await f->read_until(idle.get(), ""), "");
  const std::string answer = co_await f->read_until(busy.get(), "");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK"));
  EXPECT_NE(answer.find("connection: close"), std::string::npos);
}
TEST(Server, FinishesWhatIsUnderWayWhenItStops) {
  in_both_worlds(stops);
}

// A handler that relays to another server.
class Relaying final : public Handler {
 public:
  Relaying(io::World world, io::Address to) : world_(world), to_(std::move(to)) {}
  size_t body_bytes_max(const RequestHead&) const override { return 1024 * 1024; }
  Task<Response> handle(Request request) override {
    return relay(world_.network, world_.clock, to_, request, Millis{2000});
  }

 private:
  io::World world_;
  io::Address to_;
};

Task<void> relays(Fixture* f) {
  Relaying relaying(f->world, f->address);
  Relaying nowhere(f->world, {"unix:/nonexistent/socket"});
  Router router;
  router.add(Method::get, "/pieces", relaying).add(Method::post, "/api/*", relaying);
  router.add(Method::get, "/down", nowhere);
  telemetry::Metrics metrics;
  Server front(f->world, router, metrics, "front");
  auto listener = f->world.network.listen({"127.0.0.1:0"});
  const io::Address address = (*listener)->address();
  struct Run {
    static Task<void> serve(Server* server, std::unique_ptr<io::Listener> listener) {
      (void)co_await server->serve(std::move(listener));
    }
  };
  io::TaskGroup group(f->world.loop);
  group.spawn(Run::serve(&front, std::move(*listener)));

  const auto call = [&](ClientRequest request) {
    return fetch(f->world.network, address, std::move(request), f->soon());
  };
  EXPECT_EQ((co_await call({"GET", "/pieces", "", ""}))->body, "a,b");
  EXPECT_EQ((co_await call({"POST", "/api/x/y?z", "a: b\r\n", "hello"}))->body, "hello");
  const auto down = co_await call({"GET", "/down/", "", ""});
  EXPECT_EQ(down->status, 503);
  EXPECT_EQ(down->body.find(R"({"error":{"code":"busy","message":")"), 0u);
  EXPECT_EQ((co_await call({"GET", "/apix", "", ""}))->status, 404);
  EXPECT_EQ((co_await call({"GET", "/api", "", ""}))->status, 405);
  front.stop(Millis{1000});
  co_await group.drain();
}
TEST(Relay, PassesRequestsOnAndAnswersBack) {
  in_both_worlds(relays);
}

}  // namespace
}  // namespace mr::http
