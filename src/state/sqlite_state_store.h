#pragma once

#include <memory>

#include "io/disk.h"
#include "io/worker.h"
#include "sqlite/sqlite.h"
#include "state/state_store.h"

namespace mr::state {

class SqliteTables;

// The state in one SQLite file. Settings: docs/decisions/0005-sqlite-settings.md.
class SqliteStateStore final : public StateStore {
 public:
  // `path` is the database file, made when missing. `worker` must run its jobs one at a time and
  // outlive the store. Errors: unsupported (a newer schema, by name), io_failed.
  static io::Task<Result<std::unique_ptr<SqliteStateStore>>> open(io::Worker& worker, io::Path path,
                                                                  sqlite::OpenOptions options = {});
  ~SqliteStateStore() override;

  io::Task<Result<StateFound>> load(const StateRequest& request) override;
  io::Task<Result<void>> commit(const StateChanges& changes) override;
  io::Task<Result<std::vector<OutboxEntry>>> read_outbox(size_t bytes_max) override;
  io::Task<Result<void>> finish_outbox(int64_t last_id, std::vector<Position> positions) override;
  io::Task<Result<std::vector<Position>>> positions() override;
  io::Task<Result<std::vector<CounterValue>>> counters() override;
  io::Task<Result<std::vector<DuplicateBatch>>> load_duplicates(WallTime since, int64_t after_id,
                                                                size_t bytes_max) override;

 private:
  SqliteStateStore(io::Worker& worker, std::unique_ptr<SqliteTables> tables);

  io::Worker& worker_;
  std::unique_ptr<SqliteTables> tables_;
};

}  // namespace mr::state
