// One program, run unchanged on the real machine and on the simulated one.
#include <gtest/gtest.h>

#include "io/network.h"
#include "io/real_world.h"
#include "io/task_group.h"
#include "io/test_support.h"
#include "sim/sim_world.h"

namespace mr::sim {
namespace {

using io::Connection;
using io::Task;

// Sends back what comes until the peer ends.
Task<void> echo(Connection& connection) {
  Bytes buffer(1000);
  for (;;) {
    const auto count = co_await connection.read_some(buffer, io::no_deadline);
    if (!count || *count == 0) break;
    if (!co_await connection.write_all(ByteView(buffer).first(*count), io::no_deadline)) break;
  }
  connection.shutdown_write();
}

Task<void> serve(io::Listener& listener, int clients) {
  for (int i = 0; i < clients; ++i) {
    auto connection = co_await listener.accept();
    if (connection) co_await echo(**connection);
  }
}

Task<Result<std::string>> ask(io::Network& network, io::Address at, std::string text) {
  MR_CO_TRY(const auto connection, co_await network.connect(at, io::no_deadline));
  MR_CO_CHECK(co_await connection->write_all(as_bytes(text), io::no_deadline));
  connection->shutdown_write();
  std::string answer;
  Bytes buffer(700);
  for (;;) {
    MR_CO_TRY(const size_t count, co_await connection->read_some(buffer, io::no_deadline));
    if (count == 0) break;
    answer.append(as_text(ByteView(buffer).first(count)));
  }
  co_return answer;
}

Task<Result<std::string>> converse(io::World world) {
  MR_CO_TRY(const auto listener, world.network.listen({"127.0.0.1:0"}));
  io::TaskGroup group(world.loop);
  group.spawn(serve(*listener, 3));
  std::string all;
  for (const char* text : {"one", "two", "three"}) {
    std::string sent;
    for (int i = 0; i < 5000; ++i) sent += text;
    MR_CO_TRY(const std::string answer, co_await ask(world.network, listener->address(), sent));
    all += answer == sent ? "same " : "different ";
  }
  co_await group.drain();
  co_return all;
}

TEST(Echo, RunsOnTheRealMachine) {
  io::RealWorld world;
  EXPECT_EQ(io::run_in(world, converse(world.world())).value(), "same same same ");
}

TEST(Echo, RunsInTheSimulatorOnManySeeds) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SimWorld world(SimOptions{.seed = seed, .faults = {.slow_network = true}});
    const auto answer = world.run(converse(world.world()));
    ASSERT_TRUE(answer.has_value()) << "seed " << seed;
    EXPECT_EQ(answer->value(), "same same same ") << "seed " << seed;
  }
}

TEST(Echo, CutConnectionsNeverInventBytes) {
  int cut = 0;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SimWorld world(SimOptions{.seed = seed, .faults = {.cut_network = true, .one_in = 3}});
    const auto answer = world.run(converse(world.world()), Millis{1000});
    if (!answer || !*answer) {
      ++cut;
    } else {
      EXPECT_EQ(answer->value(), "same same same ") << "seed " << seed;
    }
  }
  EXPECT_GT(cut, 10);
}

}  // namespace
}  // namespace mr::sim
