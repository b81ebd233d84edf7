#include <gtest/gtest.h>

#include "io/aligned_buffer.h"
#include "io/signal.h"
#include "sim/sim_world.h"

namespace mr::sim {
namespace {

using io::Access;
using io::Caching;
using io::Creation;
using io::Task;

Task<Result<void>> write_file(io::Disk& disk, io::Path path, std::string text, bool sync) {
  MR_CO_TRY(const auto file,
            co_await disk.open(path, {Access::read_write, Creation::create_if_absent}));
  MR_CO_CHECK(co_await file->write_at(0, as_bytes(text)));
  if (sync) MR_CO_CHECK(co_await file->sync_data());
  co_return Result<void>{};
}

Task<Result<void>> write_and_sync_name(io::Disk& disk, io::Path path, std::string text) {
  MR_CO_CHECK(co_await write_file(disk, path, text, true));
  co_return co_await disk.sync_directory("");
}

TEST(SimDisk, WhatWasSyncedWithItsNameSurvivesPowerLoss) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SimWorld world(seed);
    ASSERT_TRUE(world.run(write_and_sync_name(world.world().disk, "file", "kept")).value());
    world.crash(CrashKind::power);
    EXPECT_EQ(as_text(world.storage().contents("file").value()), "kept");
  }
}

TEST(SimDisk, UnsyncedNamesAndBytesAreLostInSomeRunsAndKeptInOthers) {
  int lost_name = 0;
  int lost_bytes = 0;
  int kept = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SimWorld world(seed);
    ASSERT_TRUE(world.run(write_and_sync_name(world.world().disk, "file", "old!")).value());
    ASSERT_TRUE(world.run(write_file(world.world().disk, "file", "new!", false)).value());
    ASSERT_TRUE(world.run(write_file(world.world().disk, "other", "data", true)).value());
    world.crash(CrashKind::power);
    const auto contents = world.storage().contents("file").value();
    if (as_text(contents) == "old!") ++lost_bytes;
    if (as_text(contents) == "new!") ++kept;
    if (!world.storage().contents("other")) ++lost_name;
  }
  EXPECT_GT(lost_bytes, 20);
  EXPECT_GT(kept, 20);
  EXPECT_GT(200 - lost_bytes - kept, 20);  // ruined
  EXPECT_GT(lost_name, 20);
}

TEST(SimDisk, AProcessCrashKeepsTheCache) {
  SimWorld world(7);
  ASSERT_TRUE(world.run(write_file(world.world().disk, "file", "cached", false)).value());
  world.crash(CrashKind::process);
  EXPECT_EQ(as_text(world.storage().contents("file").value()), "cached");
}

Task<Result<std::string>> read_after_failed_sync(SimWorld& sim, Caching caching) {
  io::Disk& disk = sim.world().disk;
  const io::OpenMode mode{Access::read_write, Creation::create_if_absent};
  MR_CO_TRY(const auto file, co_await disk.open("file", mode));
  MR_CO_CHECK(co_await file->preallocate(io::direct_alignment));
  io::AlignedBuffer page;
  page.append_zeros(io::direct_alignment);
  std::fill_n(page.data(), page.size(), uint8_t{'x'});
  MR_CO_CHECK(co_await file->write_at(0, page.view()));
  sim.set_faults({.sync_error = true, .one_in = 1});
  EXPECT_FALSE(co_await file->sync_data());
  sim.set_faults({});
  MR_CO_CHECK(co_await file->sync_data());
  MR_CO_TRY(const auto again, co_await disk.open("file", {.caching = caching}));
  MR_CO_CHECK(co_await again->read_at(0, page.bytes()));
  co_return std::string(as_text(page.view()));
}

TEST(SimDisk, AFailedSyncForgetsBytesThatTheCacheStillShows) {
  SimWorld world(3);
  const std::string whole(io::direct_alignment, 'x');
  EXPECT_EQ(world.run(read_after_failed_sync(world, Caching::buffered)).value().value(), whole);
  EXPECT_NE(world.run(read_after_failed_sync(world, Caching::direct)).value().value(), whole);
}

Task<Result<void>> write_direct(io::Disk& disk, char letter) {
  MR_CO_TRY(const auto file,
            co_await disk.open("direct",
                               {Access::read_write, Creation::create_if_absent, Caching::direct}));
  io::AlignedBuffer page;
  page.append_zeros(io::direct_alignment);
  std::fill_n(page.data(), page.size(), static_cast<uint8_t>(letter));
  MR_CO_CHECK(co_await file->write_at(0, page.view()));
  co_return co_await disk.sync_directory("");
}

