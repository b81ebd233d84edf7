#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "io/task.h"

// What a warehouse is to everyone above it: tables that finished rows are inserted into, and SQL
// (ClickHouse's dialect) that is read from them. Engine: the embedded one (embedded_warehouse.h).
namespace mr::store {

// The form in which a query's rows come back.
enum class QueryFormat : uint8_t {
  table,  // drawn with lines, at most 1,000 rows: for people
  json,   // one object with meta, data, rows, statistics
  csv,    // RFC 4180 with a first line of names
  tsv,    // ClickHouse's TabSeparated with a first line of names; \N is NULL
};

// Finished rows for one table.
struct InsertBlock {
  std::string table;       // unqualified, as the migrations name it
  std::string rows;        // one JSON object a line (JSONEachRow); keys are column names
  uint64_t row_count = 0;  // how many objects `rows` holds: the insert fails when it disagrees
};

struct QueryRequest {
  std::string sql;  // one statement; what may be read is told by query_guard.h
  QueryFormat format = QueryFormat::json;
};

struct QueryResult {
  std::string data;   // in the requested format
  uint64_t rows = 0;  // rows of the result
  Millis elapsed;     // time in the engine
};

// The column by which load tells what is there already: each table that a topic is loaded into
// has `_partition` and `_offset`, both UInt64, those of the topic's record.
class Warehouse {
 public:
  virtual ~Warehouse() = default;

  // Inserts the block; durable when it completes. Keys that are no column of the table are
  // ignored, missing columns take their defaults. A block whose rows fall into several months is
  // written month by month: after an error or a crash any of them may be there, so the caller
  // looks (internal_query) before it repeats. Blocks are inserted in the order of the calls.
  // Errors: invalid_input (a row does not parse: names it; nothing was inserted), not_found (no
  // such table), no_space, failed (what the engine said).
  virtual io::Task<Result<void>> insert(InsertBlock block) = 0;

  // Answers a query of a user: reads only, inside the named limits, without waiting for inserts.
  // Errors: invalid_input (syntax, unknown names), unauthorized (it wants more than reading),
  // timed_out, too_large (memory or result), busy (too many queries wait).
  virtual io::Task<Result<QueryResult>> query(QueryRequest request) = 0;

  // Runs a statement of our own with full rights, in order with the inserts. `data` is
  // tab-separated without a line of names. Never given a user's text.
  virtual io::Task<Result<QueryResult>> internal_query(std::string sql) = 0;
};

}  // namespace mr::store
