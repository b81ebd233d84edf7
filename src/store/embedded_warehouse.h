#pragma once

#include <array>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/disk.h"
#include "io/loop.h"
#include "io/signal.h"
#include "io/worker.h"
#include "store/chdb_session.h"
#include "store/engine_options.h"
#include "store/query_guard.h"
#include "store/warehouse.h"
#include "telemetry/metrics.h"

namespace mr::store {

// The warehouse inside this process: ClickHouse through libchdb, in one folder. Inserts and
// statements of our own share one session and run in the order of the calls; queries have sessions
// of their own, which can only read. Bound to one loop. Destroy it when no call is under way.
class EmbeddedWarehouse final : public Warehouse {
 public:
  // The doors that it uses. `inserts` has one thread; `queries` has query_sessions threads. All
  // outlive the warehouse.
  struct Doors {
    io::Loop& loop;
    io::Disk& disk;
    io::Worker& inserts;
    io::Worker& queries;
    telemetry::Metrics& metrics;
  };

  // Opens or makes the store in options.folder and migrates it to this program's schema. Errors:
  // not_found (no libchdb), busy or failed (the folder is in use, or damaged; the engine's words
  // are on stderr), unsupported (the folder was written by a newer version: names both).
  static io::Task<Result<std::unique_ptr<EmbeddedWarehouse>>> open(Doors doors,
                                                                   EngineOptions options);
  ~EmbeddedWarehouse() override;

  io::Task<Result<void>> insert(InsertBlock block) override;
  io::Task<Result<QueryResult>> query(QueryRequest request) override;
  io::Task<Result<QueryResult>> internal_query(std::string sql) override;

  // Makes `folder` (missing, on the store's file system) a copy of the store as it is between two
  // inserts, in hard links where files never change: fast, whatever its size. Merges stand still
  // meanwhile. Opening the copy, or a copy of it, gives the same rows. Errors: failed, io_failed.
  io::Task<Result<void>> freeze_into(io::Path folder);

 private:
  struct Counters;
  EmbeddedWarehouse(Doors doors, EngineOptions options);

  // Blocking; each runs on the worker that it names.
  Result<void> open_blocking();                                                           // inserts
  Result<void> open_query_sessions();                                                     // inserts
  Result<void> learn_table_folders();                                                     // inserts
  Result<void> freeze_blocking(const io::Path& folder);                                   // inserts
  Result<void> insert_blocking(const InsertBlock& block);                                 // inserts
  Result<QueryResult> query_blocking(ChdbSession& session, const QueryRequest& request);  // queries

  io::Task<Result<void>> sync_new_folders();
  io::Task<Result<ChdbSession*>> take_query_session();
  void give_back(ChdbSession* session);

  Doors doors_;
  EngineOptions options_;
  std::unique_ptr<ChdbSession> insert_session_;
  std::vector<std::unique_ptr<ChdbSession>> query_sessions_;
  std::vector<ChdbSession*> idle_query_sessions_;
  size_t queries_waiting_ = 0;
  io::Signal session_freed_;
  std::unique_ptr<QueryGuard> guard_;
  // Where each table's parts lie: after an insert the new names in it are synced.
  std::unordered_map<std::string, io::Path> table_folders_;
  std::unique_ptr<Counters> counters_;
};

}  // namespace mr::store
