#include "log/partition.h"

#include <gtest/gtest.h>

#include "io/real_world.h"
#include "io/test_support.h"
#include "log/manifest.h"
#include "sim/sim_world.h"

namespace mr::log {
namespace {

using io::Task;
using stream::RecordView;

AppenderOptions small_options() {
  AppenderOptions options;
  options.first_segment_bytes = 64 * 1024;
  options.segment_bytes_max = 256 * 1024;
  options.buffered_segment_bytes_max = 128 * 1024;
  options.reserved_bytes = 0;
  return options;
}

// A record of a given number and about `size` bytes.
std::string value_of(int64_t number, size_t size) {
  std::string value = std::to_string(number) + ":";
  while (value.size() < size) value += static_cast<char>('a' + (value.size() + number) % 26);
  return value;
}

Task<Result<void>> append_numbers(stream::Appender& appender, int64_t first, int64_t count,
                                  size_t size) {
  for (int64_t i = first; i < first + count; ++i) {
    const std::string value = value_of(i, size);
    std::vector<RecordView> records(1);
    records[0] = {WallTime{i}, as_bytes("key"), as_bytes(value), {{"h", as_bytes("1")}}};
    MR_CO_TRY(const auto range, co_await appender.append(std::move(records)));
    if (range.first != Offset(i)) co_return fail(ErrorCode::failed, "unexpected offset");
  }
  co_return Result<void>{};
}

// Reads [from, end) and checks that each record is the one of its number.
Task<Result<int64_t>> check_numbers(stream::Reader& reader, int64_t from, size_t size,
                                    size_t bytes_max, Instant deadline) {
  int64_t next = from;
  for (;;) {
    MR_CO_TRY(const auto batch, co_await reader.read(Offset(next), bytes_max, deadline));
    if (batch.empty()) co_return next;
    for (const auto& record : batch.records) {
      if (record.offset != Offset(next) || as_text(record.value) != value_of(next, size) ||
          record.timestamp.millis != next || record.headers.size() != 1) {
        co_return fail(ErrorCode::failed, "wrong record at " + std::to_string(next));
      }
      ++next;
    }
  }
}

Task<Result<std::string>> write_reopen_read(io::World world, io::Path folder,
                                            AppenderOptions options) {
  constexpr size_t size = 900;
  MR_CO_TRY(auto reader, co_await open_partition_reader(world, folder));
  for (int64_t round = 0; round < 3; ++round) {
    MR_CO_TRY(auto appender, co_await open_partition_appender(world, folder, options));
    MR_CO_CHECK(co_await append_numbers(*appender, round * 200, 200, size));
    MR_CO_CHECK(co_await appender->close());
  }
  std::string text;
  for (const size_t bytes_max : {size_t{1}, size_t{5000}, size_t{1} << 20}) {
    MR_CO_TRY(const int64_t end,
              co_await check_numbers(*reader, 0, size, bytes_max, world.clock.now()));
    text += std::to_string(end) + " ";
  }
  MR_CO_TRY(const int64_t from_middle,
            co_await check_numbers(*reader, 333, size, 10'000, world.clock.now()));
  co_return text + std::to_string(from_middle);
}

TEST(EmbeddedLog, WhatWasAppendedIsReadBackAcrossSegmentsAndRestartsOnTheRealDisk) {
  for (const io::Caching caching : {io::Caching::direct, io::Caching::buffered}) {
    io::RealWorld world;
    io::TemporaryFolder folder;
    AppenderOptions options = small_options();
    options.caching = caching;
    const auto text =
        io::run_in(world, write_reopen_read(world.world(), folder.at("log/t/0"), options));
    ASSERT_TRUE(text) << text.error().message();
    EXPECT_EQ(*text, "600 600 600 600");
  }
}

TEST(EmbeddedLog, WhatWasAppendedIsReadBackInTheSimulator) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    sim::SimWorld world(sim::SimOptions{.seed = seed, .faults = {.mischief = true}});
    const auto text = world.run(write_reopen_read(world.world(), "log/t/0", small_options()));
    ASSERT_TRUE(text.has_value());
    ASSERT_TRUE(*text) << text->error().message();
    EXPECT_EQ(**text, "600 600 600 600");
  }
}

}  // namespace
}  // namespace mr::log
