#include "log/embedded_log.h"

#include <gtest/gtest.h>

#include "log/partition.h"
#include "sim/sim_world.h"

namespace mr::log {
namespace {

TEST(EmbeddedLog, WhatIsAppendedIsListedAndReadByOffsetAndByTime) {
  sim::SimWorld world(1);
  AppenderOptions options;
  options.first_segment_bytes = 64 * 1024;
  options.reserved_bytes = 0;
  const auto use = [](io::World doors, AppenderOptions all) -> io::Task<Result<int>> {
    EmbeddedLog log(doors, "log", all);
    MR_CO_TRY(const auto appender, co_await log.open_appender({"topic", 3}, {}));
    for (const int64_t second : {10, 20, 30}) {
      std::vector<stream::RecordView> records = {
          {WallTime{second * 1000}, as_bytes("key"), as_bytes(std::to_string(second)), {}}};
      MR_CO_CHECK(co_await appender->append(std::move(records)));
    }
    MR_CO_TRY(const auto partitions, co_await log.list());
    EXPECT_EQ(partitions, (std::vector<stream::TopicPartition>{{"topic", 3}}));
    MR_CO_TRY(const auto reader, co_await log.open_reader({"topic", 3}));
    for (const auto& [time, offset] : {std::pair(5, 0), {10, 0}, {11, 1}, {30, 2}, {31, 3}}) {
      MR_CO_TRY(const Offset found, co_await reader->find_time(WallTime{time * 1000}));
      EXPECT_EQ(found, Offset(offset)) << time;
    }
    MR_CO_CHECK(co_await appender->close());
    co_return 1;
  };
  const auto done = world.run(use(world.world(), options));
  ASSERT_TRUE(done && *done);
}

TEST(EmbeddedLog, ARegisteredConsumerLeavesANoteThatNeverRunsAhead) {
  sim::SimWorld world(1);
  const auto use = [](io::World doors) -> io::Task<Result<int64_t>> {
    EmbeddedLog log(doors, "log", {});
    MR_CO_TRY(const auto consumer, co_await log.register_consumer({"topic", 0}, "load", Offset(5)));
    MR_CO_CHECK(co_await consumer->finished(Offset(6)));  // too soon after the last note
    co_await doors.clock.sleep_until(doors.clock.now() + Millis{2000});
    MR_CO_CHECK(co_await consumer->finished(Offset(9)));
    const auto notes = open_checkpoints(doors, consumers_folder("log/topic/0"));
    MR_CO_TRY(const auto note, co_await notes->load("load"));
    co_return note->next.value;
  };
  const auto noted = world.run(use(world.world()));
  ASSERT_TRUE(noted && *noted);
  EXPECT_EQ(**noted, 9);
}

TEST(EmbeddedLog, AConsumerThatHasANoteRegistersOnAFullDisk) {
  sim::SimWorld world(1);
  const auto use = [](io::World doors, sim::Storage& storage) -> io::Task<Result<int64_t>> {
    EmbeddedLog log(doors, "log", {});
    MR_CO_CHECK(co_await log.register_consumer({"topic", 0}, "load", Offset(5)));
    storage.set_capacity(0);
    MR_CO_CHECK(co_await log.register_consumer({"topic", 0}, "load", Offset(6)));
    // Here the note would let retention remove what is still needed; there it would not wait.
    EXPECT_FALSE(co_await log.register_consumer({"topic", 0}, "load", Offset(4)));
    EXPECT_FALSE(co_await log.register_consumer({"topic", 0}, "archive", Offset(6)));
    const auto notes = open_checkpoints(doors, consumers_folder("log/topic/0"));
    MR_CO_TRY(const auto note, co_await notes->load("load"));
    co_return note->next.value;
  };
  const auto noted = world.run(use(world.world(), world.storage()));
  ASSERT_TRUE(noted && *noted) << (noted ? noted->error().message() : "");
  EXPECT_EQ(**noted, 5);
}

}  // namespace
}  // namespace mr::log
