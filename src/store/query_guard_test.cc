#include "store/query_guard.h"

#include <gtest/gtest.h>

namespace mr::store {
namespace {

class Guard : public testing::Test {
 protected:
  GuardRefusal judge(std::string_view canonical) const { return guard_.judge(canonical).refusal; }
  QueryGuard guard_{{"file", "url", "s3", "remote", "merge", "numbers", "loop", "newOne"}};
};

TEST_F(Guard, AllowsWhatReadsTables) {
  for (const std::string_view sql :
       {"SELECT count() FROM events", "WITH x AS (SELECT 1) SELECT * FROM x",
        "(SELECT 1) UNION ALL (SELECT 2)", "SELECT `$session_id`, a[1], t.1, -1.5e-3 FROM events",
        "SELECT 'INTO OUTFILE; file(x)' AS note FROM numbers(10)", "SHOW TABLES",
        "SHOW CREATE TABLE events", "DESCRIBE TABLE events", "EXISTS TABLE events",
        "EXPLAIN SELECT 1", "SELECT a AS format FROM t", "SELECT format FROM t ORDER BY format ASC",
        "SELECT format('{}', x)", "SELECT settings FROM t WHERE settings = 1",
        "SELECT name FROM system.tables", "SELECT 'it\\'s', 'a''b', '\xc3\xa9'"}) {
    EXPECT_EQ(judge(sql), GuardRefusal::none) << sql;
  }
}

TEST_F(Guard, RefusesStatementsThatAreNotReading) {
  for (const std::string_view sql :
       {"INSERT INTO events FORMAT Values", "DROP TABLE events", "KILL QUERY WHERE 1",
        "SET ROLE writer", "SET readonly = 0", "USE system", "SYSTEM SHUTDOWN", "WATCH t",
        "SHOW PROCESSLIST", "SHOW GRANTS", "SHOW", "SELECT 1; SELECT 2",
        "SELECT 1 PARALLEL WITH SELECT 2", "", "(", "1 + 1", "EXECUTE AS x SELECT 1"}) {
    EXPECT_EQ(judge(sql), GuardRefusal::statement) << sql;
  }
}

TEST_F(Guard, RefusesFilesFormatsAndSettings) {
  EXPECT_EQ(judge("SELECT 1 INTO OUTFILE '/tmp/x'"), GuardRefusal::outfile);
  EXPECT_EQ(judge("SELECT 1 FORMAT JSON"), GuardRefusal::format);
  EXPECT_EQ(judge("SELECT 1 FORMAT `Null`"), GuardRefusal::format);
  EXPECT_EQ(judge("SELECT 1 FORMAT JSON SETTINGS x = 1"), GuardRefusal::format);
  EXPECT_EQ(judge("SELECT 1 SETTINGS max_threads = 1"), GuardRefusal::settings);
  EXPECT_EQ(judge("SELECT * FROM (SELECT 1 SETTINGS readonly = 0)"), GuardRefusal::settings);
}

TEST_F(Guard, RefusesFunctionsThatReachOutsideEvenByName) {
  for (const std::string_view sql :
       {"SELECT file('/etc/passwd')", "SELECT `file`('/etc/passwd')", "SELECT * APPLY file FROM t",
        "SELECT arrayMap(file, x)", "SELECT hasColumnInTable('h', 'u', 'p', 'd', 't', 'c')",
        "SELECT x FROM t WHERE file = 1", "SELECT aiGenerate('x')"}) {
    EXPECT_EQ(judge(sql), GuardRefusal::function) << sql;
  }
}

TEST_F(Guard, RefusesTableFunctionsThatItDoesNotKnowToBeHarmless) {
  for (const std::string_view sql :
       {"SELECT * FROM url('http://x')", "SELECT * FROM S3('x')", "SELECT * FROM `remote` ('x')",
        "SELECT * FROM merge('system', '.*')", "SELECT * FROM newOne(1)"}) {
    EXPECT_EQ(judge(sql), GuardRefusal::table_function) << sql;
  }
}

TEST_F(Guard, RefusesSystemTablesThatShowMoreThanTheSchema) {
  for (const std::string_view sql :
       {"SELECT * FROM system.processes", "SELECT * FROM `system`.`models`",
        "SELECT 1 IN system.stack_trace", "DESCRIBE TABLE system.models",
        "SELECT * FROM system."}) {
    EXPECT_EQ(judge(sql), GuardRefusal::system_table) << sql;
  }
}

TEST_F(Guard, RefusesTextThatTheFormatterDoesNotWrite) {
  for (const std::string_view sql :
       {"SELECT 'open", "SELECT `open", "SELECT \"quoted\"", "SELECT $a$x$a$", "SELECT 1 # x",
        "SELECT `fi\\x6ce`('x')", "SELECT \xe2\x80\x9cversion\xe2\x80\x9d()"}) {
    EXPECT_EQ(judge(sql), GuardRefusal::unreadable) << sql;
  }
}

}  // namespace
}  // namespace mr::store
