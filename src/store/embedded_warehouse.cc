#include "store/embedded_warehouse.h"

#include <set>

#include "base/assert.h"
#include "store/freeze.h"
#include "store/migrations.h"

namespace mr::store {

namespace {

std::string_view engine_format(QueryFormat format) {
  switch (format) {
    case QueryFormat::table:
      return "PrettyCompact";
    case QueryFormat::json:
      return "JSON";
    case QueryFormat::csv:
      return "CSVWithNames";
    case QueryFormat::tsv:
      return "TabSeparatedWithNames";
  }
  return "JSON";
}

QueryResult to_result(ChdbOutput output) {
  const Millis elapsed{static_cast<int64_t>(output.elapsed_seconds * 1000)};
  return {std::move(output.data), output.rows, elapsed};
}

// A table's name from load, not from a user; still it goes into a statement.
bool is_plain_name(std::string_view name) {
  if (name.empty()) return false;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (!plain) return false;
  }
  return true;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return lines;
}

}  // namespace

struct EmbeddedWarehouse::Counters {
  explicit Counters(telemetry::Metrics& metrics)
      : inserted_rows(metrics.counter("millrace_store_inserted_rows_total",
                                      "Rows that inserts wrote into the warehouse")),
        inserts_failed(metrics.counter("millrace_store_insert_failures_total",
                                       "Inserts that the warehouse refused")),
        queries(metrics.counter("millrace_store_queries_total", "Queries that were answered")),
        queries_failed(metrics.counter("millrace_store_query_failures_total",
                                       "Queries that ended with an error of the engine")),
        queries_busy(metrics.counter("millrace_store_queries_busy_total",
                                     "Queries refused because too many were waiting")) {
    for (size_t i = 0; i < guard_refusal_count; ++i) {
      refused[i] = &metrics.counter("millrace_store_queries_refused_total",
                                    "Queries refused because they want more than reading",
                                    {{"reason", to_string(static_cast<GuardRefusal>(i))}});
    }
  }

  telemetry::Counter& inserted_rows;
  telemetry::Counter& inserts_failed;
  telemetry::Counter& queries;
  telemetry::Counter& queries_failed;
  telemetry::Counter& queries_busy;
  std::array<telemetry::Counter*, guard_refusal_count> refused{};
};

EmbeddedWarehouse::EmbeddedWarehouse(Doors doors, EngineOptions options)
    : doors_(doors),
      options_(std::move(options)),
      session_freed_(doors.loop),
      counters_(std::make_unique<Counters>(doors.metrics)) {
}

EmbeddedWarehouse::~EmbeddedWarehouse() = default;

io::Task<Result<std::unique_ptr<EmbeddedWarehouse>>> EmbeddedWarehouse::open(
    Doors doors, EngineOptions options) {
  const io::Path folder = options.folder;
  MR_CO_CHECK(co_await doors.disk.make_folders(folder + "/engine"));
  const std::string users = engine_users_xml();
  const std::string config = engine_config_xml(folder + "/users.xml");
  MR_CO_CHECK(co_await io::replace_file(doors.disk, folder + "/users.xml",
                                        Bytes(users.begin(), users.end())));
  MR_CO_CHECK(co_await io::replace_file(doors.disk, folder + "/config.xml",
                                        Bytes(config.begin(), config.end())));

  std::unique_ptr<EmbeddedWarehouse> warehouse(new EmbeddedWarehouse(doors, std::move(options)));
  EmbeddedWarehouse* opening = warehouse.get();
  auto opened = co_await doors.inserts.run([opening] { return opening->open_blocking(); });
  if (!opened) co_return fail(opened.error().within("opening the store in " + folder));
  MR_CO_CHECK(co_await warehouse->sync_new_folders());
  co_return std::move(warehouse);
}

