// What an appender refuses, cuts and resumes, in the simulator.
#include "log/partition_writer.h"

#include <gtest/gtest.h>

#include "io/random.h"
#include "log/partition.h"
#include "sim/sim_world.h"
#include "telemetry/log_line.h"

namespace mr::log {
namespace {

using io::Task;
using Opened = Result<std::unique_ptr<stream::Appender>>;
using Appended = Result<stream::AppendedRange>;

constexpr const char* folder = "log/t/0";

AppenderOptions small_options() {
  AppenderOptions options;
  options.first_segment_bytes = 32 * 1024;
  options.segment_bytes_max = 64 * 1024;
  options.buffered_segment_bytes_max = 64 * 1024;
  options.reserved_bytes = 0;
  return options;
}

Task<Opened> open(io::World world, AppenderOptions options) {
  co_return co_await open_partition_appender(world, folder, options);
}

// Appends `count` records of `size` bytes in one call; their timestamps are their numbers.
Task<Appended> append(stream::Appender& appender, int64_t count, size_t size) {
  const std::string value(size, 'v');
  std::vector<stream::RecordView> records;
  for (int64_t i = 0; i < count; ++i) {
    records.push_back({WallTime{appender.next_offset().value + i}, {}, as_bytes(value), {}});
  }
  co_return co_await appender.append(std::move(records));
}

Task<Result<void>> close(stream::Appender& appender) {
  co_return co_await appender.close();
}

// The offsets that a fresh reader sees, as "first-last"; each record must be the one appended
// there.
Task<Result<std::string>> visible(io::World world, Offset from = Offset(0)) {
  MR_CO_TRY(const auto reader, co_await open_partition_reader(world, folder));
  int64_t next = from.value;
  for (;;) {
    MR_CO_TRY(const auto batch, co_await reader->read(Offset(next), 4000, world.clock.now()));
    if (batch.empty()) co_return std::to_string(from.value) + "-" + std::to_string(next - 1);
    for (const auto& record : batch.records) {
      if (record.offset.value != next || record.timestamp.millis != next) {
        co_return fail(ErrorCode::failed, "a wrong record at " + std::to_string(next));
      }
      ++next;
    }
  }
}

struct Running {
  explicit Running(uint64_t seed, AppenderOptions options = small_options(), bool direct = true)
      : sim(sim::SimOptions{.seed = seed, .direct_supported = direct}) {
    reopen(options);
  }
  void reopen(AppenderOptions options) {
    appender.reset();
    auto opened = sim.run(open(sim.world(), options));
    EXPECT_TRUE(opened.has_value() && opened->has_value())
        << (opened ? opened->error().message() : "no end");
    appender = std::move(**opened);
  }
  Appended append(int64_t count, size_t size = 100) {
    return sim.run(log::append(*appender, count, size)).value();
  }
  std::string visible(Offset from = Offset(0)) {
    const auto text = sim.run(log::visible(sim.world(), from)).value();
    return text ? *text : text.error().message();
  }
  void wait(Millis duration) {
    struct Pause {
      static Task<bool> run(io::Clock& clock, Millis duration) {
        co_await clock.sleep(duration);
        co_return true;
      }
    };
    sim.run(Pause::run(sim.world().clock, duration));
  }
  // The process ends here and now; another opens the log.
  void crash(AppenderOptions options) {
    sim.crash(sim::CrashKind::process);
    reopen(options);
  }
  sim::SimWorld sim;
  std::unique_ptr<stream::Appender> appender;
};

TEST(PartitionWriter, ASecondWriterIsRefused) {
  Running log(1);
  sim::SimProcess& other = log.sim.start_process();
  const auto second = log.sim.run(other, open(other.world(), small_options()));
  EXPECT_EQ(second->error().code(), ErrorCode::busy);
  EXPECT_TRUE(log.append(1));
}

// As a command does that looks whether somebody writes.
Task<void> hold_lock(io::World world, Millis duration, bool& held) {
  const auto lock = co_await world.disk.lock(std::string(folder) + "/" + lock_name);
  held = lock.has_value();
  co_await world.clock.sleep(duration);
}

TEST(PartitionWriter, WaitsForALockThatIsHeldForAMoment) {
  Running log(1);
  ASSERT_TRUE(log.sim.run(close(*log.appender)).value());
  bool held = false;
  sim::SimProcess& other = log.sim.start_process();
  other.spawn(hold_lock(other.world(), Millis{300}, held));
  log.sim.run_until(held);
  ASSERT_TRUE(held);
  log.reopen(small_options());
  EXPECT_TRUE(log.append(1));
}

TEST(PartitionWriter, RefusesByNameWhatIsTooLargeEmptyOrTooMuch) {
  AppenderOptions options = small_options();
  options.record_bytes_max = 1000;
  options.queue_bytes_max = 5000;
  Running log(1, options);
  EXPECT_EQ(log.append(1, 1001).error().code(), ErrorCode::too_large);
  EXPECT_EQ(log.append(10, 900).error().code(), ErrorCode::too_large);
  EXPECT_EQ(log.append(0).error().code(), ErrorCode::invalid_input);
  EXPECT_EQ(log.appender->next_offset(), Offset(0));
  EXPECT_TRUE(log.append(1, 1000));
  EXPECT_EQ(log.appender->status().refused_too_large, 2u);
}

Task<int> append_at_once(io::World world, stream::Appender& appender, int tasks) {
  struct One {
    static Task<void> run(stream::Appender& appender, int& refused) {
      const auto done = co_await append(appender, 1, 1000);
      if (!done && done.error().code() == ErrorCode::busy) ++refused;
    }
  };
  int refused = 0;
  io::TaskGroup group(world.loop);
  for (int i = 0; i < tasks; ++i) group.spawn(One::run(appender, refused));
  co_await group.drain();
  co_return refused;
}

TEST(PartitionWriter, IsBusyWhenItsQueueIsFullAndKeepsWhatItAccepted) {
  AppenderOptions options = small_options();
  options.queue_bytes_max = 10'000;
  Running log(1, options);
  const int refused = log.sim.run(append_at_once(log.sim.world(), *log.appender, 30)).value();
  EXPECT_GT(refused, 10);
  EXPECT_EQ(log.appender->status().refused_busy, static_cast<uint64_t>(refused));
  EXPECT_EQ(log.appender->next_offset(), Offset(30 - refused));
  EXPECT_TRUE(log.append(1));
}

TEST(PartitionWriter, AppendsThatMeetShareACommit) {
  Running log(1);
  EXPECT_EQ(log.sim.run(append_at_once(log.sim.world(), *log.appender, 50)).value(), 0);
  EXPECT_LE(log.appender->status().commits, 2u);
  EXPECT_EQ(log.appender->status().records, 50u);
}

TEST(PartitionWriter, RefusesBelowTheReservedSpaceAndResumesByItself) {
  AppenderOptions options = small_options();
  options.reserved_bytes = 100'000;
  Running log(1, options);
  ASSERT_TRUE(log.append(1));
  log.sim.storage().set_capacity(120'000);
  bool refused = false;
  for (int i = 0; i < 200 && !refused; ++i) {
    const auto done = log.append(1, 3000);
    refused = !done && done.error().code() == ErrorCode::no_space;
    ASSERT_TRUE(done || refused) << done.error().message();
  }
  EXPECT_TRUE(refused);
  EXPECT_GT(log.appender->status().refused_no_space, 0u);
  const Offset end = log.appender->next_offset();
  EXPECT_EQ(log.visible(), "0-" + std::to_string(end.value - 1));
  log.sim.storage().set_capacity(1 << 22);
  bool resumed = false;
  for (int i = 0; i < 10 && !resumed; ++i) {
    resumed = log.append(1).has_value();
    log.wait(Millis{200});
  }
  EXPECT_TRUE(resumed);
}

TEST(PartitionWriter, OpensOnAFullDiskServesReadersAndAppendsWhenThereIsSpace) {
  for (const bool direct : {true, false}) {
    Running log(1, small_options(), direct);
    ASSERT_TRUE(log.append(5));
    ASSERT_TRUE(log.sim.run(close(*log.appender)).value());
    log.sim.storage().set_capacity(0);
    log.reopen(small_options());
    EXPECT_EQ(log.visible(), "0-4");
    EXPECT_EQ(log.append(1).error().code(), ErrorCode::no_space);
    log.sim.storage().set_capacity(1 << 22);
    EXPECT_TRUE(log.append(1));
    EXPECT_EQ(log.visible(), "0-5");
  }
}

TEST(PartitionWriter, ARestartAfterACrashWorksOnAFullDisk) {
  for (const bool direct : {true, false}) {
    Running log(1, small_options(), direct);
    ASSERT_TRUE(log.append(5, 3000));
    log.wait(Millis{100});
    auto& storage = log.sim.storage();
    for (const auto kind : {sim::CrashKind::process, sim::CrashKind::power}) {
      // Not a byte is left.
      storage.set_capacity(storage.capacity_bytes() - storage.free_bytes());
      log.sim.crash(kind);
      log.reopen(small_options());
      EXPECT_EQ(log.visible(), "0-4");
    }
    storage.set_capacity(1 << 22);
    EXPECT_TRUE(log.append(1));
    EXPECT_EQ(log.visible(), "0-5");
  }
}

TEST(PartitionWriter, AnAppendLargerThanASegmentFits) {
  Running log(1);
  ASSERT_TRUE(log.append(1));
  ASSERT_TRUE(log.append(3, 300'000));
  ASSERT_TRUE(log.append(1));
  EXPECT_EQ(log.visible(), "0-4");
}

TEST(PartitionWriter, CutsWhatItsWriterHasNotCommittedWhereverTheCutFalls) {
  for (const bool direct : {true, false}) {
    for (int64_t cut = 0; cut <= 60; ++cut) {
      AppenderOptions options = small_options();
      options.first_segment_bytes = options.segment_bytes_max = 16 * 1024;
      options.visibility = stream::Visibility::on_publish;
      Running log(static_cast<uint64_t>(cut) + 1, options, direct);
      for (int i = 0; i < 20; ++i) ASSERT_TRUE(log.append(3, 500));
      log.appender->publish(Offset(cut));
      EXPECT_EQ(log.visible(), "0-" + std::to_string(cut - 1));
      options.truncate_to = Offset(cut);
      log.crash(options);
      EXPECT_EQ(log.appender->next_offset(), Offset(cut));
      EXPECT_EQ(log.visible(), "0-" + std::to_string(cut - 1));
      const auto next = log.append(2);
      ASSERT_TRUE(next);
      EXPECT_EQ(next->first, Offset(cut));
      EXPECT_EQ(log.visible(), "0-" + std::to_string(cut - 1));
      log.appender->publish(Offset(cut + 1));
      EXPECT_EQ(log.visible(), "0-" + std::to_string(cut));
      // Once more, with the carried records in the last segment.
      options.truncate_to = Offset(cut + 1);
      log.crash(options);
      EXPECT_EQ(log.visible(), "0-" + std::to_string(cut));
    }
  }
}

TEST(PartitionWriter, AFailedWriteIsNotAcknowledgedAndTheNextAppendGoesOnInANewSegment) {
  for (const bool direct : {true, false}) {
    Running log(9, small_options(), direct);
    ASSERT_TRUE(log.append(3));
    log.sim.set_faults({.write_error = direct, .sync_error = !direct, .one_in = 1});
    EXPECT_EQ(log.append(2).error().code(), ErrorCode::io_failed);
    EXPECT_NE(log.appender->status().failure, "");
    log.sim.set_faults({});
    const auto next = log.append(2);
    ASSERT_TRUE(next) << next.error().message();
    EXPECT_EQ(next->first, Offset(3));
    EXPECT_EQ(log.appender->status().recoveries, 1u);
    EXPECT_EQ(log.appender->status().failure, "");
    EXPECT_EQ(log.visible(), "0-4");
  }
}

AppenderOptions interval_options(Millis interval, telemetry::Logger* logger = nullptr) {
  AppenderOptions options = small_options();
  options.sync_interval = interval;
  options.logger = logger;
  return options;
}

TEST(PartitionWriter, AFailedSyncAtAnIntervalIsFinalForTheFileWithoutAnotherAppend) {
  const auto logger = telemetry::Logger::to_memory();
  Running log(9, interval_options(Millis{100}, logger.get()));
  ASSERT_TRUE(log.append(3));
  log.sim.set_faults({.sync_error = true, .one_in = 1});
  log.wait(Millis{250});
  EXPECT_NE(log.appender->status().failure, "");
  EXPECT_GE(log.appender->status().recoveries, 1u);
  EXPECT_EQ(log.visible(), "0--1");
  EXPECT_NE(logger->kept().find("durable_end_offset=0 answered_end_offset=3"), std::string::npos)
      << logger->kept();
  log.sim.set_faults({});
  log.wait(Millis{250});
  EXPECT_EQ(log.appender->status().failure, "");
  EXPECT_EQ(log.appender->status().lost_records, 0u);
  EXPECT_EQ(log.visible(), "0-2");
  EXPECT_EQ(log.append(1)->first, Offset(3));
}

TEST(PartitionWriter, WhatAFailedSyncAtAnIntervalLostIsNamed) {
  const auto logger = telemetry::Logger::to_memory();
  Running log(9, interval_options(Millis{100}, logger.get()));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(log.append(1));
  log.sim.set_faults({.sync_error = true, .one_in = 1});
  log.wait(Millis{250});
  log.sim.storage().flip_bit("log/t/0/00000000000000000000.log", 2 * io::direct_alignment + 80, 1);
  log.sim.set_faults({});
  log.wait(Millis{250});
  EXPECT_EQ(log.appender->status().lost_records, 1u);
  EXPECT_NE(logger->kept().find("first_offset=2 last_offset=2"), std::string::npos)
      << logger->kept();
  EXPECT_EQ(log.visible(), "0-1");
  EXPECT_EQ(log.append(1)->first, Offset(2));
}

// What was durable is lost with it: its offset is damaged, and not given to another record.
TEST(PartitionWriter, AnOffsetThatWasDurableIsNotGivenAgainWhenItsRecordIsLost) {
  const auto logger = telemetry::Logger::to_memory();
  Running log(9, interval_options(Millis{100}, logger.get()));
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(log.append(1));
  log.wait(Millis{250});
  ASSERT_TRUE(log.append(1));
  log.sim.set_faults({.sync_error = true, .one_in = 1});
  log.wait(Millis{250});
  for (const uint64_t batch : {1, 2}) {
    log.sim.storage().flip_bit("log/t/0/00000000000000000000.log",
                               batch * io::direct_alignment + 80, 1);
  }
  log.sim.set_faults({});
  log.wait(Millis{250});
  EXPECT_EQ(log.appender->status().lost_records, 1u);
  EXPECT_NE(logger->kept().find("known_by=\"the log's writer\" first_offset=1 last_offset=1"),
            std::string::npos)
      << logger->kept();
  EXPECT_EQ(log.append(1)->first, Offset(2));
  log.wait(Millis{250});
  EXPECT_EQ(log.visible(Offset(2)), "2-2");
}

// An append that waits when the partition is closed.
Task<Millis> close_with_an_append(io::World world, stream::Appender& appender) {
  struct One {
    static Task<void> run(stream::Appender& appender) { (void)co_await append(appender, 1, 100); }
  };
  io::TaskGroup group(world.loop);
  group.spawn(One::run(appender));
  co_await world.loop.yield();
  const Instant start = world.clock.now();
  EXPECT_TRUE(co_await appender.close());
  co_await group.drain();
  co_return world.clock.now() - start;
}

TEST(PartitionWriter, ClosingSyncsAtOnce) {
  Running log(1, interval_options(Millis{60'000}));
  ASSERT_TRUE(log.append(3));
  EXPECT_LT(log.sim.run(close_with_an_append(log.sim.world(), *log.appender)).value(),
            Millis{1000});
  EXPECT_EQ(log.visible(), "0-3");
}

TEST(PartitionWriter, ClosingAfterAFailedSyncSavesWhatWasAnswered) {
  int saved = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Running log(seed, interval_options(Millis{60'000}));
    ASSERT_TRUE(log.append(3));
    log.sim.set_faults({.sync_error = true, .one_in = 2});
    const bool closed = log.sim.run(close(*log.appender)).value().has_value();
    const bool sync_failed = log.appender->status().recoveries > 0;
    log.sim.set_faults({});
    log.sim.crash(sim::CrashKind::power);
    log.reopen(interval_options(Millis{60'000}));
    if (closed) {
      EXPECT_EQ(log.visible(), "0-2");
    }
    saved += closed && sync_failed ? 1 : 0;
  }
  EXPECT_GT(saved, 0);
}

TEST(PartitionWriter, ClosedRefusesAndLetsTheLockGo) {
  Running log(1);
  ASSERT_TRUE(log.append(3));
  ASSERT_TRUE(log.sim.run(close(*log.appender)).value());
  EXPECT_EQ(log.append(1).error().code(), ErrorCode::closed);
  log.reopen(small_options());
  EXPECT_EQ(log.append(1)->first, Offset(3));
}

}  // namespace
}  // namespace mr::log
