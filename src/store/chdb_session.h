#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/chdb_library.h"

namespace mr::store {

// What one statement gave.
struct ChdbOutput {
  std::string data;
  uint64_t rows = 0;          // rows of the result
  uint64_t rows_written = 0;  // rows that an insert wrote
  double elapsed_seconds = 0;
};

// A session of the embedded engine: its settings, its current database, its roles. The first
// session of a process starts the engine on its path; a process has one path, a path one process
// (the engine locks it). Sessions do not wait for each other. Blocking; one call at a time.
class ChdbSession {
 public:
  // `arguments` are the engine's, such as "--path=DIR". Errors: busy (the path is in use), failed
  // (the engine's reason is on stderr).
  static Result<std::unique_ptr<ChdbSession>> connect(const ChdbApi& api,
                                                      std::vector<std::string> arguments);
  ~ChdbSession();
  ChdbSession(const ChdbSession&) = delete;
  ChdbSession& operator=(const ChdbSession&) = delete;

  // Runs one statement; `format` names one of ClickHouse's output formats. After an error nothing
  // of the failed statement's output is left in the session.
  Result<ChdbOutput> execute(std::string_view sql, std::string_view format = "TabSeparated");

 private:
  ChdbSession(const ChdbApi& api, ChdbApi::Handle* connection)
      : api_(api), connection_(connection) {}

  Result<ChdbOutput> execute_once(std::string_view sql, std::string_view format);
  void discard_leftovers();

  const ChdbApi api_;
  ChdbApi::Handle* connection_;
  bool broken_ = false;
};

// The engine's message "Code: 62. DB::Exception: text (NAME)" as an Error: the number picks the
// code, the text is shortened to what a person needs.
Error error_from_engine(std::string_view message);

// `text` as a ClickHouse string literal, quotes included.
std::string sql_literal(std::string_view text);

}  // namespace mr::store
