#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "store/test_support.h"

// What a hostile query may try, against the real engine: none may show a file's content, reach an
// address, write anything, or change what the session may do.
namespace mr::store {
namespace {

constexpr std::string_view secret = "the-content-of-a-file";

class QueryEscape : public testing::Test {
 protected:
  void SetUp() override {
    MR_NEEDS_ENGINE();
    const auto opened = fixture_.open();
    ASSERT_TRUE(opened.has_value()) << opened.error().message();
    ASSERT_TRUE(fixture_.insert("events", event_row(1), 1).has_value());
    std::ofstream(secret_file_) << secret << "\n";
  }

  // Runs the attack: it must fail, and nothing may have happened.
  void expect_refused(const std::string& sql) {
    const auto result = fixture_.query(sql);
    EXPECT_FALSE(result.has_value()) << sql << "\nanswered: " << result->data.substr(0, 300);
    if (!result) {
      EXPECT_EQ(result.error().message().find(secret), std::string::npos) << sql;
    }
    EXPECT_FALSE(std::filesystem::exists(out_file_)) << sql;
  }

  WarehouseFixture fixture_;
  std::string secret_file_ = fixture_.folder().at("secret.txt");
  std::string out_file_ = fixture_.folder().at("out.txt");
};

TEST_F(QueryEscape, NoFileIsRead) {
  const std::string name = "'" + secret_file_ + "'";
  const std::string hex_name = "`\\x66ile`(" + name + ")";
  for (const std::string& sql : std::initializer_list<std::string>{
           "SELECT file(" + name + ")",
           "SELECT `file`(" + name + ")",
           "SELECT \"file\"(" + name + ")",
           "SELECT " + hex_name,
           "SELECT \xe2\x80\x9c"
           "file\xe2\x80\x9d(" +
               name + ")",
           "SELECT file/**/(" + name + ")",
           "SELECT file -- a comment\n (" + name + ")",
           "SELECT * APPLY(file) FROM (SELECT " + name + ")",
           "SELECT * APPLY(x -> file(x)) FROM (SELECT " + name + ")",
           "SELECT arrayMap(file, [" + name + "])",
           "SELECT arrayMap(x -> file(x), [" + name + "])",
           "WITH file AS f SELECT f(" + name + ")",
           "WITH (x -> file(x)) AS f SELECT f(" + name + ")",
           "SELECT * FROM file(" + name + ", LineAsString)",
           "SELECT * FROM FILE(" + name + ", 'LineAsString')",
           "SELECT * FROM fileCluster('default', " + name + ", LineAsString)",
           "SELECT * FROM `" + secret_file_ + "`",
           "SELECT * FROM default.`" + secret_file_ + "`",
           "SELECT * FROM \"default\".\"" + secret_file_ + "\"",
           "SELECT * FROM filesystem(" + name + ")",
           "SELECT * FROM loop(file(" + name + ", LineAsString)) LIMIT 1",
           "SELECT * FROM view(SELECT file(" + name + "))",
           "SELECT * FROM executable('cat', 'LineAsString', 'a String')",
           "SELECT * FROM sqlite(" + name + ", 'x')",
           "SELECT * FROM icebergLocal(" + name + ")",
           "DESCRIBE file(" + name + ", LineAsString)",
           "EXPLAIN SELECT * FROM file(" + name + ", LineAsString)",
           "SELECT 1 IN (SELECT file(" + name + "))",
           "SELECT 1 FORMAT Template SETTINGS format_template_row = " + name,
           "SELECT 1 SETTINGS format_schema = " + name,
           "SELECT catboostEvaluate(" + name + ", 1)",
           "SELECT dictGet(" + name + ", 'x', 1)",
           "SELECT $q$x$q$, file(" + name + ")",
       }) {
    expect_refused(sql);
  }
}

TEST_F(QueryEscape, NothingIsWritten) {
  const std::string out = "'" + out_file_ + "'";
  for (const std::string& sql : std::initializer_list<std::string>{
           "SELECT 1 INTO OUTFILE " + out,
           "SELECT 1 INTO/**/OUTFILE " + out,
           "SELECT 1 into outfile " + out + " format CSV",
           "SELECT 1 UNION ALL SELECT 2 INTO OUTFILE " + out,
           "EXPLAIN SELECT 1 INTO OUTFILE " + out,
           "SHOW TABLES INTO OUTFILE " + out,
           "(SELECT 1) INTO OUTFILE " + out,
           "INSERT INTO FUNCTION file(" + out + ", CSV) SELECT 1",
           "INSERT INTO events (uuid) SELECT generateUUIDv4()",
           "CREATE TABLE t (a Int8) ENGINE = Memory",
           "CREATE TEMPORARY TABLE t (a Int8)",
           "CREATE FUNCTION f AS x -> x",
           "CREATE DICTIONARY d (a Int8) PRIMARY KEY a SOURCE(NULL()) LAYOUT(FLAT())",
           "ALTER TABLE events DELETE WHERE 1",
           "DELETE FROM events WHERE 1",
           "TRUNCATE TABLE events",
           "DROP TABLE events",
           "OPTIMIZE TABLE events FINAL",
           "DETACH TABLE events",
           "RENAME TABLE events TO e",
           "BACKUP TABLE events TO Disk('default', 'x')",
           "SELECT 1; DROP TABLE events",
           "SELECT 1;\nINSERT INTO events (uuid) VALUES (generateUUIDv4())",
           "SELECT 1 PARALLEL WITH DROP TABLE events",
           "WITH 1 AS x INSERT INTO events (uuid) SELECT generateUUIDv4()",
           "EXPLAIN DROP TABLE events",
           "SELECT 1 SETTINGS readonly = 0",
       }) {
    expect_refused(sql);
  }
  EXPECT_EQ(fixture_.told("SELECT count() FROM events"), "1\n");
  EXPECT_EQ(fixture_.told("SELECT count() FROM system.tables WHERE database != 'system' AND name "
                          "IN ('t', 'e', 'd')"),
            "0\n");
}

TEST_F(QueryEscape, NoAddressIsReached) {
  for (const std::string& sql : std::initializer_list<std::string>{
           "SELECT * FROM url('http://127.0.0.1:9/x', LineAsString)",
           "SELECT * FROM urlCluster('default', 'http://127.0.0.1:9/x', LineAsString)",
           "SELECT * FROM s3('http://127.0.0.1:9/x', LineAsString)",
           "SELECT * FROM remote('127.0.0.1:9', system.one)",
           "SELECT * FROM remoteSecure('127.0.0.1:9', system.one)",
           "SELECT * FROM cluster('default', system.one)",
           "SELECT * FROM mysql('127.0.0.1:9', 'd', 't', 'u', 'p')",
           "SELECT * FROM postgresql('127.0.0.1:9', 'd', 't', 'u', 'p')",
           "SELECT * FROM mongodb('127.0.0.1:9', 'd', 't', 'u', 'p', 'a Int8')",
           "SELECT * FROM redis('127.0.0.1:9', 'k', 'k String')",
           "SELECT * FROM jdbc('http://127.0.0.1:9', 'd', 't')",
           "SELECT * FROM azureBlobStorage('http://127.0.0.1:9', 'c', 'b')",
           "SELECT hasColumnInTable('127.0.0.1:9', 'u', 'p', 'd', 't', 'c')",
           "SELECT aiGenerate('x')",
           "SELECT * FROM prometheusQuery('d', 't', 'up', 0)",
       }) {
    expect_refused(sql);
  }
}

TEST_F(QueryEscape, TheSessionStaysWhatItIs) {
  for (const std::string& sql : std::initializer_list<std::string>{
           "SET readonly = 0",
           "SET max_execution_time = 0",
           "SET ROLE writer",
           "SET ROLE DEFAULT",
           "SET DEFAULT ROLE writer TO default",
           "GRANT writer TO default",
           "USE system",
           "USE default",
           "KILL QUERY WHERE 1",
           "SYSTEM FLUSH LOGS",
           "SYSTEM SHUTDOWN",
           "CREATE USER u",
           "ALTER USER default GRANTEES ANY",
           "EXECUTE AS default SELECT 1",
           "BEGIN TRANSACTION",
           "ATTACH TABLE x (a Int8) ENGINE = File(CSV, '/etc/passwd')",
           "SHOW PROCESSLIST",
           "SHOW GRANTS",
           "SHOW ACCESS",
           "SHOW SETTINGS LIKE '%'",
           "SELECT * FROM system.processes",
           "SELECT * FROM system.stack_trace",
           "SELECT * FROM system.models",
           "SELECT * FROM system.users",
           "SELECT * FROM system.server_settings",
           "SELECT * FROM system.user_processes",
           "SELECT * FROM `system`.disks",
           "SELECT * FROM merge('system', 'processes')",
           "SELECT * FROM mergeTreeIndex('millrace', 'events')",
           "exit",
           "quit",
           "\\i /etc/passwd",
           "",
       }) {
    expect_refused(sql);
  }
  EXPECT_EQ(
      fixture_
          .query("SELECT currentRoles() AS r, getSetting('readonly') AS o, currentDatabase() AS d")
          ->data,
      "r\to\td\n[]\t1\tmillrace\n");
  EXPECT_GT(
      fixture_.metrics().value("millrace_store_queries_refused_total", {{"reason", "statement"}}),
      0);
}

TEST_F(QueryEscape, AFailedQueryLeavesNothingForTheNextOne) {
  // Each fails after the engine has written the header, or some rows.
  for (const std::string& sql : std::initializer_list<std::string>{
           "SELECT throwIf(number = 300000) AS leftover FROM numbers(400000)",
           "SELECT throwIf(number = 1) AS `SELECT file('/etc/passwd') AS leftover` FROM numbers(9)",
           "SELECT number AS leftover FROM numbers(2000000)",
       }) {
    for (const QueryFormat format : {QueryFormat::table, QueryFormat::json, QueryFormat::csv}) {
      for (size_t i = 0; i < 2 * query_sessions; ++i) {
        EXPECT_FALSE(fixture_.query(sql, format).has_value());
        const auto next = fixture_.query("SELECT 7 AS a");
        ASSERT_TRUE(next.has_value()) << next.error().message();
        EXPECT_EQ(next->data, "a\n7\n") << sql;
      }
    }
  }
}

TEST_F(QueryEscape, EveryTableFunctionOfTheEngineIsHarmlessOrRefused) {
  const std::string names = fixture_.told("SELECT name FROM system.table_functions ORDER BY name");
  size_t at = 0;
  size_t refused = 0;
  while (at < names.size()) {
    const size_t end = names.find('\n', at);
    const std::string name = names.substr(at, end - at);
    at = end + 1;
    const auto result = fixture_.query("SELECT * FROM " + name + "('" + secret_file_ +
                                       "', 'LineAsString') LIMIT 1");
    if (!result) {
      ++refused;
      continue;
    }
    EXPECT_EQ(result->data.find(secret), std::string::npos) << name;
  }
  EXPECT_GT(refused, 70U);
}

}  // namespace
}  // namespace mr::store
