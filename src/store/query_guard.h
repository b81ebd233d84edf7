#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mr::store {

// Why the guard refused a query; the word is a metrics label.
enum class GuardRefusal : uint8_t {
  none,
  statement,       // not SELECT, SHOW, DESCRIBE, EXISTS or EXPLAIN
  outfile,         // INTO OUTFILE writes a file
  format,          // FORMAT: the format is chosen beside the query
  settings,        // SETTINGS: the limits are not the query's to change
  function,        // a function that reaches outside the tables
  table_function,  // a table function that is not in the list of harmless ones
  system_table,    // a system table that is not in the list of harmless ones
  unreadable,      // the text is not what the engine's formatter writes
};
inline constexpr size_t guard_refusal_count = 9;
std::string_view to_string(GuardRefusal refusal);

struct GuardVerdict {
  GuardRefusal refusal = GuardRefusal::none;
  std::string message;  // one sentence for the user, empty when allowed
};

// Decides whether a query only reads what queries may read. The engine itself refuses writes and
// table functions that need a privilege (its read-only mode and missing grants); the guard closes
// what it was measured to leave open: INTO OUTFILE, the scalar functions file() and
// hasColumnInTable(), also by name as in `* APPLY file`, KILL QUERY, SET ROLE, and system tables
// that show other queries or start programs (docs/decisions/0004-libchdb.md).
//
// It judges the *canonical* text of a statement, the one that the engine's formatQuerySingleLine()
// writes, and that text is what is run. So there is one statement, no comment, one way of quoting,
// and no difference between how we read a query and how the engine does.
class QueryGuard {
 public:
  // `table_functions`: all names that the engine knows (system.table_functions). Those outside the
  // guard's own list are refused, so a new version's new functions start out refused.
  explicit QueryGuard(const std::vector<std::string>& table_functions);

  GuardVerdict judge(std::string_view canonical) const;

 private:
  std::vector<std::string> refused_table_functions_;  // lower case, sorted
};

}  // namespace mr::store
