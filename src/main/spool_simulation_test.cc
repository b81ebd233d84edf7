#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "kafka/spooling_appender.h"
#include "log/partition.h"
#include "sim/sim_world.h"
#include "sim/test_support.h"

// The spool on simulated disks and clocks, before a model of a broker that stays silent, fails and
// comes back, with crashes in between.
namespace mr::main {
namespace {

using io::Task;

constexpr const char* spool_folder = "log/captured.spool/0";
constexpr const char* refused_folder = "log/captured.refused/0";

// The broker's side: it outlives the process.
struct Broker {
  enum class Mode : uint8_t {
    up,
    silent,       // keeps what it gets, sometimes at once, and answers only when it is up again
    unreachable,  // gets nothing
    failing       // the client has failed for good: nothing more gets through, and it says so
  };
  Mode mode = Mode::up;
  std::vector<std::string> kept;
  bool closing = false;
  std::string forbidden;                   // this value is never kept
  bool keeps_up_to_the_forbidden = false;  // of a batch that is refused for it
};

// An idempotent producer's end: each append reaches the broker once, in order, however long that
// takes, unless the process dies or it is closed.
class ModelRemote final : public stream::Appender {
 public:
  ModelRemote(io::World world, Broker& broker, sim::SimRandom random)
      : world_(world), broker_(broker), random_(random) {}

  Task<Result<stream::AppendedRange>> append(std::vector<stream::RecordView> records) override {
    const uint64_t ticket = tickets_++;
    bool kept = false;
    stream::AppendedRange range{};
    co_await world_.clock.sleep(Millis{1});  // the way there and back
    for (;;) {
      if (broker_.closing) co_return fail(ErrorCode::closed, "closed");
      const bool reaches = broker_.mode == Broker::Mode::up ||
                           (broker_.mode == Broker::Mode::silent && random_.one_in(4));
      if (!kept && reaches && ticket == served_) {
        for (const auto& record : records) {
          if (as_text(record.value) != broker_.forbidden) {
            if (broker_.keeps_up_to_the_forbidden && forbids(records)) {
              broker_.kept.emplace_back(as_text(record.value));
            }
            continue;
          }
          ++served_;
          co_return fail(ErrorCode::unsupported, "the topic does not take this record");
        }
        range.first = next_offset();
        for (const auto& record : records) broker_.kept.emplace_back(as_text(record.value));
        range.last = next_offset() + -1;
        kept = true;
        ++served_;
      }
      const bool failing = broker_.mode == Broker::Mode::failing;
      if (kept && (failing || broker_.mode == Broker::Mode::up)) co_return range;
      if (failing && ticket == served_) {
        ++served_;
        co_return fail(ErrorCode::io_failed, "the client has failed for good");
      }
      co_await world_.clock.sleep(Millis{1 + static_cast<int64_t>(random_.below(20))});
    }
  }
  Offset next_offset() const override { return Offset(static_cast<int64_t>(broker_.kept.size())); }
  void publish(Offset) override {}
  Task<Result<void>> close() override {
    broker_.closing = true;
    co_return Result<void>();
  }
  stream::AppenderStatus status() const override { return {}; }

 private:
  bool forbids(const std::vector<stream::RecordView>& records) const {
    return std::ranges::any_of(records, [&](const stream::RecordView& record) {
      return as_text(record.value) == broker_.forbidden;
    });
  }

