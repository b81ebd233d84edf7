#include "ingest/crash_guard.h"

#include <gtest/gtest.h>

#include "io/test_support.h"

namespace mr::ingest {
namespace {

class CrashGuardTest : public testing::Test {
 protected:
  // What a process does that starts, works on the record and dies there.
  CrashGuard start() {
    return CrashGuard(io::run_in(real_, doors_.disk.map_shared(folder_.at("page"))).value());
  }

  io::TemporaryFolder folder_;
  io::RealWorld real_;
  io::World doors_ = real_.world();
};

TEST_F(CrashGuardTest, ThreeCrashesInARowAtOneRecordPoisonIt) {
  for (int i = 0; i < 3; ++i) {
    CrashGuard guard = start();
    EXPECT_FALSE(guard.poisoned());
    guard.enter({event::Lane::main, 0, Offset(0)});
  }
  CrashGuard guard = start();
  EXPECT_EQ(guard.poisoned(), (RecordPlace{event::Lane::main, 0, Offset(0)}));
  EXPECT_EQ(guard.crashes(), 3u);
}

TEST_F(CrashGuardTest, ACrashElsewhereStartsTheCountAgain) {
  for (const int64_t offset : {7, 7, 8, 7, 7}) {
    CrashGuard guard = start();
    guard.enter({event::Lane::ai, 2, Offset(offset)});
  }
  EXPECT_FALSE(start().poisoned());
}

TEST_F(CrashGuardTest, LeavingMeansThatNothingHappened) {
  for (int i = 0; i < 5; ++i) {
    CrashGuard guard = start();
    guard.enter({event::Lane::main, 0, Offset(7)});
    guard.leave();
  }
  EXPECT_FALSE(start().poisoned());
  EXPECT_FALSE(start().last_crash());
}

TEST_F(CrashGuardTest, APageOfGarbageIsNotBelieved) {
  auto page = io::run_in(real_, doors_.disk.map_shared(folder_.at("page"))).value();
  for (const size_t word : {1, 2, 3}) page->store(word, 0xDEADBEEF + word);
  EXPECT_FALSE(start().poisoned());
}

}  // namespace
}  // namespace mr::ingest
