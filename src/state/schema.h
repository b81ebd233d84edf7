#pragma once

#include <span>

#include "sqlite/sqlite.h"

namespace mr::state {

// The versions of the state's schema, in SQL that SQLite and PostgreSQL both take (except BLOB).
std::span<const sqlite::Migration> schema_migrations();

}  // namespace mr::state
