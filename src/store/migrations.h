#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "store/chdb_session.h"

namespace mr::store {

// A step of the schema. Its statements can be repeated: a crash between them and the record of the
// migration runs them again. Statements are separated by a line that holds only "--;".
struct Migration {
  uint32_t version;       // dense, from 1
  std::string_view name;  // short, snake_case
  std::string_view statements;
};

// All migrations in order (schema.cc). A migration that was released is never changed.
std::span<const Migration> migrations();

// The database that holds the tables.
inline constexpr std::string_view database_name = "millrace";

// Brings the store to the newest of `known`, recording each step in the table schema_migrations,
// and leaves `session` in the database. Blocking. Errors: unsupported (the store has a version
// that `known` lacks: names both), or what the engine said.
Result<void> migrate(ChdbSession& session, std::span<const Migration> known);

}  // namespace mr::store
