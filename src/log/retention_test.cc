// What retention removes, what it keeps, and files that are used again; in the simulator.
#include "log/retention.h"

#include <gtest/gtest.h>

#include "io/disk.h"
#include "log/embedded_log.h"
#include "log/partition.h"
#include "log/watermark.h"
#include "sim/sim_world.h"
#include "telemetry/log_line.h"
#include "telemetry/metrics.h"

namespace mr::log {
namespace {

using io::Task;

constexpr const char* folder = "log/t/0";
constexpr size_t value_bytes = 3000;  // one block each

AppenderOptions options_keeping(uint64_t bytes_max, Millis age_max = {}) {
  AppenderOptions options;
  options.first_segment_bytes = options.segment_bytes_max = 32 * 1024;
  options.buffered_segment_bytes_max = 32 * 1024;
  options.reserved_bytes = 0;
  options.retention.bytes_max = bytes_max;
  options.retention.age_max = age_max;
  return options;
}

Task<Result<void>> append_each(io::World world, stream::Appender& appender, int count) {
  const std::string value(value_bytes, 'v');
  for (int i = 0; i < count; ++i) {
    std::vector<stream::RecordView> records;
    records.push_back({world.clock.wall(), {}, as_bytes(value), {}});
    MR_CO_CHECK(co_await appender.append(std::move(records)));
  }
  co_return Result<void>{};
}

Task<int> pause(io::World world, Millis duration) {
  co_await world.clock.sleep(duration);
  co_return 0;
}

// The first offset that is kept, and how many bytes of segments lie in the folder. Everything that
// is kept must be readable, everything below must not.
struct Kept {
  int64_t first = -1;
  int64_t end = -1;
};
Task<Result<Kept>> look(io::World world) {
  MR_CO_TRY(const auto reader, co_await open_partition_reader(world, folder));
  MR_CO_TRY(const Offset first, co_await reader->first_offset());
  if (first > Offset(0)) {
    const auto below = co_await reader->read(Offset(first.value - 1), 1, world.clock.now());
    if (!below || !below->damaged || below->damaged->to != first) {
      co_return fail(ErrorCode::failed, "what lies below is not told as lost");
    }
  }
  for (Offset next = first; next < reader->end_offset();) {
    MR_CO_TRY(const auto batch, co_await reader->read(next, 10'000, world.clock.now()));
    if (batch.empty() || batch.records.front().offset != next) {
      co_return fail(ErrorCode::failed, "a kept record is missing");
    }
    next = batch.records.back().offset + 1;
  }
  co_return Kept{first.value, reader->end_offset().value};
}

Task<Result<std::unique_ptr<stream::Consumer>>> consumer_at(io::World world, Offset next) {
  EmbeddedLog log(world, "log", {});
  co_return co_await log.register_consumer({"t", 0}, "load", next);
}

struct Running {
  explicit Running(AppenderOptions options, uint64_t seed = 1, bool direct = true)
      : sim(sim::SimOptions{.seed = seed, .direct_supported = direct}) {
    open(options);
  }
  void open(AppenderOptions options) {
    appender.reset();
    options.logger = logger.get();
    options.metrics = &metrics;
    auto opened = sim.run(open_partition_appender(sim.world(), folder, options));
    EXPECT_TRUE(opened && *opened);
    appender = std::move(**opened);
  }
  void close() {
    EXPECT_TRUE(sim.run(appender->close()).value());
    appender.reset();
  }
  void append(int count) {
    const auto done = sim.run(append_each(sim.world(), *appender, count)).value();
    EXPECT_TRUE(done) << done.error().message();
  }
  void wait(Millis duration) { sim.run(pause(sim.world(), duration)); }
  Kept look() {
    const auto kept = sim.run(log::look(sim.world())).value();
    EXPECT_TRUE(kept) << kept.error().message();
    return kept.value_or(Kept{});
  }
  void register_at(int64_t next) {
    EXPECT_TRUE(sim.run(consumer_at(sim.world(), Offset(next))).value());
  }
  Result<Offset> remove_below(int64_t offset, bool force = false) {
    const Instant deadline = sim.world().clock.now() + Millis{10'000};
    return sim.run(remove_before(sim.world(), folder, {Offset(offset), force, deadline})).value();
  }
  uint64_t segment_bytes() {
    uint64_t bytes = 0;
    for (const std::string& name : sim.storage().list(folder).value()) {
      if (name.ends_with(".log")) bytes += sim.storage().contents(folder + ("/" + name))->size();
    }
    return bytes;
  }
  std::unique_ptr<telemetry::Logger> logger = telemetry::Logger::to_memory();
  telemetry::Metrics metrics;
  sim::SimWorld sim;
  std::unique_ptr<stream::Appender> appender;
};

TEST(Retention, KeepsNoMoreBytesThanAsked) {
  for (const bool direct : {true, false}) {
    Running log(options_keeping(100'000), 1, direct);
    log.append(200);
    log.wait(Millis{3000});
    const Kept kept = log.look();
    EXPECT_EQ(kept.end, 200);
    EXPECT_GT(kept.first, 170);
    EXPECT_LT(kept.first, 190);
    EXPECT_LE(log.segment_bytes(), 100'000u + 2 * 32 * 1024);
    const stream::AppenderStatus status = log.appender->status();
    EXPECT_GT(status.removed_segments, 20u);
    EXPECT_GT(status.recycled_segments, 15u);
    EXPECT_EQ(status.overridden_segments, 0u);
    // It holds after a restart too.
    log.close();
    log.open(options_keeping(100'000));
    EXPECT_EQ(log.look().first, kept.first);
  }
}

TEST(Retention, LetsGoOfWhatIsOldAlsoWhenNothingIsAppended) {
  Running log(options_keeping(0, Millis{60'000}));
  log.append(20);
  log.wait(Millis{30'000});
  EXPECT_EQ(log.look().first, 0);
  log.append(1);
  log.wait(Millis{40'000});
  const Kept kept = log.look();
  // The segment that is written to stays.
  EXPECT_GT(kept.first, 0);
  EXPECT_LT(kept.first, 21);
}

TEST(Retention, KeepsWhatARegisteredConsumerHasNotFinished) {
  Running log(options_keeping(50'000));
  log.register_at(30);
  log.append(100);
  log.wait(Millis{2000});
  const Kept kept = log.look();
  EXPECT_GT(kept.first, 20);
  EXPECT_LE(kept.first, 30);
  EXPECT_GT(log.appender->status().held_segments, 0u);
  EXPECT_NE(log.logger->kept().find("kept for a consumer"), std::string::npos);
  log.register_at(95);
  log.wait(Millis{2000});
  EXPECT_GT(log.look().first, 80);
  EXPECT_EQ(log.appender->status().held_segments, 0u);
  EXPECT_EQ(log.appender->status().overridden_segments, 0u);
}

TEST(Retention, ANoteThatCannotBeReadHoldsEverything) {
  Running log(options_keeping(50'000));
  log.register_at(0);
  log.sim.storage().flip_bit(std::string(folder) + "/consumers/load.checkpoint", 12, 0);
  log.append(100);
  log.wait(Millis{2000});
  EXPECT_EQ(log.look().first, 0);
  EXPECT_NE(log.logger->kept().find("note cannot be read"), std::string::npos);
}

TEST(Retention, OverridingAConsumerIsCountedAndLogged) {
  AppenderOptions options = options_keeping(50'000);
  options.retention.override_consumers = true;
  Running log(options);
  log.register_at(0);
  log.append(100);
  log.wait(Millis{2000});
  EXPECT_GT(log.look().first, 80);
  const stream::AppenderStatus status = log.appender->status();
  EXPECT_GT(status.overridden_segments, 0u);
  EXPECT_EQ(status.overridden_segments, status.removed_segments);
  EXPECT_EQ(log.metrics.value("millrace_log_overridden_segments_total",
                              {{"topic", "t"}, {"partition", "0"}}),
            static_cast<int64_t>(status.overridden_segments));
  EXPECT_NE(log.logger->kept().find("retention removed what a consumer had not finished"),
            std::string::npos);
}

TEST(Retention, KeepsWhatItsWriterMayStillCut) {
  AppenderOptions options = options_keeping(50'000);
  options.visibility = stream::Visibility::on_publish;
  options.truncate_to = Offset(0);
  Running log(options);
  log.append(100);
  log.appender->publish(Offset(20));
  log.wait(Millis{2000});
  EXPECT_LE(log.look().first, 20);
  log.sim.crash(sim::CrashKind::power);
  options.truncate_to = Offset(20);
  log.open(options);
  EXPECT_EQ(log.look().end, 20);
}

TEST(Retention, RemovesOnRequestWhileItsWriterRuns) {
  Running log(options_keeping(0));
  log.append(50);
  EXPECT_EQ(log.remove_below(51).error().code(), ErrorCode::invalid_input);
  log.register_at(10);
  EXPECT_EQ(log.remove_below(20).error().code(), ErrorCode::busy);
  EXPECT_EQ(log.remove_below(10).value(), Offset(10));
  EXPECT_EQ(log.look().first, 10);
  EXPECT_EQ(log.remove_below(50, true).value(), Offset(50));
  EXPECT_EQ(log.look().first, 50);
  log.append(3);
  EXPECT_EQ(log.look().end, 53);
  log.sim.crash(sim::CrashKind::power);
  log.open(options_keeping(0));
  const Kept kept = log.look();
  EXPECT_EQ(kept.first, 50);
  EXPECT_EQ(kept.end, 53);
}

TEST(Retention, ARequestWaitsForConsumersThatHaveNotBegun) {
  Running log(options_keeping(0));
  log.append(50);
  log.close();
  const auto remove = [&](std::vector<std::string> expected, bool force) {
    return log.sim
        .run(remove_before(log.sim.world(), folder,
                           {Offset(33), force, log.sim.world().clock.now(), std::move(expected)}))
        .value();
  };
  log.register_at(40);
  const auto refused = remove({"load", "archive"}, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::busy);
  EXPECT_NE(refused.error().message().find("archive"), std::string::npos);
  EXPECT_EQ(log.look().first, 0);
  EXPECT_EQ(remove({"load"}, false).value(), Offset(33));
}

TEST(Retention, ARequestByForceNeedsNoNotes) {
  Running log(options_keeping(0));
  log.append(50);
  log.close();
  log.register_at(0);
  log.sim.storage().flip_bit(std::string(folder) + "/consumers/load.checkpoint", 12, 0);
  EXPECT_EQ(log.remove_below(33, false).error().code(), ErrorCode::corrupt);
  EXPECT_EQ(log.remove_below(33, true).value(), Offset(33));
}

TEST(Retention, RemovesOnRequestWhenNobodyWrites) {
  Running log(options_keeping(0));
  log.append(50);
  log.close();
  EXPECT_EQ(log.remove_below(33).value(), Offset(33));
  EXPECT_EQ(log.look().first, 33);
  EXPECT_EQ(log.remove_below(50).value(), Offset(50));
  EXPECT_EQ(log.segment_bytes(), 0u);
  log.open(options_keeping(0));
  log.append(1);
  const Kept kept = log.look();
  EXPECT_EQ(kept.first, 50);
  EXPECT_EQ(kept.end, 51);
}

Task<void> ask(io::World world, int64_t offset, Result<Offset>& first, bool& done) {
  const Instant deadline = world.clock.now() + Millis{10'000};
  first = co_await remove_before(world, folder, {Offset(offset), false, deadline});
  done = true;
}

// The writer that was asked ends before it looks: by a crash, whose successor knows nothing of the
// request, or in good order.
TEST(Retention, ARequestOutlivesTheWriterThatWasAsked) {
  for (const bool crashes : {true, false}) {
    Running log(options_keeping(0));
    log.append(50);
    Result<Offset> first = Offset(0);
    bool done = false;
    sim::SimProcess& other = log.sim.start_process();
    other.spawn(ask(other.world(), 33, first, done));
    log.wait(Millis{100});
    ASSERT_FALSE(done);
    if (crashes) {
      log.sim.crash(sim::CrashKind::process);
      log.open(options_keeping(0));
    } else {
      log.close();
    }
    log.sim.run_until(done, Millis{5'000});
    ASSERT_TRUE(done) << crashes;
    EXPECT_EQ(first.value(), Offset(33)) << crashes;
    EXPECT_EQ(log.look().first, 33) << crashes;
  }
}

TEST(Retention, WhoeverRemovesWithoutAWriterTellsTheOthersThatAsked) {
  Running log(options_keeping(0));
  log.append(50);
  const std::string path = std::string(folder) + "/" + watermark_name;
  log.close();
  const auto page = log.sim.run(log.sim.world().disk.map_shared(path)).value();
  struct Wait {
    static Task<void> run(io::SharedPage& page, bool& woken) {
      constexpr auto word = static_cast<size_t>(WatermarkWord::first);
      (void)co_await page.wait_until_not(word, page.load(word), io::no_deadline);
      woken = true;
    }
  };
  bool woken = false;
  log.sim.main().spawn(Wait::run(**page, woken));
  EXPECT_EQ(log.remove_below(33).value(), Offset(33));
  log.wait(Millis{1});
  EXPECT_TRUE(woken);
}

TEST(Retention, MakesRoomOnADiskThatIsFull) {
  Running log(options_keeping(0));
  log.append(100);
  log.close();
  log.sim.storage().set_capacity(0);
  log.open(options_keeping(50'000));
  log.wait(Millis{2000});
  // The manifest needs a little room first.
  log.sim.storage().set_capacity(100 * 4096 + 100'000);
  log.wait(Millis{2000});
  EXPECT_GT(log.look().first, 80);
}

TEST(Retention, ARecycledFileNeverShowsWhatItHeldBefore) {
  for (const bool direct : {true, false}) {
    Running log(options_keeping(60'000), 3, direct);
    for (int life = 0; life < 30; ++life) {
      log.append(17);
      const int64_t end = log.appender->next_offset().value;
      log.sim.crash(life % 2 == 0 ? sim::CrashKind::power : sim::CrashKind::process);
      log.open(options_keeping(60'000));
      EXPECT_EQ(log.look().end, end);
    }
    // One life is too short for the count to be kept, the files show it.
    EXPECT_EQ(log.logger->kept().find("damaged"), std::string::npos);
    EXPECT_EQ(log.logger->kept().find("unfinished"), std::string::npos);
  }
}

}  // namespace
}  // namespace mr::log
