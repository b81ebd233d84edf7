#include "log/wake_benchmark.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "io/real_world.h"
#include "io/test_support.h"

namespace mr::log {
namespace {

TEST(WakeBenchmark, MeasuresEveryRecordThatAReaderOnAnotherThreadIsWokenFor) {
  const io::TemporaryFolder folder;
  io::RealWorld world;
  const auto micros =
      io::run_in(world, measure_wake_ups(world.world(), folder.at("wake"), Millis{50}));
  ASSERT_TRUE(micros) << micros.error().message();
  EXPECT_GE(micros->size(), 1u);
  // A wake-up that is missed is made up for by the reader's own deadline, after 10 s.
  EXPECT_LT(*std::max_element(micros->begin(), micros->end()), 5'000'000);
}

}  // namespace
}  // namespace mr::log