TEST(SimDisk, ACompletedDirectWriteIsDurableAndOneInFlightMayTear) {
  int torn = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    SimWorld world(seed);
    ASSERT_TRUE(world.run(write_direct(world.world().disk, 'a')).value());
    const uint64_t before = world.operations();
    world.crash_at(before + 2);  // open, then the write
    EXPECT_FALSE(world.run(write_direct(world.world().disk, 'b')).has_value());
    world.crash(CrashKind::power);
    const Bytes contents = world.storage().contents("direct").value();
    const auto a = std::count(contents.begin(), contents.end(), 'a');
    const auto b = std::count(contents.begin(), contents.end(), 'b');
    if (a > 0 && b > 0) ++torn;
  }
  EXPECT_GT(torn, 50);
}

Task<Result<void>> fill_disk(io::Disk& disk) {
  MR_CO_TRY(const auto file,
            co_await disk.open("large", {Access::read_write, Creation::create_if_absent}));
  co_return co_await file->preallocate(1 << 20);
}

TEST(SimDisk, AFullDiskRefusesAndTheSpaceMayComeBack) {
  SimWorld world(SimOptions{.seed = 1, .capacity_bytes = 1 << 19});
  EXPECT_EQ(world.run(fill_disk(world.world().disk)).value().error().code(), ErrorCode::no_space);
  world.storage().set_capacity(1 << 21);
  EXPECT_TRUE(world.run(fill_disk(world.world().disk)).value());
}

Task<Result<std::unique_ptr<io::DiskLock>>> take_lock(io::Disk& disk) {
  co_return co_await disk.lock("lock");
}

TEST(SimDisk, ALockEndsWithTheProcessThatHoldsIt) {
  SimWorld world(1);
  SimProcess& other = world.start_process();
  const auto held = world.run(other, take_lock(other.world().disk));
  EXPECT_TRUE(held.value());
  EXPECT_EQ(world.run(take_lock(world.world().disk)).value().error().code(), ErrorCode::busy);
  world.kill(other);
  EXPECT_TRUE(world.run(take_lock(world.world().disk)).value());
}

Task<Result<uint64_t>> wait_on_page(io::World world, Instant deadline) {
  MR_CO_TRY(const auto page, co_await world.disk.map_shared("page"));
  co_return co_await page->wait_until_not(4, 0, deadline);
}

Task<Result<bool>> publish_later(io::World world) {
  MR_CO_TRY(const auto page, co_await world.disk.map_shared("page"));
  co_await world.clock.sleep(Millis{50});
  page->publish(4, 9);
  co_return true;
}

TEST(SimSharedPage, AnotherProcessIsWokenAndAProcessCrashKeepsTheWords) {
  SimWorld world(5);
  SimProcess& reader = world.start_process();
  EXPECT_EQ(world.run(reader, wait_on_page(reader.world(), world.now() + Millis{10}))->value(), 0u);
  bool published = false;
  struct Writer {
    static Task<void> run(io::World world, bool& done) {
      EXPECT_TRUE(co_await publish_later(world));
      done = true;
    }
  };
  world.main().spawn(Writer::run(world.world(), published));
  EXPECT_EQ(world.run(reader, wait_on_page(reader.world(), io::no_deadline))->value(), 9u);
  world.crash(CrashKind::process);
  EXPECT_EQ(world.run(wait_on_page(world.world(), io::no_deadline))->value(), 9u);
}

Task<Result<bool>> many_files(io::World world) {
  io::TaskGroup group(world.loop);
  struct One {
    static Task<void> write(io::World world, int number) {
      co_await world.clock.sleep(Millis{static_cast<int64_t>(world.random.next() % 10)});
      (void)co_await write_file(world.disk, "f" + std::to_string(number), "x", true);
    }
  };
  for (int i = 0; i < 10; ++i) group.spawn(One::write(world, i));
  co_await group.drain();
  co_return true;
}

TEST(SimWorld, TheSameSeedGivesTheSameRun) {
  const auto fingerprint = [](uint64_t seed) {
    SimWorld world(SimOptions{.seed = seed, .faults = {.write_error = true, .slow_disk = true}});
    EXPECT_TRUE(world.run(many_files(world.world())).has_value());
    return world.fingerprint();
  };
  EXPECT_EQ(fingerprint(11), fingerprint(11));
  EXPECT_NE(fingerprint(11), fingerprint(12));
}

TEST(SimWorld, ACrashAtEveryOperationAbandonsAllTasks) {
  uint64_t crashes = 0;
  for (uint64_t operation = 1;; ++operation) {
    SimWorld world(SimOptions{.seed = 2, .crash_at_operation = operation});
    if (world.run(many_files(world.world())).has_value()) break;
    ASSERT_TRUE(world.crash_due());
    world.crash(CrashKind::power);
    ++crashes;
    ASSERT_TRUE(world.run(many_files(world.world())).has_value());
  }
  EXPECT_EQ(crashes, 30u);
}

}  // namespace
}  // namespace mr::sim
