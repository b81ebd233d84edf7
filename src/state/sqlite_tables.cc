#include "state/sqlite_tables.h"

#include "base/assert.h"
#include "codec/byte_reader.h"
#include "codec/byte_writer.h"
#include "state/schema.h"

namespace mr::state {
namespace {

// What identifies a row of StateFound, so that each is given out once.
std::string identity(ProjectId project, std::string_view text) {
  return std::to_string(project.value) + "/" + std::string(text);
}

Result<codec::Uuid> stored_uuid(std::string_view text) {
  const auto uuid = codec::parse_uuid(text);
  if (!uuid) return fail(ErrorCode::corrupt, "the state holds no UUID but: " + std::string(text));
  return *uuid;
}

Bytes encode_headers(const std::vector<OutboxHeader>& headers) {
  Bytes bytes;
  codec::put_unsigned_varlong(bytes, headers.size());
  for (const OutboxHeader& header : headers) {
    codec::put_sized_text(bytes, header.name);
    codec::put_sized_text(bytes, header.value);
  }
  return bytes;
}

Result<std::vector<OutboxHeader>> decode_headers(ByteView bytes) {
  codec::ByteReader reader(bytes);
  const uint64_t count = reader.unsigned_varlong();
  std::vector<OutboxHeader> headers;
  for (uint64_t i = 0; i < count && reader.ok(); ++i) {
    OutboxHeader header;
    header.name = reader.sized_text();
    header.value = reader.sized_text();
    headers.push_back(std::move(header));
  }
  if (!reader.finished()) return fail(ErrorCode::corrupt, "damaged headers in the outbox");
  return headers;
}

}  // namespace

struct SqliteTables::LoadedPersons {
  std::unordered_set<std::string> persons;
  std::unordered_set<std::string> distinct_ids;
  std::unordered_set<std::string> whole;
};

Result<std::unique_ptr<SqliteTables>> SqliteTables::open(const std::string& path,
                                                         const sqlite::OpenOptions& options) {
  MR_TRY(sqlite::Database database, sqlite::Database::open(path, options));
  MR_CHECK(sqlite::migrate(database, "the person state", schema_migrations()));
  std::unique_ptr<SqliteTables> tables(new SqliteTables(std::move(database)));
  MR_CHECK(tables->prepare());
  return tables;
}

Result<void> SqliteTables::prepare() {
  struct Wanted {
    sqlite::Statement& statement;
    const char* sql;
  };
  const Wanted all[] = {
      {select_distinct_id_,
       "SELECT person_uuid, version FROM person_distinct_ids"
       " WHERE project_id = ? AND distinct_id = ?"},
      {select_ids_of_person_,
       "SELECT distinct_id, version FROM person_distinct_ids"
       " WHERE project_id = ? AND person_uuid = ? ORDER BY distinct_id"},
      {select_person_,
       "SELECT created_at, properties, is_identified, is_deleted, version FROM persons"
       " WHERE project_id = ? AND uuid = ?"},
      {select_personless_,
       "SELECT is_merged FROM personless_distinct_ids WHERE project_id = ? AND distinct_id = ?"},
      {select_group_,
       "SELECT properties, created_at, version FROM project_groups"
       " WHERE project_id = ? AND type_index = ? AND group_key = ?"},
      {select_group_types_, "SELECT group_type, type_index FROM group_types WHERE project_id = ?"},
      {put_person_,
       "INSERT INTO persons (project_id, uuid, created_at, properties, is_identified, is_deleted,"
       " version) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (project_id, uuid) DO UPDATE SET"
       " created_at = excluded.created_at, properties = excluded.properties,"
       " is_identified = excluded.is_identified, is_deleted = excluded.is_deleted,"
       " version = excluded.version"},
      {put_distinct_id_,
       "INSERT INTO person_distinct_ids (project_id, distinct_id, person_uuid, version)"
       " VALUES (?, ?, ?, ?) ON CONFLICT (project_id, distinct_id) DO UPDATE SET"
       " person_uuid = excluded.person_uuid, version = excluded.version"},
      {put_personless_,
       "INSERT INTO personless_distinct_ids (project_id, distinct_id, is_merged)"
       " VALUES (?, ?, ?) ON CONFLICT (project_id, distinct_id) DO UPDATE SET"
       " is_merged = excluded.is_merged"},
      {put_group_type_,
       "INSERT INTO group_types (project_id, group_type, type_index) VALUES (?, ?, ?)"},
      {put_group_,
       "INSERT INTO project_groups (project_id, type_index, group_key, properties, created_at,"
       " version) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (project_id, type_index, group_key)"
       " DO UPDATE SET properties = excluded.properties, created_at = excluded.created_at,"
       " version = excluded.version"},
      {insert_outbox_,
       "INSERT INTO outbox (id, topic, record_key, record_value, headers, created_at)"
       " VALUES (?, ?, ?, ?, ?, ?)"},
      {delete_outbox_, "DELETE FROM outbox WHERE id <= ?"},
      {put_position_,
       "INSERT INTO positions (name, next_offset) VALUES (?, ?)"
       " ON CONFLICT (name) DO UPDATE SET next_offset = excluded.next_offset"},
      {add_counter_,
       "INSERT INTO counters (name, value) VALUES (?, ?)"
       " ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value"},
      {insert_duplicates_,
       "INSERT INTO duplicate_batches (id, written_at, hashes) VALUES (?, ?, ?)"},
      {delete_duplicates_, "DELETE FROM duplicate_batches WHERE written_at < ?"},
  };
  for (const Wanted& wanted : all) {
    MR_TRY(wanted.statement, database_.prepare(wanted.sql));
  }
  MR_TRY(sqlite::Statement ids,
         database_.prepare("SELECT (SELECT coalesce(max(id), 0) FROM outbox),"
                           " (SELECT coalesce(max(id), 0) FROM duplicate_batches)"));
  MR_TRY(const bool found, ids.step());
  MR_ASSERT(found);
  next_outbox_id_ = ids.integer(0) + 1;
  next_duplicates_id_ = ids.integer(1) + 1;
  return {};
}

Result<StateFound> SqliteTables::load(const StateRequest& request) {
  StateFound found;
  LoadedPersons seen;
  for (const WantedDistinctId& wanted : request.distinct_ids) {
    MR_CHECK(load_distinct_id(wanted, found, seen));
  }
  for (const WantedGroup& wanted : request.groups) MR_CHECK(load_group(wanted, found));
  for (const ProjectId project : request.group_types) MR_CHECK(load_group_types(project, found));
  return found;
}

Result<void> SqliteTables::load_distinct_id(const WantedDistinctId& wanted, StateFound& found,
                                            LoadedPersons& seen) {
  auto& select = select_distinct_id_;
  select.bind(1, wanted.project.value).bind(2, wanted.distinct_id);
  MR_TRY(const bool known, select.step());
  if (!known) {
    select.reset();
    return load_unknown_distinct_id(wanted, found, seen);
  }
  const std::string person_text(select.text(0));
  const int64_t version = select.integer(1);
  select.reset();
  MR_TRY(const codec::Uuid person, stored_uuid(person_text));
  if (seen.distinct_ids.insert(identity(wanted.project, wanted.distinct_id)).second) {
    found.distinct_ids.push_back({wanted.project, wanted.distinct_id, person, version});
  }
  MR_TRY(const bool exists, load_person(wanted.project, person_text, found, seen));
  if (!exists) {
    return fail(ErrorCode::corrupt,
                "the state has a distinct id of person " + person_text + " but not the person");
  }
  if (wanted.whole_person && seen.whole.insert(identity(wanted.project, person_text)).second) {
    return load_ids_of_person(wanted.project, person, found, seen);
  }
  return {};
}

Result<bool> SqliteTables::load_person(ProjectId project, const std::string& uuid,
                                       StateFound& found, LoadedPersons& seen) {
  if (seen.persons.contains(identity(project, uuid))) return true;
  auto& select = select_person_;
  select.bind(1, project.value).bind(2, uuid);
  MR_TRY(const bool exists, select.step());
  if (exists) {
    MR_TRY(const codec::Uuid parsed, stored_uuid(uuid));
    found.persons.push_back({project, parsed, WallTime{select.integer(0)},
                             std::string(select.text(1)), select.integer(2) != 0,
                             select.integer(3) != 0, select.integer(4)});
    seen.persons.insert(identity(project, uuid));
  }
  select.reset();
  return exists;
}

Result<void> SqliteTables::load_unknown_distinct_id(const WantedDistinctId& wanted,
                                                    StateFound& found, LoadedPersons& seen) {
  if (!seen.distinct_ids.insert(identity(wanted.project, wanted.distinct_id)).second) return {};
  auto& select = select_personless_;
  select.bind(1, wanted.project.value).bind(2, wanted.distinct_id);
  MR_TRY(const bool personless, select.step());
  if (personless) {
    found.personless.push_back({wanted.project, wanted.distinct_id, select.integer(0) != 0});
  }
  select.reset();
  MR_CHECK(load_person(wanted.project, codec::to_string(wanted.candidate), found, seen));
  return {};
}

Result<void> SqliteTables::load_ids_of_person(ProjectId project, const codec::Uuid& person,
                                              StateFound& found, LoadedPersons& seen) {
  auto& select = select_ids_of_person_;
  select.bind(1, project.value).bind(2, codec::to_string(person));
  for (;;) {
    MR_TRY(const bool more, select.step());
    if (!more) break;
    std::string distinct_id(select.text(0));
    if (!seen.distinct_ids.insert(identity(project, distinct_id)).second) continue;
    found.distinct_ids.push_back({project, std::move(distinct_id), person, select.integer(1)});
  }
  select.reset();
  return {};
}

Result<void> SqliteTables::load_group(const WantedGroup& wanted, StateFound& found) {
  auto& select = select_group_;
  select.bind(1, wanted.project.value).bind(2, int64_t{wanted.type_index}).bind(3, wanted.key);
  MR_TRY(const bool exists, select.step());
  if (exists) {
    found.groups.push_back({wanted.project, wanted.type_index, wanted.key,
                            std::string(select.text(0)), WallTime{select.integer(1)},
                            select.integer(2)});
  }
  select.reset();
  return {};
}

Result<void> SqliteTables::load_group_types(ProjectId project, StateFound& found) {
  auto& select = select_group_types_;
  select.bind(1, project.value);
  for (;;) {
    MR_TRY(const bool more, select.step());
    if (!more) break;
    found.group_types.push_back(
        {project, std::string(select.text(0)), static_cast<int>(select.integer(1))});
  }
  select.reset();
  return {};
}

Result<void> SqliteTables::commit(const StateChanges& changes) {
  MR_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(database_));
  const int64_t outbox_before = next_outbox_id_;
  const int64_t duplicates_before = next_duplicates_id_;
  const auto write_all = [&]() -> Result<void> {
    MR_CHECK(write_persons(changes));
    MR_CHECK(write_groups(changes));
    MR_CHECK(write_outbox(changes));
    MR_CHECK(write_duplicates(changes));
    MR_CHECK(write_positions(changes.positions));
    for (const CounterValue& counter : changes.counters) {
      MR_CHECK(add_counter_.bind(1, counter.name).bind(2, counter.value).run());
    }
    return transaction.commit();
  };
  Result<void> written = write_all();
  if (!written) {
    next_outbox_id_ = outbox_before;
    next_duplicates_id_ = duplicates_before;
  }
  return written;
}

