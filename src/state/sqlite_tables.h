#pragma once

#include <memory>
#include <string>
#include <unordered_set>

#include "sqlite/sqlite.h"
#include "state/state_store.h"

namespace mr::state {

// The statements behind SqliteStateStore. Every call blocks; see StateStore for what they mean.
class SqliteTables {
 public:
  static Result<std::unique_ptr<SqliteTables>> open(const std::string& path,
                                                    const sqlite::OpenOptions& options);

  Result<StateFound> load(const StateRequest& request);
  Result<void> commit(const StateChanges& changes);
  Result<std::vector<OutboxEntry>> read_outbox(size_t bytes_max);
  Result<void> finish_outbox(int64_t last_id, const std::vector<Position>& positions);
  Result<std::vector<Position>> positions();
  Result<std::vector<CounterValue>> counters();
  Result<std::vector<DuplicateBatch>> load_duplicates(WallTime since, int64_t after_id,
                                                      size_t bytes_max);

 private:
  struct LoadedPersons;

  explicit SqliteTables(sqlite::Database database) : database_(std::move(database)) {}
  Result<void> prepare();

  Result<void> load_distinct_id(const WantedDistinctId& wanted, StateFound& found,
                                LoadedPersons& seen);
  Result<bool> load_person(ProjectId project, const std::string& uuid, StateFound& found,
                           LoadedPersons& seen);
  Result<void> load_unknown_distinct_id(const WantedDistinctId& wanted, StateFound& found,
                                        LoadedPersons& seen);
  Result<void> load_ids_of_person(ProjectId project, const codec::Uuid& person, StateFound& found,
                                  LoadedPersons& seen);
  Result<void> load_group(const WantedGroup& wanted, StateFound& found);
  Result<void> load_group_types(ProjectId project, StateFound& found);

  Result<void> write_persons(const StateChanges& changes);
  Result<void> write_groups(const StateChanges& changes);
  Result<void> write_outbox(const StateChanges& changes);
  Result<void> write_duplicates(const StateChanges& changes);
  Result<void> write_positions(const std::vector<Position>& positions);

  sqlite::Database database_;
  int64_t next_outbox_id_ = 1;
  int64_t next_duplicates_id_ = 1;

  sqlite::Statement select_distinct_id_;
  sqlite::Statement select_ids_of_person_;
  sqlite::Statement select_person_;
  sqlite::Statement select_personless_;
  sqlite::Statement select_group_;
  sqlite::Statement select_group_types_;
  sqlite::Statement put_person_;
  sqlite::Statement put_distinct_id_;
  sqlite::Statement put_personless_;
  sqlite::Statement put_group_type_;
  sqlite::Statement put_group_;
  sqlite::Statement insert_outbox_;
  sqlite::Statement delete_outbox_;
  sqlite::Statement put_position_;
  sqlite::Statement add_counter_;
  sqlite::Statement insert_duplicates_;
  sqlite::Statement delete_duplicates_;
};

}  // namespace mr::state
