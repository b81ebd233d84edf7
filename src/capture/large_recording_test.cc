#include "capture/large_recording.h"

#include <gtest/gtest.h>

#include "capture/test_support.h"
#include "event/recording.h"
#include "sim/sim_world.h"

namespace mr::capture {
namespace {

using io::Task;

// A request to /s whose one snapshot is about that long.
std::string recording(size_t bytes) {
  return R"([{"event":"$snapshot","properties":{"token":"phc_known","distinct_id":"ada",)"
         R"("$session_id":"s-1","$snapshot_data":[{"text":")" +
         std::string(bytes, 'x') + R"("}]}}])";
}

Task<bool> packs(ServiceFixture* f) {
  const std::string small = recording(1000);
  const std::string large = recording(event::recording_plain_bytes_max);
  EXPECT_EQ((co_await f->post("/s/", small)).status, 200);
  EXPECT_EQ((co_await f->post("/s/", large)).status, 200);
  EXPECT_EQ(f->appender.kept.size(), 2u);
  const MemoryAppender::Kept& plain = f->appender.kept.front();
  EXPECT_FALSE(plain.envelope.packed);
  EXPECT_EQ(plain.value, small);
  const MemoryAppender::Kept& packed = f->appender.kept.back();
  EXPECT_TRUE(packed.envelope.packed);
  EXPECT_LT(packed.value.size(), 1u << 20);
  EXPECT_EQ(packed.key, "s-1");
  std::string memory;
  EXPECT_EQ(event::open_recording(packed.envelope, packed.value, memory).value(), large);
  co_return true;
}
TEST(LargeRecording, IsKeptPackedAndComesBackAsItWasSent) {
  sim::SimWorld world(1);
  ServiceFixture fixture(world.world());
  EXPECT_TRUE(world.run(packs(&fixture)).value_or(false));
}

Task<bool> refuses(ServiceFixture* f) {
  const std::string body = recording(event::recording_bytes_max);
  const http::Response response = co_await f->post("/s/", body);
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(f->refused("decompressed_too_large"), 1);
  EXPECT_TRUE(f->appender.kept.empty());
  co_return true;
}
TEST(LargeRecording, BeyondTheLimitIsRefused) {
  sim::SimWorld world(1);
  ServiceFixture fixture(world.world());
  EXPECT_TRUE(world.run(refuses(&fixture)).value_or(false));
}

}  // namespace
}  // namespace mr::capture
