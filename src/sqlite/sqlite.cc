#include "sqlite/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/assert.h"

namespace mr::sqlite {
namespace {

constexpr int busy_timeout_ms = 5000;

ErrorCode code_of(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_FULL:
      return ErrorCode::no_space;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorCode::busy;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorCode::corrupt;
    case SQLITE_CONSTRAINT:
      return ErrorCode::already_exists;
    case SQLITE_TOOBIG:
      return ErrorCode::too_large;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
      return ErrorCode::io_failed;
    default:
      return ErrorCode::failed;
  }
}

std::unexpected<Error> failure(sqlite3* database, int sqlite_code, std::string_view attempt) {
  std::string message = "cannot " + std::string(attempt) + ": ";
  message += database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(sqlite_code);
  return fail(code_of(sqlite_code), std::move(message));
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Statement& Statement::bind(int index, int64_t value) {
  const int code = sqlite3_bind_int64(handle_.get(), index, value);
  if (code != SQLITE_OK) bind_failure_ = code;
  return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
  const int code = sqlite3_bind_text64(handle_.get(), index, text.data() ? text.data() : "",
                                       text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK) bind_failure_ = code;
  return *this;
}

Statement& Statement::bind_blob(int index, ByteView blob) {
  const void* data = blob.data() ? static_cast<const void*>(blob.data()) : "";
  const int code = sqlite3_bind_blob64(handle_.get(), index, data, blob.size(), SQLITE_TRANSIENT);
  if (code != SQLITE_OK) bind_failure_ = code;
  return *this;
}

Statement& Statement::bind_null(int index) {
  const int code = sqlite3_bind_null(handle_.get(), index);
  if (code != SQLITE_OK) bind_failure_ = code;
  return *this;
}

Result<bool> Statement::step() {
  if (bind_failure_ != 0) {
    return failure(nullptr, std::exchange(bind_failure_, 0), "bind a SQL parameter");
  }
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return failure(database_, code, "run \"" + std::string(sqlite3_sql(handle_.get())) + "\"");
}

Result<void> Statement::run() {
  Result<bool> stepped = step();
  reset();
  if (!stepped) return std::unexpected(std::move(stepped).error());
  return {};
}

void Statement::reset() {
  sqlite3_reset(handle_.get());
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(handle_.get(), column);
}

std::string_view Statement::text(int column) const {
  const unsigned char* text = sqlite3_column_text(handle_.get(), column);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text),
          static_cast<size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

ByteView Statement::blob(int column) const {
  const void* data = sqlite3_column_blob(handle_.get(), column);
  if (data == nullptr) return {};
  return {static_cast<const uint8_t*>(data),
          static_cast<size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

void Database::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

namespace {

// Sees that only the owner may read the database and, as SQLite gives them its mode, the files
// beside it. Where that cannot be done it is opened as it is.
void keep_private(const std::string& path) {
  constexpr mode_t owner_only = 0600;
  if (path == ":memory:" || path.starts_with("file:")) return;
  const int made = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, owner_only);
  if (made >= 0) ::close(made);
  if (made >= 0 || errno != EEXIST) return;
  // By name: to close a descriptor of a database drops the locks that SQLite has on it.
  for (const char* ending : {"", "-wal", "-shm"}) {
    (void)::chmod((path + ending).c_str(), owner_only);
  }
}

}  // namespace

Result<Database> Database::open(std::string path, OpenOptions options) {
  keep_private(path);
  sqlite3* raw = nullptr;
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI | SQLITE_OPEN_FULLMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Database database;
  database.handle_.reset(raw);
  if (code != SQLITE_OK) return failure(raw, code, "open database " + path);
  sqlite3_busy_timeout(raw, busy_timeout_ms);
  const std::string settings =
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=" + std::string(options.synchronous) +
      "; PRAGMA wal_autocheckpoint=" + std::to_string(options.autocheckpoint_pages) +
      "; PRAGMA cache_size=-" + std::to_string(options.cache_kib) + ";";
  if (auto set = database.execute(settings); !set) {
    return fail(set.error().within("opening database " + path));
  }
  return database;
}

Result<void> Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(handle_.get(), code, "run SQL");
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) {
    return failure(handle_.get(), code, "prepare \"" + std::string(sql) + "\"");
  }
  MR_ASSERT(statement != nullptr);
  return Statement(handle_.get(), statement);
}

int64_t Database::changes() const {
  return sqlite3_changes64(handle_.get());
}

Result<Transaction> Transaction::begin(Database& database) {
  MR_CHECK(database.execute("BEGIN IMMEDIATE"));
  return Transaction(&database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {
}

Transaction::~Transaction() {
  if (database_ != nullptr) (void)database_->execute("ROLLBACK");
}

Result<void> Transaction::commit() {
  Database* database = std::exchange(database_, nullptr);
  auto committed = database->execute("COMMIT");
  if (!committed) (void)database->execute("ROLLBACK");
  return committed;
}

namespace {

Result<int64_t> schema_version(Database& database) {
  MR_CHECK(database.execute("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)"));
  MR_TRY(Statement read, database.prepare("SELECT max(version) FROM schema_version"));
  MR_TRY(const bool found, read.step());
  return found ? read.integer(0) : 0;
}

}  // namespace

Result<void> migrate(Database& database, std::string_view name,
                     std::span<const Migration> migrations) {
  MR_TRY(int64_t version, schema_version(database));
  const int64_t newest = migrations.empty() ? 0 : migrations.back().version;
  if (version > newest) {
    return fail(ErrorCode::unsupported, std::string(name) + " has schema version " +
                                            std::to_string(version) +
                                            ", this program knows up to " + std::to_string(newest) +
                                            ": a newer millrace has written it");
  }
  for (const Migration& migration : migrations) {
    if (migration.version <= version) continue;
    MR_ASSERT(migration.version == version + 1);
    MR_TRY(Transaction transaction, Transaction::begin(database));
    if (auto done = database.execute(migration.sql); !done) {
      return fail(done.error().within("bringing " + std::string(name) + " to schema version " +
                                      std::to_string(migration.version)));
    }
    MR_CHECK(database.execute("INSERT INTO schema_version VALUES (" +
                              std::to_string(migration.version) + ")"));
    MR_CHECK(transaction.commit());
    version = migration.version;
  }
  return {};
}

}  // namespace mr::sqlite
