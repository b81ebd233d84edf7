#include <gtest/gtest.h>

#include "io/task_group.h"
#include "store/test_support.h"

namespace mr::store {
namespace {

constexpr QueryLimits small{.time_max = Millis{60'000},
                            .memory_bytes_max = 200 << 20,
                            .spill_bytes_max = 10 << 20,
                            .result_rows_max = 10'000,
                            .result_bytes_max = 1 << 20,
                            .sql_bytes_max = 2000};

TEST(QueryLimits, AQueryEndsWhenItsTimeIsOver) {
  MR_NEEDS_ENGINE();
  WarehouseFixture fixture({.time_max = Millis{1000}});
  ASSERT_TRUE(fixture.open().has_value());
  for (const char* sql : {"SELECT count() FROM numbers(1e13)", "SELECT sleep(3)"}) {
    const auto result = fixture.query(sql);
    ASSERT_FALSE(result.has_value()) << sql;
    EXPECT_EQ(result.error().code(), ErrorCode::timed_out) << result.error().message();
  }
  EXPECT_EQ(fixture.query("SELECT 1")->data, "1\n1\n");
}

TEST(QueryLimits, EachEndsAQueryWithItsOwnCode) {
  MR_NEEDS_ENGINE();
  WarehouseFixture fixture(small);
  ASSERT_TRUE(fixture.open().has_value());
  struct Case {
    std::string sql;
    ErrorCode code;
  };
  for (const Case& each : {
           Case{"SELECT groupArray(number) FROM numbers(1e9)", ErrorCode::too_large},
           Case{"SELECT number, number, number FROM numbers(1e9) ORDER BY cityHash64(number)",
                ErrorCode::too_large},
           Case{"SELECT * FROM numbers(20000)", ErrorCode::too_large},
           Case{"SELECT repeat('x', 1000000) FROM numbers(20)", ErrorCode::too_large},
           Case{"SELECT '" + std::string(3000, 'x') + "'", ErrorCode::too_large},
           Case{"SELECT nothing FROM events", ErrorCode::invalid_input},
           Case{"SELECT count() FROM nothing", ErrorCode::not_found},
           Case{"SELEC 1", ErrorCode::invalid_input},
       }) {
    const auto result = fixture.query(each.sql);
    ASSERT_FALSE(result.has_value()) << each.sql;
    EXPECT_EQ(result.error().code(), each.code) << each.sql << "\n" << result.error().message();
  }
  EXPECT_EQ(fixture.query("SELECT 1")->data, "1\n1\n");
}

struct Crowd {
  static io::Task<void> query(Warehouse& warehouse, size_t& answered, size_t& busy) {
    const auto result = co_await warehouse.query({"SELECT sleep(0.05)"});
    if (result) ++answered;
    if (!result && result.error().code() == ErrorCode::busy) ++busy;
  }
  static io::Task<void> all(WarehouseFixture& fixture, size_t count, size_t& answered,
                            size_t& busy) {
    io::TaskGroup group(fixture.world().loop());
    for (size_t i = 0; i < count; ++i) {
      group.spawn(query(fixture.warehouse(), answered, busy));
    }
    co_await group.drain();
  }
};

TEST(QueryLimits, QueriesThatWaitAreBounded) {
  MR_NEEDS_ENGINE();
  WarehouseFixture fixture;
  ASSERT_TRUE(fixture.open().has_value());
  size_t answered = 0;
  size_t busy = 0;
  fixture.world().run(
      Crowd::all(fixture, query_sessions + queries_waiting_max + 10, answered, busy));
  EXPECT_EQ(answered, query_sessions + queries_waiting_max);
  EXPECT_EQ(busy, 10U);
  EXPECT_EQ(fixture.metrics().value("millrace_store_queries_busy_total"), 10);
}

}  // namespace
}  // namespace mr::store
