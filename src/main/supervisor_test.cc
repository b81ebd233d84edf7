#include "main/supervisor.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "io/real_world.h"
#include "io/signals.h"
#include "io/test_support.h"

namespace mr::main {
namespace {

TEST(RestartPause, GrowsOnlyWhileAProcessKeepsDying) {
  EXPECT_EQ(restart_pause({10}, 0).count, 0);
  EXPECT_EQ(restart_pause({10}, 1).count, 100);
  EXPECT_EQ(restart_pause({10}, 2).count, 200);
  EXPECT_EQ(restart_pause({10}, 50).count, 10'000);
  EXPECT_EQ(restart_pause({60'000}, 50).count, 0);
}

class SupervisorTest : public ::testing::Test {
 protected:
  SupervisorTest() { io::block_signals({SIGTERM, SIGCHLD}); }

  std::string status() {
    const auto bytes =
        io::run_in(real(), io::read_whole_file(real().world().disk, folder_.at("status"), 10'000));
    return bytes ? std::string(as_text(*bytes)) : "none";
  }
  io::RealWorld& real() {
    if (!real_) real_ = std::make_unique<io::RealWorld>();
    return *real_;
  }

  // Supervises a shell script until its file "stop" appears; yields whether all ended in order.
  io::Task<bool> supervise(io::World& world, Supervisor& supervisor) {
    io::TaskGroup tasks(world.loop);
    tasks.spawn(terminate_when_asked(world));
    const bool orderly = co_await supervisor.run();
    co_await tasks.drain();
    co_return orderly;
  }
  io::Task<void> terminate_when_asked(io::World& world) {
    for (;;) {
      if (co_await world.disk.open(folder_.at("stop"), {})) break;
      co_await world.clock.sleep(Millis{2});
    }
    io::send_signal(::getpid(), SIGTERM);
  }

  io::TemporaryFolder folder_;
  std::unique_ptr<io::RealWorld> real_;
};

TEST_F(SupervisorTest, RestartsAChildThatDiesAndStopsItInOrder) {
  io::World world = real().world();
  io::Signals signals(real().loop(), {SIGTERM, SIGCHLD});
  const auto log = telemetry::Logger::to_memory();
  // Dies at its first two starts, then asks the test to stop and waits for its own SIGTERM.
  const std::string script = "cd " + folder_.at("") +
                             "; echo x >> starts; [ $(wc -l < starts) -lt 3 ] && kill -9 $$; "
                             "trap 'exit 0' TERM; touch stop; while :; do sleep 0.01; done";
  Supervisor supervisor(world, signals, *log, folder_.at("status"),
                        {{"child", {{"/bin/bash", "-c", script}, {}}}});
  EXPECT_TRUE(io::run_in(real(), supervise(world, supervisor)));
  EXPECT_EQ(status(), "[{\"name\":\"child\",\"pid\":0,\"state\":\"down\",\"restarts\":2}]\n");
  EXPECT_NE(log->kept().find("process ended; starting it again"), std::string::npos);
}

}  // namespace
}  // namespace mr::main
