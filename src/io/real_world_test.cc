#include "io/real_world.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "io/aligned_buffer.h"
#include "io/disk.h"
#include "io/signal.h"
#include "io/socket_address.h"
#include "io/test_support.h"

namespace mr::io {
namespace {

Task<std::string> record_order(RealWorld& world) {
  struct Steps {
    static Task<void> step(Clock& clock, int64_t millis, char name, std::string& order) {
      co_await clock.sleep(Millis{millis});
      order += name;
    }
  };
  std::string order;
  TaskGroup group(world.loop());
  group.spawn(Steps::step(world.loop(), 20, 'c', order));
  group.spawn(Steps::step(world.loop(), 0, 'a', order));
  group.spawn(Steps::step(world.loop(), 10, 'b', order));
  co_await group.drain();
  co_return order;
}

TEST(RealWorld, TimersFireInOrderOfTheirTimes) {
  RealWorld world;
  EXPECT_EQ(run_in(world, record_order(world)), "abc");
}

Task<std::string> wake_waiters(RealWorld& world) {
  struct Waiters {
    static Task<void> one(Signal& signal, Clock& clock, Instant deadline, std::string& log) {
      log += co_await signal.wait_until(clock, deadline) ? "notified " : "expired ";
    }
  };
  std::string log;
  Signal signal(world.loop());
  TaskGroup group(world.loop());
  group.spawn(Waiters::one(signal, world.loop(), world.loop().now() + Millis{5}, log));
  group.spawn(Waiters::one(signal, world.loop(), no_deadline, log));
  co_await world.loop().sleep(Millis{30});
  signal.notify();
  co_await group.drain();
  co_return log;
}

TEST(Signal, WaitersEndByNotificationOrAtTheirDeadline) {
  RealWorld world;
  EXPECT_EQ(run_in(world, wake_waiters(world)), "expired notified ");
}

Task<Result<std::string>> write_and_read(Disk& disk, Path path, Caching caching) {
  const OpenMode mode{Access::read_write, Creation::must_not_exist, caching};
  MR_CO_TRY(const auto file, co_await disk.open(path, mode));
  MR_CO_CHECK(co_await file->preallocate(4 * direct_alignment));
  AlignedBuffer buffer;
  buffer.append(as_bytes("hello"));
  buffer.append_zeros(direct_alignment - buffer.size());
  MR_CO_CHECK(co_await file->write_at(direct_alignment, buffer.view()));
  MR_CO_CHECK(co_await file->sync_data());
  MR_CO_TRY(const uint64_t size, co_await file->size());
  AlignedBuffer back;
  back.resize(8 * direct_alignment);
  MR_CO_TRY(const size_t count, co_await file->read_at(0, back.bytes()));
  co_return std::to_string(size) + " " + std::to_string(count) + " " +
      std::string(as_text(back.view().subspan(direct_alignment, 5)));
}

TEST(RealDisk, DirectAndBufferedFilesHoldWhatWasWritten) {
  RealWorld world;
  TemporaryFolder folder;
  for (const Caching caching : {Caching::buffered, Caching::direct}) {
    const Path path = folder.at(caching == Caching::direct ? "direct" : "buffered");
    EXPECT_EQ(run_in(world, write_and_read(world.world().disk, path, caching)).value(),
              "16384 16384 hello");
  }
}

// The kernel gives such a file in parts that end anywhere, as an interrupted read of a disk may.
Task<Result<size_t>> read_in_parts(Disk& disk) {
  MR_CO_TRY(const auto file, co_await disk.open("/proc/self/smaps", {}));
  Bytes into(4 * direct_alignment);
  co_return co_await file->read_at(0, into);
}

TEST(RealDisk, AShortReadIsNotTheEndOfAFile) {
  RealWorld world;
  EXPECT_EQ(run_in(world, read_in_parts(world.world().disk)).value(), 4 * direct_alignment);
}

Task<Result<std::string>> use_names(Disk& disk, const TemporaryFolder& folder) {
  MR_CO_CHECK(co_await disk.make_folders(folder.at("a/b")));
  MR_CO_CHECK(co_await replace_file(disk, folder.at("a/b/one"), Bytes(1, 'x')));
  const Bytes longer = {'y', 'z'};
  MR_CO_CHECK(co_await replace_file(disk, folder.at("a/b/one"), longer));
  MR_CO_TRY(const Bytes contents, co_await read_whole_file(disk, folder.at("a/b/one"), 2));
  MR_CO_TRY(const auto names, co_await disk.list(folder.at("a/b")));
  std::string text(as_text(contents));
  for (const std::string& name : names) text += " " + name;
  const auto missing = co_await disk.open(folder.at("a/none"), {});
  text += missing ? " opened" : " " + std::string(to_string(missing.error().code()));
  const auto large = co_await read_whole_file(disk, folder.at("a/b/one"), 1);
  text += large ? " read" : " " + std::string(to_string(large.error().code()));
  co_return text;
}

TEST(RealDisk, FilesAreReplacedWholeAndErrorsHaveCodes) {
  RealWorld world;
  TemporaryFolder folder;
  EXPECT_EQ(run_in(world, use_names(world.world().disk, folder)).value(),
            "yz one not_found too_large");
}

Task<std::string> lock_twice(Disk& disk, const TemporaryFolder& folder) {
  auto first = co_await disk.lock(folder.at("lock"));
  const auto second = co_await disk.lock(folder.at("lock"));
  std::string text = first ? "locked " : "failed ";
  text += second ? "locked " : std::string(to_string(second.error().code())) + " ";
  first->reset();
  text += co_await disk.lock(folder.at("lock")) ? "locked" : "failed";
  co_return text;
}

TEST(RealDisk, ALockIsHeldByOneUntilItIsDropped) {
  RealWorld world;
  TemporaryFolder folder;
  EXPECT_EQ(run_in(world, lock_twice(world.world().disk, folder)), "locked busy locked");
}

Task<Result<uint64_t>> wait_for_publication(RealWorld& world, const TemporaryFolder& folder) {
  MR_CO_TRY(const auto reader, co_await world.world().disk.map_shared(folder.at("page")));
  MR_CO_TRY(const auto writer, co_await world.world().disk.map_shared(folder.at("page")));
  struct Writer {
    static Task<void> later(Clock& clock, SharedPage& page) {
      co_await clock.sleep(Millis{10});
      page.publish(3, 77);
    }
  };
  TaskGroup group(world.loop());
  group.spawn(Writer::later(world.loop(), *writer));
  const uint64_t expired = co_await reader->wait_until_not(2, 0, world.loop().now() + Millis{5});
  const uint64_t seen = co_await reader->wait_until_not(3, 0, no_deadline);
  co_await group.drain();
  co_return seen + expired;
}

TEST(SharedPage, AWaiterIsWokenByAnotherMapping) {
  RealWorld world;
  TemporaryFolder folder;
  EXPECT_EQ(run_in(world, wait_for_publication(world, folder)).value(), 77u);
}

Task<Result<std::string>> refuse_addresses(Network& network) {
  std::string text;
  MR_CO_TRY(const auto listener, network.listen({"127.0.0.1:0"}));
  const auto taken = network.listen(listener->address());
  text += taken ? "bound " : std::string(to_string(taken.error().code())) + " ";
  const auto silent = co_await network.connect({"127.0.0.1:1"}, no_deadline);
  text += silent ? "connected" : std::string(to_string(silent.error().code()));
  co_return text;
}

TEST(RealNetwork, TakenAndSilentAddressesAreErrors) {
  RealWorld world;
  EXPECT_EQ(run_in(world, refuse_addresses(world.world().network)).value(),
            "already_exists io_failed");
}

Task<Result<std::string>> read_with_deadline_then_close(RealWorld& world) {
  World doors = world.world();
  MR_CO_TRY(const auto listener, doors.network.listen({"127.0.0.1:0"}));
  MR_CO_TRY(const auto client, co_await doors.network.connect(listener->address(), no_deadline));
  MR_CO_TRY(const auto server, co_await listener->accept());
  Bytes buffer(10);
  const auto late = co_await server->read_some(buffer, world.loop().now() + Millis{5});
  client->shutdown_write();
  const auto end = co_await server->read_some(buffer, no_deadline);
  server->close();
  const auto closed = co_await server->read_some(buffer, no_deadline);
  co_return std::string(to_string(late.error().code())) + " " + std::to_string(end.value()) + " " +
      std::string(to_string(closed.error().code())) + " " + server->peer_host();
}

TEST(RealNetwork, ReadsEndAtTheDeadlineAtTheEndAndAfterClose) {
  RealWorld world;
  EXPECT_EQ(run_in(world, read_with_deadline_then_close(world)).value(),
            "timed_out 0 closed 127.0.0.1");
}

TEST(RealNetwork, AListenerForAChildIsNotInheritedByOthers) {
  const auto descriptor = RealNetwork::listen_for_child({"127.0.0.1:0"});
  ASSERT_TRUE(descriptor);
  EXPECT_NE(::fcntl(*descriptor, F_GETFD) & FD_CLOEXEC, 0);
  ::close(*descriptor);
}

TEST(SocketAddress, TextIsParsedOrRefusedWithAReason) {
  EXPECT_EQ(SocketAddress::parse({"127.0.0.1:80"})->text(), "127.0.0.1:80");
  EXPECT_EQ(SocketAddress::parse({"[::1]:8000"})->text(), "[::1]:8000");
  EXPECT_EQ(SocketAddress::parse({"unix:/tmp/x"})->text(), "unix:/tmp/x");
  for (const char* bad : {"", "127.0.0.1", "127.0.0.1:99999", "host:80", "[::1:80", "unix:"}) {
    EXPECT_EQ(SocketAddress::parse({bad}).error().code(), ErrorCode::invalid_input) << bad;
  }
}

Task<int> sum_on_worker(Worker& worker) {
  int sum = 0;
  for (int i = 1; i <= 10; ++i) sum += co_await worker.run([i] { return i; });
  co_return sum;
}

TEST(ThreadWorker, JobsComeBackToTheLoop) {
  RealWorld world;
  EXPECT_EQ(run_in(world, sum_on_worker(world.world().worker)), 55);
}

}  // namespace
}  // namespace mr::io