// A new table's folders stand at several depths and the engine does not sync their names, so this
// is done once, before the first row: cheap when they are old.
io::Task<Result<void>> EmbeddedWarehouse::sync_new_folders() {
  const io::Path engine = options_.folder + "/engine";
  std::set<io::Path> folders = {options_.folder, engine, engine + "/store", engine + "/metadata"};
  const auto insert_with_parent = [&folders](const io::Path& folder) {
    folders.insert(folder);
    folders.insert(folder.substr(0, folder.rfind('/', folder.find_last_not_of('/'))));
  };
  for (const auto& [table, folder] : table_folders_) insert_with_parent(folder);
  MR_CO_TRY(const QueryResult database,
            co_await internal_query("SELECT metadata_path FROM system.databases WHERE name = "
                                    "currentDatabase() FORMAT TabSeparatedRaw"));
  // Given relative to the engine's folder, or whole.
  const io::Path metadata = database.data.substr(0, database.data.find('\n'));
  insert_with_parent(metadata.starts_with('/') ? metadata : engine + "/" + metadata);
  for (const io::Path& folder : folders) {
    MR_CO_CHECK(co_await doors_.disk.sync_directory(folder));
  }
  co_return Result<void>();
}

Result<void> EmbeddedWarehouse::open_blocking() {
  MR_TRY(const ChdbApi api, open_chdb_library(options_.library));
  const std::vector<std::string> arguments = {"--path=" + options_.folder + "/engine",
                                              "--config-file=" + options_.folder + "/config.xml"};
  MR_TRY(insert_session_, ChdbSession::connect(api, arguments));
  MR_TRY([[maybe_unused]] const auto set, insert_session_->execute(insert_session_settings()));
  MR_CHECK(migrate(*insert_session_, migrations()));
  MR_CHECK(learn_table_folders());
  for (size_t i = 0; i < query_sessions; ++i) {
    MR_TRY(auto session, ChdbSession::connect(api, arguments));
    query_sessions_.push_back(std::move(session));
  }
  return open_query_sessions();
}

Result<void> EmbeddedWarehouse::open_query_sessions() {
  MR_TRY(const ChdbOutput functions,
         insert_session_->execute("SELECT name FROM system.table_functions", "TabSeparatedRaw"));
  guard_ = std::make_unique<QueryGuard>(lines_of(functions.data));
  for (const auto& session : query_sessions_) {
    for (const std::string& statement :
         {"USE " + std::string(database_name), std::string("SET ROLE NONE"),
          query_session_settings(options_.query)}) {
      MR_TRY([[maybe_unused]] const ChdbOutput done, session->execute(statement));
    }
    idle_query_sessions_.push_back(session.get());
  }
  return {};
}

Result<void> EmbeddedWarehouse::learn_table_folders() {
  MR_TRY(const ChdbOutput output,
         insert_session_->execute("SELECT name, data_paths[1] FROM system.tables WHERE database = "
                                  "currentDatabase() AND notEmpty(data_paths)",
                                  "TabSeparatedRaw"));
  for (const std::string& line : lines_of(output.data)) {
    const size_t tab = line.find('\t');
    MR_ASSERT(tab != std::string::npos);
    table_folders_[line.substr(0, tab)] = line.substr(tab + 1);
  }
  return {};
}

io::Task<Result<void>> EmbeddedWarehouse::freeze_into(io::Path folder) {
  EmbeddedWarehouse* self = this;
  co_return co_await doors_.inserts.run([self, folder] { return self->freeze_blocking(folder); });
}

Result<void> EmbeddedWarehouse::freeze_blocking(const io::Path& folder) {
  const auto without_slash = [](std::string path) {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return path;
  };
  MR_TRY([[maybe_unused]] const auto stopped, insert_session_->execute("SYSTEM STOP MERGES"));
  const auto parts = insert_session_->execute(
      "SELECT path FROM system.parts WHERE active AND database = currentDatabase()",
      "TabSeparatedRaw");
  Result<void> frozen;
  if (parts) {
    FreezeSource source{options_.folder, {}, {}};
    for (const auto& [table, path] : table_folders_) {
      source.table_folders.insert(without_slash(path));
    }
    for (const std::string& path : lines_of(parts->data)) {
      source.active_parts.insert(without_slash(path));
    }
    frozen = freeze_store(source, folder);
  } else {
    frozen = fail(parts.error());
  }
  MR_TRY([[maybe_unused]] const auto started, insert_session_->execute("SYSTEM START MERGES"));
  return frozen;
}

