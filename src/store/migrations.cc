#include "store/migrations.h"

#include <charconv>
#include <string>

namespace mr::store {

namespace {

constexpr std::string_view separator = "\n--;\n";

struct Recorded {
  uint32_t version = 0;
  std::string name;
};

// The newest recorded migration; version 0 when there is none.
Result<Recorded> newest_recorded(ChdbSession& session) {
  MR_TRY(
      const ChdbOutput output,
      session.execute("SELECT version, name FROM schema_migrations ORDER BY version DESC LIMIT 1",
                      "TabSeparatedRaw"));
  Recorded recorded;
  const size_t tab = output.data.find('\t');
  if (tab == std::string::npos) return recorded;
  std::from_chars(output.data.data(), output.data.data() + tab, recorded.version);
  recorded.name = output.data.substr(tab + 1, output.data.find('\n') - tab - 1);
  return recorded;
}

Result<void> apply(ChdbSession& session, const Migration& migration) {
  std::string_view rest = migration.statements;
  while (!rest.empty()) {
    const size_t end = rest.find(separator);
    const std::string_view statement = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + separator.size());
    if (auto done = session.execute(statement); !done) {
      return fail(done.error().within("applying the store's migration " +
                                      std::to_string(migration.version) + " (" +
                                      std::string(migration.name) + ")"));
    }
  }
  const std::string record = "INSERT INTO schema_migrations (version, name) VALUES (" +
                             std::to_string(migration.version) + ", " +
                             sql_literal(migration.name) + ")";
  MR_TRY([[maybe_unused]] const ChdbOutput recorded, session.execute(record));
  return {};
}

}  // namespace

Result<void> migrate(ChdbSession& session, std::span<const Migration> known) {
  const std::string database(database_name);
  for (const std::string& statement :
       {"CREATE DATABASE IF NOT EXISTS " + database + " ENGINE = Atomic", "USE " + database,
        std::string(
            "CREATE TABLE IF NOT EXISTS schema_migrations (version UInt32, name String, "
            "applied_at DateTime64(3, 'UTC') DEFAULT now64(3)) ENGINE = MergeTree "
            "ORDER BY version SETTINGS fsync_after_insert = 1, fsync_part_directory = 1")}) {
    MR_TRY([[maybe_unused]] const ChdbOutput done, session.execute(statement));
  }
  MR_TRY(const Recorded recorded, newest_recorded(session));
  const uint32_t newest = known.empty() ? 0 : known.back().version;
  if (recorded.version > newest) {
    return fail(ErrorCode::unsupported,
                "the store has schema version " + std::to_string(recorded.version) + " (" +
                    recorded.name + "), written by a newer Millrace; this program knows up to " +
                    std::to_string(newest) + ": run the newer program");
  }
  for (const Migration& migration : known) {
    if (migration.version > recorded.version) MR_CHECK(apply(session, migration));
  }
  return {};
}

}  // namespace mr::store
