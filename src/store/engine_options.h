#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"
#include "io/disk.h"

namespace mr::store {

// What one query of a user may use. Each limit ends the query with an error, never with part of a
// result.
struct QueryLimits {
  Millis time_max{60'000};
  uint64_t memory_bytes_max = uint64_t{2} << 30;  // lowered to a quarter of the machine's memory
  uint64_t spill_bytes_max = uint64_t{8} << 30;   // temporary files of big sorts and groupings
  uint64_t result_rows_max = 1'000'000;
  uint64_t result_bytes_max = uint64_t{128} << 20;
  uint64_t sql_bytes_max = uint64_t{256} << 10;
};

// Queries that run at the same time, and how many more may wait; above that the answer is busy.
inline constexpr size_t query_sessions = 3;
inline constexpr size_t queries_waiting_max = 64;

struct EngineOptions {
  io::Path folder;      // the data directory's store/: one process at a time
  std::string library;  // the setting store.library; empty: see chdb_library_places()
  QueryLimits query;
};

// The engine's configuration and its users as XML files. Users: the one that every session of the
// embedded engine has, whose own grants are reading the tables, and the role `writer` that has all
// rights; a session for queries gives the role up. Caches are small: an idle engine on a small
// machine shall stay small, and the page cache holds what is hot.
std::string engine_config_xml(const io::Path& users_file);
std::string engine_users_xml();

// The statements that turn a fresh session into one for inserts, or into one for queries.
std::string insert_session_settings();
std::string query_session_settings(const QueryLimits& limits);

}  // namespace mr::store
