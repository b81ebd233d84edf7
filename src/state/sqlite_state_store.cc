#include "state/sqlite_state_store.h"

#include "state/sqlite_tables.h"

namespace mr::state {

SqliteStateStore::SqliteStateStore(io::Worker& worker, std::unique_ptr<SqliteTables> tables)
    : worker_(worker), tables_(std::move(tables)) {
}

SqliteStateStore::~SqliteStateStore() = default;

io::Task<Result<std::unique_ptr<SqliteStateStore>>> SqliteStateStore::open(
    io::Worker& worker, io::Path path, sqlite::OpenOptions options) {
  MR_CO_TRY(auto tables,
            co_await worker.run([&path, &options] { return SqliteTables::open(path, options); }));
  co_return std::unique_ptr<SqliteStateStore>(new SqliteStateStore(worker, std::move(tables)));
}

io::Task<Result<StateFound>> SqliteStateStore::load(const StateRequest& request) {
  SqliteTables& tables = *tables_;
  co_return co_await worker_.run([&] { return tables.load(request); });
}

io::Task<Result<void>> SqliteStateStore::commit(const StateChanges& changes) {
  SqliteTables& tables = *tables_;
  co_return co_await worker_.run([&] { return tables.commit(changes); });
}

io::Task<Result<std::vector<OutboxEntry>>> SqliteStateStore::read_outbox(size_t bytes_max) {
  SqliteTables& tables = *tables_;
  co_return co_await worker_.run([&] { return tables.read_outbox(bytes_max); });
}

io::Task<Result<void>> SqliteStateStore::finish_outbox(int64_t last_id,
                                                       std::vector<Position> positions) {
  SqliteTables& tables = *tables_;
  co_return co_await worker_.run([&] { return tables.finish_outbox(last_id, positions); });
}

io::Task<Result<std::vector<Position>>> SqliteStateStore::positions() {
  SqliteTables& tables = *tables_;
  co_return co_await worker_.run([&] { return tables.positions(); });
}

io::Task<Result<std::vector<CounterValue>>> SqliteStateStore::counters() {
  SqliteTables& tables = *tables_;
  co_return co_await worker_.run([&] { return tables.counters(); });
}

io::Task<Result<std::vector<DuplicateBatch>>> SqliteStateStore::load_duplicates(WallTime since,
                                                                                int64_t after_id,
                                                                                size_t bytes_max) {
  SqliteTables& tables = *tables_;
  co_return co_await worker_.run(
      [&] { return tables.load_duplicates(since, after_id, bytes_max); });
}

}  // namespace mr::state
