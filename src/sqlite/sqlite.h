#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

// SQLite behind our own words. Everything here blocks: use it from one io::Worker that runs its
// jobs one at a time, never from a loop. An object belongs to that worker.
namespace mr::sqlite {

// A prepared statement, made by Database::prepare and not outliving it. Bind, step, read, reset.
// Parameters count from 1, columns from 0. A failed bind shows up at the next step().
class Statement {
 public:
  Statement() = default;

  Statement& bind(int index, int64_t value);
  // Text and blobs are copied.
  Statement& bind(int index, std::string_view text);
  Statement& bind_blob(int index, ByteView blob);
  Statement& bind_null(int index);

  // Advances to the next row: true while there is one. After an error reset() before using again.
  Result<bool> step();
  // Runs a statement that yields no rows that matter, and resets it.
  Result<void> run();
  // Ready to bind and step again; keeps the bindings.
  void reset();

  bool is_null(int column) const;
  int64_t integer(int column) const;
  // Views into the row, valid until the next step() or reset().
  std::string_view text(int column) const;
  ByteView blob(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Statement(sqlite3* database, sqlite3_stmt* statement) : database_(database), handle_(statement) {}

  sqlite3* database_ = nullptr;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
  int bind_failure_ = 0;
};

struct OpenOptions {
  // FULL syncs the write-ahead log at each commit: a committed transaction survives power loss.
  // NORMAL would lose the last ones (docs/decisions/0005-sqlite-settings.md).
  std::string_view synchronous = "FULL";
  // Pages of the write-ahead log after which a commit also checkpoints.
  int autocheckpoint_pages = 4000;
  // The page cache, in KiB.
  int cache_kib = 64 * 1024;
};

// One connection to one database file, in write-ahead mode; only the owner may read the file.
// `path` may also be ":memory:" or a "file:" URI.
class Database {
 public:
  static Result<Database> open(std::string path, OpenOptions options = {});

  // Runs one or more statements without parameters.
  Result<void> execute(const std::string& sql);
  Result<Statement> prepare(std::string_view sql);
  // How many rows the last INSERT, UPDATE or DELETE touched.
  int64_t changes() const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

// A transaction that takes the write lock at once; rolled back unless committed.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  // Durable when it returns (with synchronous FULL). After an error the transaction is rolled back.
  Result<void> commit();

 private:
  explicit Transaction(Database* database) : database_(database) {}
  Database* database_;
};

// Step `version` (1, 2, …) of a database's schema.
struct Migration {
  int64_t version;
  const char* sql;
};

// Brings the schema to the last migration's version, each step in its own transaction with the
// number in table schema_version. A database of a newer version is refused (unsupported, by name).
Result<void> migrate(Database& database, std::string_view name,
                     std::span<const Migration> migrations);

}  // namespace mr::sqlite
