#pragma once

#include <vector>

#include "base/result.h"
#include "catalog/traffic_rules.h"
#include "sqlite/sqlite.h"

// The tables `quotas` and `restrictions` of the catalog's database. Everything here blocks; the
// caller holds the transaction.
namespace mr::catalog {

// Makes the tables (the second step of the catalog's schema).
extern const char* const traffic_tables_sql;

// By project and resource.
Result<std::vector<Quota>> read_quotas(sqlite::Database& database);
// Replaces the quota of its project and resource.
Result<void> write_quota(sqlite::Database& database, const Quota& quota);
// Whether there was one.
Result<bool> erase_quota(sqlite::Database& database, ProjectId project, Resource resource);

// By project, then id.
Result<std::vector<Restriction>> read_restrictions(sqlite::Database& database);
// The id is given here: above all that were ever given.
Result<Restriction> write_restriction(sqlite::Database& database, Restriction restriction);
// Whether there was one.
Result<bool> erase_restriction(sqlite::Database& database, int64_t id);

}  // namespace mr::catalog
