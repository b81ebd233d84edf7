#include "sqlite/sqlite.h"

#include <gtest/gtest.h>

namespace mr::sqlite {
namespace {

constexpr Migration first_schema[] = {{1, "CREATE TABLE t (id BIGINT PRIMARY KEY, v TEXT)"}};
constexpr Migration second_schema[] = {first_schema[0], {2, "ALTER TABLE t ADD COLUMN w BLOB"}};

TEST(Sqlite, BindsAndReadsEveryKindOfValue) {
  auto database = Database::open(":memory:");
  ASSERT_TRUE(database);
  ASSERT_TRUE(migrate(*database, "test", second_schema));
  auto insert = database->prepare("INSERT INTO t VALUES (?, ?, ?)");
  ASSERT_TRUE(insert);
  const std::string text("zo\xc3\xab\0x", 6);
  ASSERT_TRUE(insert->bind(1, 7).bind(2, text).bind_blob(3, as_bytes(text)).run());
  ASSERT_TRUE(insert->bind(1, 8).bind_null(2).bind_blob(3, {}).run());
  auto read = database->prepare("SELECT id, v, w FROM t ORDER BY id");
  ASSERT_TRUE(read);
  ASSERT_TRUE(*read->step());
  EXPECT_EQ(read->integer(0), 7);
  EXPECT_EQ(read->text(1), text);
  EXPECT_EQ(as_text(read->blob(2)), text);
  ASSERT_TRUE(*read->step());
  EXPECT_TRUE(read->is_null(1));
  EXPECT_TRUE(read->blob(2).empty());
  EXPECT_FALSE(*read->step());
}

TEST(Sqlite, ATransactionThatIsNotCommittedLeavesNothing) {
  auto database = Database::open(":memory:");
  ASSERT_TRUE(database && migrate(*database, "test", first_schema));
  {
    auto transaction = Transaction::begin(*database);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(database->execute("INSERT INTO t VALUES (1, 'a')"));
  }
  {
    auto transaction = Transaction::begin(*database);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(database->execute("INSERT INTO t VALUES (2, 'b')"));
    ASSERT_TRUE(transaction->commit());
  }
  auto read = database->prepare("SELECT group_concat(id) FROM t");
  ASSERT_TRUE(*read->step());
  EXPECT_EQ(read->text(0), "2");
}

TEST(Sqlite, MigrationsRunOnceAndANewerSchemaIsRefusedByName) {
  auto database = Database::open(":memory:");
  ASSERT_TRUE(database);
  ASSERT_TRUE(migrate(*database, "test.db", first_schema));
  ASSERT_TRUE(migrate(*database, "test.db", first_schema));
  ASSERT_TRUE(migrate(*database, "test.db", second_schema));
  const auto refused = migrate(*database, "test.db", first_schema);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::unsupported);
  EXPECT_NE(refused.error().message().find("test.db has schema version 2"), std::string::npos);
}

TEST(Sqlite, ErrorsNameTheStatement) {
  auto database = Database::open(":memory:");
  const auto prepared = database->prepare("SELECT nothing FROM nowhere");
  ASSERT_FALSE(prepared);
  EXPECT_NE(prepared.error().message().find("nowhere"), std::string::npos);
  const auto opened = Database::open("/nonexistent/folder/x.db");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::io_failed);
}

}  // namespace
}  // namespace mr::sqlite
