#include "state/schema.h"

namespace mr::state {
namespace {

// Times are milliseconds since 1970; identifiers of persons are text, so that a person can be
// looked up by hand.
constexpr sqlite::Migration migrations[] = {
    {1, R"sql(
CREATE TABLE persons (
  project_id BIGINT NOT NULL,
  uuid TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  properties TEXT NOT NULL,
  is_identified SMALLINT NOT NULL,
  is_deleted SMALLINT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (project_id, uuid)
);
CREATE TABLE person_distinct_ids (
  project_id BIGINT NOT NULL,
  distinct_id TEXT NOT NULL,
  person_uuid TEXT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (project_id, distinct_id)
);
CREATE INDEX person_distinct_ids_by_person ON person_distinct_ids (project_id, person_uuid);
CREATE TABLE personless_distinct_ids (
  project_id BIGINT NOT NULL,
  distinct_id TEXT NOT NULL,
  is_merged SMALLINT NOT NULL,
  PRIMARY KEY (project_id, distinct_id)
);
CREATE TABLE group_types (
  project_id BIGINT NOT NULL,
  group_type TEXT NOT NULL,
  type_index SMALLINT NOT NULL,
  PRIMARY KEY (project_id, group_type),
  UNIQUE (project_id, type_index)
);
CREATE TABLE project_groups (
  project_id BIGINT NOT NULL,
  type_index SMALLINT NOT NULL,
  group_key TEXT NOT NULL,
  properties TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (project_id, type_index, group_key)
);
CREATE TABLE outbox (
  id BIGINT PRIMARY KEY,
  topic TEXT NOT NULL,
  record_key BLOB NOT NULL,
  record_value BLOB NOT NULL,
  headers BLOB NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE TABLE positions (
  name TEXT PRIMARY KEY,
  next_offset BIGINT NOT NULL
);
CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  value BIGINT NOT NULL
);
CREATE TABLE duplicate_batches (
  id BIGINT PRIMARY KEY,
  written_at BIGINT NOT NULL,
  hashes BLOB NOT NULL
);
CREATE INDEX duplicate_batches_by_time ON duplicate_batches (written_at);
)sql"},
};

}  // namespace

std::span<const sqlite::Migration> schema_migrations() {
  return migrations;
}

}  // namespace mr::state