io::Task<Result<void>> EmbeddedWarehouse::insert(InsertBlock block) {
  const auto folder = table_folders_.find(block.table);
  if (!is_plain_name(block.table) || folder == table_folders_.end()) {
    co_return fail(ErrorCode::not_found, "the warehouse has no table " + block.table);
  }
  if (block.row_count == 0) co_return Result<void>();
  const uint64_t rows = block.row_count;
  EmbeddedWarehouse* self = this;
  auto inserted = co_await doors_.inserts.run(
      [self, block = std::move(block)] { return self->insert_blocking(block); });
  if (!inserted) {
    counters_->inserts_failed.add();
    co_return inserted;
  }
  // The engine syncs the new part's files and its folder after renaming it, but not the folder in
  // which the new name stands: without this the name could be lost with the power.
  MR_CO_CHECK(co_await doors_.disk.sync_directory(folder->second));
  counters_->inserted_rows.add(rows);
  co_return Result<void>();
}

Result<void> EmbeddedWarehouse::insert_blocking(const InsertBlock& block) {
  std::string statement = "INSERT INTO " + block.table + " FORMAT JSONEachRow\n";
  statement.reserve(statement.size() + block.rows.size());
  statement += block.rows;
  auto output = insert_session_->execute(statement);
  if (!output) return fail(output.error().within("inserting into " + block.table));
  if (output->rows_written != block.row_count) {
    // The rows are in the table: this must not look like a refusal, after which a caller may
    // insert them again in parts.
    return fail(ErrorCode::failed,
                "a block for " + block.table + " said " + std::to_string(block.row_count) +
                    " rows, the engine found " + std::to_string(output->rows_written));
  }
  return {};
}

io::Task<Result<ChdbSession*>> EmbeddedWarehouse::take_query_session() {
  if (idle_query_sessions_.empty() && queries_waiting_ >= queries_waiting_max) {
    counters_->queries_busy.add();
    co_return fail(ErrorCode::busy, "too many queries are waiting; try again");
  }
  ++queries_waiting_;
  while (idle_query_sessions_.empty()) co_await session_freed_.wait();
  --queries_waiting_;
  ChdbSession* session = idle_query_sessions_.back();
  idle_query_sessions_.pop_back();
  co_return session;
}

void EmbeddedWarehouse::give_back(ChdbSession* session) {
  idle_query_sessions_.push_back(session);
  session_freed_.notify();
}

io::Task<Result<QueryResult>> EmbeddedWarehouse::query(QueryRequest request) {
  if (request.sql.size() > options_.query.sql_bytes_max) {
    co_return fail(
        ErrorCode::too_large,
        "a query may have at most " + std::to_string(options_.query.sql_bytes_max) + " bytes");
  }
  MR_CO_TRY(ChdbSession * session, co_await take_query_session());
  EmbeddedWarehouse* self = this;
  auto result = co_await doors_.queries.run([self, session, request = std::move(request)] {
    return self->query_blocking(*session, request);
  });
  give_back(session);
  (result ? counters_->queries : counters_->queries_failed).add();
  co_return result;
}

Result<QueryResult> EmbeddedWarehouse::query_blocking(ChdbSession& session,
                                                      const QueryRequest& request) {
  // The engine's own formatter proves that it is one statement and writes it in one way.
  MR_TRY(ChdbOutput canonical,
         session.execute("SELECT formatQuerySingleLine(" + sql_literal(request.sql) + ")",
                         "TabSeparatedRaw"));
  if (canonical.data.ends_with('\n')) canonical.data.pop_back();
  if (GuardVerdict verdict = guard_->judge(canonical.data); verdict.refusal != GuardRefusal::none) {
    counters_->refused[static_cast<size_t>(verdict.refusal)]->add();
    return fail(ErrorCode::unauthorized, std::move(verdict.message));
  }
  MR_TRY(ChdbOutput output, session.execute(canonical.data, engine_format(request.format)));
  // The engine counts a constant column once, however many rows repeat it.
  if (output.data.size() > options_.query.result_bytes_max) {
    return fail(ErrorCode::too_large, "the result has " + std::to_string(output.data.size()) +
                                          " bytes, the limit is " +
                                          std::to_string(options_.query.result_bytes_max));
  }
  return to_result(std::move(output));
}

io::Task<Result<QueryResult>> EmbeddedWarehouse::internal_query(std::string sql) {
  EmbeddedWarehouse* self = this;
  auto output = co_await doors_.inserts.run(
      [self, sql = std::move(sql)] { return self->insert_session_->execute(sql); });
  if (!output) co_return fail(std::move(output.error()));
  co_return to_result(*std::move(output));
}

}  // namespace mr::store