Result<void> SqliteTables::write_persons(const StateChanges& changes) {
  for (const PersonRow& person : changes.persons) {
    put_person_.bind(1, person.project.value)
        .bind(2, codec::to_string(person.uuid))
        .bind(3, person.created_at.millis)
        .bind(4, person.properties)
        .bind(5, int64_t{person.is_identified})
        .bind(6, int64_t{person.is_deleted})
        .bind(7, person.version);
    MR_CHECK(put_person_.run());
  }
  for (const DistinctIdRow& row : changes.distinct_ids) {
    put_distinct_id_.bind(1, row.project.value)
        .bind(2, row.distinct_id)
        .bind(3, codec::to_string(row.person))
        .bind(4, row.version);
    MR_CHECK(put_distinct_id_.run());
  }
  for (const PersonlessRow& row : changes.personless) {
    put_personless_.bind(1, row.project.value)
        .bind(2, row.distinct_id)
        .bind(3, int64_t{row.is_merged});
    MR_CHECK(put_personless_.run());
  }
  return {};
}

Result<void> SqliteTables::write_groups(const StateChanges& changes) {
  for (const GroupTypeRow& row : changes.group_types) {
    put_group_type_.bind(1, row.project.value).bind(2, row.group_type).bind(3, int64_t{row.index});
    MR_CHECK(put_group_type_.run());
  }
  for (const GroupRow& row : changes.groups) {
    put_group_.bind(1, row.project.value)
        .bind(2, int64_t{row.type_index})
        .bind(3, row.key)
        .bind(4, row.properties)
        .bind(5, row.created_at.millis)
        .bind(6, row.version);
    MR_CHECK(put_group_.run());
  }
  return {};
}