  io::World world_;
  Broker& broker_;
  sim::SimRandom random_;
  uint64_t tickets_ = 0;
  uint64_t served_ = 0;
};

struct Trial {
  explicit Trial(uint64_t seed) : world(seed), random(seed * 7919 + 1) {}
  sim::SimWorld world;
  sim::SimRandom random;
  Broker broker;
  std::map<std::string, bool> answered;  // value: whether with success
  int values = 0;
  int crashes = 0;
  int clients_running = 0;
  std::unique_ptr<telemetry::Logger> log = telemetry::Logger::to_memory();
};

// One process: what it opened.
struct Process {
  telemetry::Metrics metrics;
  std::unique_ptr<stream::Checkpoints> checkpoints;
  std::unique_ptr<kafka::SpoolingAppender> spool;
};

// `refused` takes the place of the appender for what is kept aside.
Task<Result<void>> open(Trial& run, Process& process, Millis patience,
                        std::unique_ptr<stream::Appender> refused = nullptr) {
  io::World world = run.world.world();
  run.broker.closing = false;
  process.checkpoints = log::open_checkpoints(world, "spool");
  log::AppenderOptions options;
  options.first_segment_bytes = 16 * 1024;
  options.segment_bytes_max = 64 * 1024;
  options.reserved_bytes = 0;
  MR_CO_TRY(auto local, co_await log::open_partition_appender(world, spool_folder, options));
  MR_CO_TRY(auto reader, co_await log::open_partition_reader(world, spool_folder));
  if (!refused) {
    MR_CO_TRY(refused, co_await log::open_partition_appender(world, refused_folder, options));
  }
  kafka::SpoolOptions spool_options;
  spool_options.patience = patience;
  spool_options.forward_bytes = 400;
  spool_options.retry_pause = Millis{100};
  MR_CO_TRY(process.spool,
            co_await kafka::SpoolingAppender::open(
                {world, std::make_unique<ModelRemote>(world, run.broker, run.random.split()),
                 std::move(local), std::move(reader), std::move(refused), nullptr,
                 *process.checkpoints, "captured.spool-0", *run.log, process.metrics},
                spool_options));
  co_return Result<void>();
}

// A client: sends its values one after the other, each after the answer to the one before.
Task<void> client(Trial& run, Process& process, int number, int count) {
  io::Clock& clock = run.world.world().clock;
  for (int i = 0; i < count; ++i) {
    const std::string value =
        "c" + std::to_string(number) + "." + std::to_string(run.crashes) + ":" + std::to_string(i);
    run.answered[value] = false;
    const std::string key = "k" + std::to_string(number);
    const WallTime now = clock.wall();
    std::vector<stream::RecordView> records = {{now, as_bytes(key), as_bytes(value), {}}};
    const auto appended = co_await process.spool->append(std::move(records));
    if (appended) run.answered[value] = true;
    co_await clock.sleep(Millis{static_cast<int64_t>(run.random.below(60))});
  }
  --run.clients_running;
}

Task<void> trouble(Trial& run, bool& stop) {
  io::Clock& clock = run.world.world().clock;
  while (!stop) {
    const uint64_t pick = run.random.below(4);
    run.broker.mode = pick < 2    ? Broker::Mode::up
                      : pick == 2 ? Broker::Mode::silent
                                  : Broker::Mode::unreachable;
    co_await clock.sleep(Millis{1 + static_cast<int64_t>(run.random.below(400))});
  }
}

Task<Result<void>> work(Trial& run, bool calm) {
  Process process;  // here, so that a crash takes it with the doors that it uses
  MR_CO_CHECK(co_await open(run, process, Millis{50}));
  io::World world = run.world.world();
  run.clients_running = 3;
  bool stop = false;
  io::TaskGroup tasks(world.loop);
  if (!calm) tasks.spawn(trouble(run, stop));
  for (int i = 0; i < 3; ++i) tasks.spawn(client(run, process, i, 12));
  while (run.clients_running > 0) co_await world.clock.sleep(Millis{10});
  stop = true;
  co_await tasks.drain();
  run.broker.mode = Broker::Mode::up;
  while (process.spool->spooling()) co_await world.clock.sleep(Millis{10});
  co_return co_await process.spool->close();
}

// Sends one after the other without a pause until told to stop.
Task<void> busy_client(Trial& run, Process& process, int number, const bool& stop) {
  int sent = 0;
  while (!stop) {
    const std::string value = "c" + std::to_string(number) + ".0:" + std::to_string(sent++);
    run.answered[value] = false;
    const WallTime now = run.world.world().clock.wall();
    std::vector<stream::RecordView> records = {{now, as_bytes("k"), as_bytes(value), {}}};
    if (co_await process.spool->append(std::move(records))) run.answered[value] = true;
  }
}

// Yields whether the spool became empty while clients went on sending.
Task<Result<bool>> return_under_load(Trial& run) {
  Process process;
  MR_CO_CHECK(co_await open(run, process, Millis{50}));
  io::World world = run.world.world();
  run.broker.mode = Broker::Mode::unreachable;
  bool stop = false;
  io::TaskGroup tasks(world.loop);
  for (int i = 0; i < 4; ++i) tasks.spawn(busy_client(run, process, i, stop));
  while (process.spool->spooled() < 20) co_await world.clock.sleep(Millis{5});
  run.broker.mode = Broker::Mode::up;
  const Instant deadline = world.clock.now() + Millis{1'000};
  while (process.spool->spooling() && world.clock.now() < deadline) {
    co_await world.clock.sleep(Millis{1});
  }
  const bool empty = !process.spool->spooling();
  stop = true;
  co_await tasks.drain();
  while (process.spool->spooling()) co_await world.clock.sleep(Millis{10});
  MR_CO_CHECK(co_await process.spool->close());
  co_return empty;
}

// How the broker's topic judges the run; empty when all is well.
std::string verdict(const Trial& run, bool may_double) {
  std::map<std::string, int> times;
  std::map<std::string, int> last_of_client;
  for (const std::string& value : run.broker.kept) {
    if (!run.answered.contains(value)) return "invented: " + value;
    if (++times[value] > 1) continue;
    const size_t colon = value.find(':');
    const int number = std::stoi(value.substr(colon + 1));
    const auto [at, fresh] = last_of_client.emplace(value.substr(0, colon), number);
    if (!fresh && number < at->second) return "out of order: " + value;
    at->second = number;
  }
  for (const auto& [value, success] : run.answered) {
    if (success && times[value] == 0) return "lost: " + value;
    if (!may_double && times[value] > 1) return "doubled: " + value;
  }
  return {};
}

uint64_t seeds() {
  return sim::number_from_environment("MR_SIM_SEEDS", 60);
}

TEST(SpoolSimulation, WithoutCrashesEveryRecordReachesTheBrokersOnceAndInOrder) {
  const uint64_t only = sim::number_from_environment("MR_SIM_SEED", 0);
  size_t spooled = 0;
  for (uint64_t seed = only == 0 ? 1 : only; seed <= (only == 0 ? seeds() : only); ++seed) {
    Trial run(seed);
    const auto done = run.world.run(work(run, false));
    ASSERT_TRUE(done && *done) << "seed " << seed << (done ? done->error().message() : " hangs");
    ASSERT_EQ(verdict(run, false), "") << "seed " << seed;
    for (const auto& [value, success] : run.answered) ASSERT_TRUE(success) << value;
    if (run.log->kept().find("spool on this machine") != std::string::npos) ++spooled;
  }
  EXPECT_GT(spooled, only == 0 ? seeds() / 2 : 0);  // the simulation reaches what it is about
}

TEST(SpoolSimulation, NothingAnsweredIsLostWhateverCrashesWhen) {
  const uint64_t only = sim::number_from_environment("MR_SIM_SEED", 0);
  size_t crashed = 0;
  for (uint64_t seed = only == 0 ? 1 : only; seed <= (only == 0 ? seeds() : only); ++seed) {
    Trial run(seed);
    for (int round = 0; round < 3; ++round) {
      run.world.crash_at(run.world.operations() + 1 + run.random.below(120));
      const auto done = run.world.run(work(run, false));
      if (done) {
        ASSERT_TRUE(*done) << "seed " << seed << ": " << done->error().message();
        run.world.crash_at(0);
        continue;
      }
      ASSERT_TRUE(run.world.crash_due()) << "seed " << seed << " hangs";
      ++crashed;
      ++run.crashes;
      run.world.crash(run.random.one_in(2) ? sim::CrashKind::process : sim::CrashKind::power);
    }
    run.broker.mode = Broker::Mode::up;
    const auto done = run.world.run(work(run, true));
    ASSERT_TRUE(done && *done) << "seed " << seed << (done ? done->error().message() : " hangs");
    ASSERT_EQ(verdict(run, true), "") << "seed " << seed;
  }
  EXPECT_GT(crashed, only == 0 ? seeds() : 0);
}

TEST(SpoolSimulation, TheSpoolBecomesEmptyWhileClientsGoOnSending) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Trial run(seed);
    const auto empty = run.world.run(return_under_load(run));
    ASSERT_TRUE(empty && *empty) << "seed " << seed;
    EXPECT_TRUE(**empty) << "seed " << seed;
    ASSERT_EQ(verdict(run, false), "") << "seed " << seed;
  }
}

// Yields how many records stay in the spool, after long enough.
Task<Result<int64_t>> left_behind(Trial& run) {
  Process process;
  MR_CO_CHECK(co_await open(run, process, Millis{50}));
  io::World world = run.world.world();
  run.clients_running = 3;
  io::TaskGroup tasks(world.loop);
  for (int i = 0; i < 3; ++i) tasks.spawn(client(run, process, i, 12));
  co_await tasks.drain();
  const Instant deadline = world.clock.now() + Millis{5'000};
  while (process.spool->spooling() && world.clock.now() < deadline) {
    co_await world.clock.sleep(Millis{10});
  }
  const int64_t left = process.spool->spooled();
  MR_CO_CHECK(co_await process.spool->close());
  co_return left;
}

TEST(SpoolSimulation, ARecordThatTheTopicForbidsIsKeptAsideAndHoldsNothingUp) {
  Trial run(1);
  run.broker.forbidden = "c1.0:3";
  const auto left = run.world.run(left_behind(run));
  ASSERT_TRUE(left && *left);
  EXPECT_EQ(**left, 0);
  EXPECT_TRUE(run.answered[run.broker.forbidden]);
  EXPECT_NE(run.log->kept().find("it is kept aside"), std::string::npos);
  run.answered.erase(run.broker.forbidden);
  EXPECT_EQ(verdict(run, false), "");
}

TEST(SpoolSimulation, ABrokerThatIsUpIsUsedAlone) {
  Trial run(1);
  const auto done = run.world.run(work(run, true));
  ASSERT_TRUE(done && *done);
  EXPECT_EQ(verdict(run, false), "");
  EXPECT_EQ(run.log->kept().find("spool"), std::string::npos);
}

// Yields the gauge of a process that finds records in the spool and can send none.
Task<Result<int64_t>> gauge_after_a_restart(Trial& run) {
  run.broker.mode = Broker::Mode::unreachable;
  {
    Process first;
    MR_CO_CHECK(co_await open(run, first, Millis{50}));
    run.clients_running = 1;
    co_await client(run, first, 1, 12);
    MR_CO_CHECK(co_await first.spool->close());
  }
  Process second;
  MR_CO_CHECK(co_await open(run, second, Millis{50}));
  const telemetry::Label spool{"spool", "captured.spool-0"};
  const int64_t gauge = second.metrics.value("millrace_spool_records", {spool});
  MR_CO_CHECK(co_await second.spool->close());
  co_return gauge;
}

TEST(SpoolSimulation, AProcessThatFindsRecordsInTheSpoolSaysHowMany) {
  Trial run(1);
  const auto gauge = run.world.run(gauge_after_a_restart(run));
  ASSERT_TRUE(gauge && *gauge);
  EXPECT_EQ(**gauge, 12);
}

// The position is ahead of the spool, as after its folder was removed or is an older copy.
Task<Result<void>> after_a_position_ahead(Trial& run) {
  const auto checkpoints = log::open_checkpoints(run.world.world(), "spool");
  MR_CO_CHECK(co_await checkpoints->save("captured.spool-0", {Offset(1'000)}));
  Process process;
  MR_CO_CHECK(co_await open(run, process, Millis{50}));
  io::World world = run.world.world();
  run.broker.mode = Broker::Mode::unreachable;
  run.clients_running = 3;
  io::TaskGroup tasks(world.loop);
  for (int i = 0; i < 3; ++i) tasks.spawn(client(run, process, i, 12));
  co_await tasks.drain();
  run.broker.mode = Broker::Mode::up;
  while (process.spool->spooling()) co_await world.clock.sleep(Millis{10});
  co_return co_await process.spool->close();
}

TEST(SpoolSimulation, APositionAboveTheSpoolsEndIsGivenUpAndNothingIsPassedOver) {
  Trial run(1);
  const auto done = run.world.run(after_a_position_ahead(run));
  ASSERT_TRUE(done && *done);
  EXPECT_EQ(run.broker.kept.size(), 36u);
  EXPECT_EQ(verdict(run, true), "");
  EXPECT_NE(run.log->kept().find("ends below what was forwarded"), std::string::npos);
}

// Yields how many records were spooled and how many of them counted as forwarded.
Task<Result<std::pair<int64_t, int64_t>>> after_many_failed_tries(Trial& run) {
  Process process;
  MR_CO_CHECK(co_await open(run, process, Millis{50}));
  io::World world = run.world.world();
  run.broker.mode = Broker::Mode::silent;
  run.clients_running = 3;
  io::TaskGroup tasks(world.loop);
  for (int i = 0; i < 3; ++i) tasks.spawn(client(run, process, i, 12));
  while (run.broker.kept.empty() || !process.spool->spooling()) {
    co_await world.clock.sleep(Millis{1});
  }
  run.broker.mode = Broker::Mode::failing;
  co_await tasks.drain();
  co_await world.clock.sleep(Millis{2'000});
  run.broker.mode = Broker::Mode::up;
  while (process.spool->spooling()) co_await world.clock.sleep(Millis{10});
  MR_CO_CHECK(co_await process.spool->close());
  const telemetry::Label spool{"spool", "captured.spool-0"};
  co_return std::pair{process.metrics.value("millrace_spool_spooled_total", {spool}),
                      process.metrics.value("millrace_spool_forwarded_total", {spool})};
}

TEST(SpoolSimulation, WhatTheBrokersHaveOfTheSpoolIsCountedOnceHoweverOftenItIsTried) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Trial run(seed);
    const auto counted = run.world.run(after_many_failed_tries(run));
    ASSERT_TRUE(counted && *counted) << "seed " << seed;
    EXPECT_GT((*counted)->first, 0) << "seed " << seed;
    EXPECT_EQ((*counted)->second, (*counted)->first) << "seed " << seed;
    EXPECT_EQ(verdict(run, false), "") << "seed " << seed;
  }
}

// Takes nothing for a while: the disk is full.
class FullAppender final : public stream::Appender {
 public:
  explicit FullAppender(int refusals) : refusals_(refusals) {}
  Task<Result<stream::AppendedRange>> append(std::vector<stream::RecordView>) override {
    if (refusals_-- > 0) co_return fail(ErrorCode::no_space, "full");
    co_return stream::AppendedRange{Offset(0), Offset(0)};
  }
  Offset next_offset() const override { return Offset(0); }
  void publish(Offset) override {}
  Task<Result<void>> close() override { co_return Result<void>(); }
  stream::AppenderStatus status() const override { return {}; }

 private:
  int refusals_;
};

Task<Result<int64_t>> forbidden_while_the_disk_is_full(Trial& run) {
  Process process;
  MR_CO_CHECK(co_await open(run, process, Millis{50}, std::make_unique<FullAppender>(50)));
  io::World world = run.world.world();
  run.broker.mode = Broker::Mode::unreachable;
  run.clients_running = 3;
  io::TaskGroup tasks(world.loop);
  for (int i = 0; i < 3; ++i) tasks.spawn(client(run, process, i, 12));
  co_await tasks.drain();
  run.broker.mode = Broker::Mode::up;
  while (process.spool->spooling()) co_await world.clock.sleep(Millis{10});
  MR_CO_CHECK(co_await process.spool->close());
  co_return process.metrics.value("millrace_spool_forwarded_total",
                                  {{"spool", "captured.spool-0"}});
}

TEST(SpoolSimulation, AForbiddenRecordThatCannotBeKeptAsideSendsNothingTwice) {
  Trial run(1);
  run.broker.forbidden = "c1.0:7";
  run.broker.keeps_up_to_the_forbidden = true;
  const auto forwarded = run.world.run(forbidden_while_the_disk_is_full(run));
  ASSERT_TRUE(forwarded && *forwarded);
  EXPECT_EQ(**forwarded, 35);
  std::map<std::string, int> times;
  for (const std::string& value : run.broker.kept) {
    EXPECT_LE(++times[value], 2) << value;  // once more after its batch was refused
  }
  EXPECT_EQ(times.size(), 35u);
}

}  // namespace
}  // namespace mr::main
