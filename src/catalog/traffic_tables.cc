#include "catalog/traffic_tables.h"

#include "base/assert.h"

namespace mr::catalog {
namespace {

std::unexpected<Error> unreadable(std::string_view table, std::string_view value) {
  return fail(ErrorCode::corrupt,
              "the catalog's table " + std::string(table) +
                  " holds a value that this program does not know: " + std::string(value));
}

}  // namespace

const char* const traffic_tables_sql =
    "CREATE TABLE quotas ("
    "  project_id BIGINT NOT NULL,"
    "  resource TEXT NOT NULL,"
    "  period TEXT NOT NULL,"
    "  quantity BIGINT NOT NULL,"
    "  PRIMARY KEY (project_id, resource));"
    "CREATE TABLE restrictions ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  project_id BIGINT NOT NULL,"
    "  action TEXT NOT NULL,"
    "  distinct_id TEXT NOT NULL,"
    "  event TEXT NOT NULL,"
    "  created_at BIGINT NOT NULL);";

Result<std::vector<Quota>> read_quotas(sqlite::Database& database) {
  MR_TRY(sqlite::Statement rows,
         database.prepare("SELECT project_id, resource, period, quantity FROM quotas"
                          " ORDER BY project_id, resource"));
  std::vector<Quota> quotas;
  for (;;) {
    MR_TRY(const bool more, rows.step());
    if (!more) return quotas;
    const auto resource = resource_of(rows.text(1));
    if (!resource) return unreadable("quotas", rows.text(1));
    const auto period = period_of(rows.text(2));
    if (!period) return unreadable("quotas", rows.text(2));
    quotas.push_back({ProjectId(rows.integer(0)), *resource, *period, rows.integer(3)});
  }
}

Result<void> write_quota(sqlite::Database& database, const Quota& quota) {
  MR_TRY(sqlite::Statement statement,
         database.prepare("INSERT OR REPLACE INTO quotas (project_id, resource, period, quantity)"
                          " VALUES (?, ?, ?, ?)"));
  statement.bind(1, quota.project.value)
      .bind(2, to_string(quota.resource))
      .bind(3, to_string(quota.period))
      .bind(4, quota.limit);
  return statement.run();
}

Result<bool> erase_quota(sqlite::Database& database, ProjectId project, Resource resource) {
  MR_TRY(sqlite::Statement statement,
         database.prepare("DELETE FROM quotas WHERE project_id = ? AND resource = ?"));
  MR_CHECK(statement.bind(1, project.value).bind(2, to_string(resource)).run());
  return database.changes() > 0;
}

Result<std::vector<Restriction>> read_restrictions(sqlite::Database& database) {
  MR_TRY(sqlite::Statement rows,
         database.prepare("SELECT id, project_id, action, distinct_id, event, created_at"
                          " FROM restrictions ORDER BY project_id, id"));
  std::vector<Restriction> restrictions;
  for (;;) {
    MR_TRY(const bool more, rows.step());
    if (!more) return restrictions;
    const auto action = restriction_action_of(rows.text(2));
    if (!action) return unreadable("restrictions", rows.text(2));
    restrictions.push_back({rows.integer(0), ProjectId(rows.integer(1)), *action,
                            std::string(rows.text(3)), std::string(rows.text(4)),
                            WallTime{rows.integer(5)}});
  }
}

Result<Restriction> write_restriction(sqlite::Database& database, Restriction restriction) {
  MR_TRY(sqlite::Statement statement,
         database.prepare("INSERT INTO restrictions (project_id, action, distinct_id, event,"
                          " created_at) VALUES (?, ?, ?, ?, ?) RETURNING id"));
  statement.bind(1, restriction.project.value)
      .bind(2, to_string(restriction.action))
      .bind(3, restriction.distinct_id)
      .bind(4, restriction.event)
      .bind(5, restriction.created_at.millis);
  MR_TRY(const bool added, statement.step());
  MR_ASSERT(added);
  restriction.id = statement.integer(0);
  return restriction;
}

Result<bool> erase_restriction(sqlite::Database& database, int64_t id) {
  MR_TRY(sqlite::Statement statement, database.prepare("DELETE FROM restrictions WHERE id = ?"));
  MR_CHECK(statement.bind(1, id).run());
  return database.changes() > 0;
}

}  // namespace mr::catalog