Result<void> SqliteTables::write_outbox(const StateChanges& changes) {
  for (const OutboxRow& row : changes.outbox) {
    insert_outbox_.bind(1, next_outbox_id_++)
        .bind(2, row.topic)
        .bind_blob(3, as_bytes(row.key))
        .bind_blob(4, as_bytes(row.value))
        .bind_blob(5, encode_headers(row.headers))
        .bind(6, row.timestamp.millis);
    MR_CHECK(insert_outbox_.run());
  }
  return {};
}

Result<void> SqliteTables::write_duplicates(const StateChanges& changes) {
  if (!changes.duplicates.empty()) {
    insert_duplicates_.bind(1, next_duplicates_id_++)
        .bind(2, changes.duplicates_written_at.millis)
        .bind_blob(3, changes.duplicates);
    MR_CHECK(insert_duplicates_.run());
  }
  if (changes.duplicates_expire_before) {
    MR_CHECK(delete_duplicates_.bind(1, changes.duplicates_expire_before->millis).run());
  }
  return {};
}

Result<void> SqliteTables::write_positions(const std::vector<Position>& positions) {
  for (const Position& position : positions) {
    MR_CHECK(put_position_.bind(1, position.name).bind(2, position.next.value).run());
  }
  return {};
}

Result<std::vector<OutboxEntry>> SqliteTables::read_outbox(size_t bytes_max) {
  MR_TRY(sqlite::Statement select,
         database_.prepare("SELECT id, topic, record_key, record_value, headers, created_at"
                           " FROM outbox ORDER BY id"));
  std::vector<OutboxEntry> entries;
  for (size_t bytes = 0; bytes < bytes_max;) {
    MR_TRY(const bool more, select.step());
    if (!more) break;
    OutboxEntry entry;
    entry.id = select.integer(0);
    entry.row.topic = select.text(1);
    entry.row.key = as_text(select.blob(2));
    entry.row.value = as_text(select.blob(3));
    MR_TRY(entry.row.headers, decode_headers(select.blob(4)));
    entry.row.timestamp = WallTime{select.integer(5)};
    bytes += entry.row.value.size() + entry.row.key.size();
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<void> SqliteTables::finish_outbox(int64_t last_id, const std::vector<Position>& positions) {
  MR_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(database_));
  MR_CHECK(delete_outbox_.bind(1, last_id).run());
  MR_CHECK(write_positions(positions));
  return transaction.commit();
}

Result<std::vector<Position>> SqliteTables::positions() {
  MR_TRY(sqlite::Statement select,
         database_.prepare("SELECT name, next_offset FROM positions ORDER BY name"));
  std::vector<Position> positions;
  for (;;) {
    MR_TRY(const bool more, select.step());
    if (!more) return positions;
    positions.push_back({std::string(select.text(0)), Offset(select.integer(1))});
  }
}

Result<std::vector<CounterValue>> SqliteTables::counters() {
  MR_TRY(sqlite::Statement select,
         database_.prepare("SELECT name, value FROM counters ORDER BY name"));
  std::vector<CounterValue> counters;
  for (;;) {
    MR_TRY(const bool more, select.step());
    if (!more) return counters;
    counters.push_back({std::string(select.text(0)), select.integer(1)});
  }
}

Result<std::vector<DuplicateBatch>> SqliteTables::load_duplicates(WallTime since, int64_t after_id,
                                                                  size_t bytes_max) {
  MR_TRY(sqlite::Statement select,
         database_.prepare("SELECT id, written_at, hashes FROM duplicate_batches"
                           " WHERE id > ? AND written_at >= ? ORDER BY id"));
  select.bind(1, after_id).bind(2, since.millis);
  std::vector<DuplicateBatch> batches;
  for (size_t bytes = 0; bytes < bytes_max;) {
    MR_TRY(const bool more, select.step());
    if (!more) break;
    const ByteView hashes = select.blob(2);
    batches.push_back(
        {select.integer(0), WallTime{select.integer(1)}, Bytes(hashes.begin(), hashes.end())});
    bytes += hashes.size();
  }
  return batches;
}

}  // namespace mr::state
