#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "io/test_support.h"
#include "store/embedded_warehouse.h"

// For tests only: a warehouse in a fresh folder, with the real engine. The engine allows one folder
// in a process at a time.
namespace mr::store {

// Sanitizer builds leave libchdb out: it brings its own allocator and crashes under theirs.
#ifdef MR_SANITIZED
inline constexpr bool engine_can_run = false;
#else
inline constexpr bool engine_can_run = true;
#endif

class WarehouseFixture {
 public:
  // `store` is where the store lies; empty: in folder().
  explicit WarehouseFixture(QueryLimits limits = {}, io::Path store = {})
      : limits_(limits), store_(store.empty() ? folder_.at("store") : std::move(store)) {}

  // Opens (or opens again) the warehouse; yields what open() yields.
  Result<void> open() {
    EngineOptions options{store_, "", limits_};
    auto opened = io::run_in(world_, EmbeddedWarehouse::open({world_.loop(), world_.world().disk,
                                                              inserts_, queries_, metrics_},
                                                             std::move(options)));
    if (!opened) return fail(opened.error());
    warehouse_ = *std::move(opened);
    return {};
  }
  void close() { warehouse_.reset(); }

  Result<void> insert(std::string table, std::string rows, uint64_t count) {
    return io::run_in(world_, warehouse_->insert({std::move(table), std::move(rows), count}));
  }
  Result<QueryResult> query(std::string sql, QueryFormat format = QueryFormat::tsv) {
    return io::run_in(world_, warehouse_->query({std::move(sql), format}));
  }
  Result<QueryResult> internal(std::string sql) {
    return io::run_in(world_, warehouse_->internal_query(std::move(sql)));
  }
  // The data of an internal query, or the error's message.
  std::string told(std::string sql) {
    auto result = internal(std::move(sql));
    return result ? result->data : "error: " + result.error().message();
  }

  EmbeddedWarehouse& warehouse() { return *warehouse_; }
  io::RealWorld& world() { return world_; }
  io::TemporaryFolder& folder() { return folder_; }
  telemetry::Metrics& metrics() { return metrics_; }

 private:
  io::TemporaryFolder folder_;
  QueryLimits limits_;
  io::Path store_;
  io::RealWorld world_;
  io::ThreadWorker inserts_{world_.loop(), 1, "store-insert"};
  io::ThreadWorker queries_{world_.loop(), query_sessions, "store-query"};
  telemetry::Metrics metrics_;
  std::unique_ptr<EmbeddedWarehouse> warehouse_;
};

// At the top of a test that needs the engine.
#define MR_NEEDS_ENGINE() \
  if (!::mr::store::engine_can_run) GTEST_SKIP() << "libchdb does not run under sanitizers"

// An event row as the topic carries it, with distinct offset and uuid.
inline std::string event_row(uint64_t offset, std::string_view distinct_id = "someone",
                             std::string_view timestamp = "2026-11-02 10:00:00.123") {
  std::string tail = std::to_string(offset);
  tail.insert(0, 12 - tail.size(), '0');
  return R"({"uuid":"01930000-0000-7000-8000-)" + tail +
         R"(","event":"$pageview","distinct_id":")" + std::string(distinct_id) +
         R"(","team_id":1,"project_id":1,"timestamp":")" + std::string(timestamp) +
         R"(","created_at":"2026-11-02 10:00:01.000","properties":"{\"$group_0\":\"acme\",)"
         R"(\"$session_id\":\"0193aaaa-0000-7000-8000-000000000001\",\"n\":)" +
         std::to_string(offset) +
         R"(}","elements_chain":"","person_id":"00000000-0000-0000-0000-0000000000aa",)"
         R"("person_properties":"{}","person_created_at":"2026-11-01 00:00:00",)"
         R"("person_mode":"full","_partition":0,"_offset":)" +
         std::to_string(offset) + R"(,"_source_partition":0,"_source_offset":)" +
         std::to_string(offset) + "}\n";
}

}  // namespace mr::store
