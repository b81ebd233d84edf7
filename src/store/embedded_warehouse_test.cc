#include "store/embedded_warehouse.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "io/task_group.h"
#include "store/migrations.h"
#include "store/test_support.h"

namespace mr::store {
namespace {

TEST(EmbeddedWarehouse, StoresRowsAndAnswersInEveryFormat) {
  MR_NEEDS_ENGINE();
  WarehouseFixture fixture;
  const auto opened = fixture.open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message();
  const auto inserted = fixture.insert("events", event_row(1) + event_row(2), 2);
  ASSERT_TRUE(inserted.has_value()) << inserted.error().message();

  const std::string sql =
      "SELECT _offset, `$group_0` AS company, toString(timestamp) AS at FROM events ORDER BY 1;";
  const auto tsv = fixture.query(sql, QueryFormat::tsv);
  ASSERT_TRUE(tsv.has_value()) << tsv.error().message();
  EXPECT_EQ(tsv->data,
            "_offset\tcompany\tat\n1\tacme\t2026-11-02 10:00:00.123000\n"
            "2\tacme\t2026-11-02 10:00:00.123000\n");
  EXPECT_EQ(tsv->rows, 2U);
  EXPECT_EQ(fixture.query("SELECT 1 AS a, 'x' AS b", QueryFormat::csv)->data,
            "\"a\",\"b\"\n1,\"x\"\n");
  EXPECT_NE(fixture.query(sql, QueryFormat::json)->data.find("\"company\": \"acme\""),
            std::string::npos);
  EXPECT_NE(fixture.query(sql, QueryFormat::table)->data.find("│"), std::string::npos);
}

TEST(EmbeddedWarehouse, KeepsRowsOverAReopening) {
  MR_NEEDS_ENGINE();
  WarehouseFixture fixture;
  ASSERT_TRUE(fixture.open().has_value());
  ASSERT_TRUE(fixture.insert("events", event_row(1), 1).has_value());
  fixture.close();
  const auto opened = fixture.open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message();
  EXPECT_EQ(fixture.told("SELECT count() FROM events"), "1\n");
  EXPECT_EQ(fixture.told("SELECT count() FROM schema_migrations"),
            std::to_string(migrations().size()) + "\n");
}

TEST(EmbeddedWarehouse, RefusesAStoreOfANewerVersionByName) {
  MR_NEEDS_ENGINE();
  WarehouseFixture fixture;
  ASSERT_TRUE(fixture.open().has_value());
  ASSERT_TRUE(
      fixture.internal("INSERT INTO schema_migrations (version, name) VALUES (999, 'later')")
          .has_value());
  fixture.close();
  const auto opened = fixture.open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code(), ErrorCode::unsupported);
  EXPECT_NE(opened.error().message().find("999 (later)"), std::string::npos)
      << opened.error().message();
}

TEST(EmbeddedWarehouse, RefusesBlocksThatAreNotWhatTheySay) {
  MR_NEEDS_ENGINE();
  WarehouseFixture fixture;
  ASSERT_TRUE(fixture.open().has_value());
  EXPECT_EQ(fixture.insert("nothing", event_row(1), 1).error().code(), ErrorCode::not_found);
  const auto bad = fixture.insert("events", "{\"uuid\":\"zz\"}\n", 1);
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().code(), ErrorCode::invalid_input) << bad.error().message();
  const auto fewer = fixture.insert("events", event_row(1), 2);
  ASSERT_FALSE(fewer.has_value());
  EXPECT_EQ(fewer.error().code(), ErrorCode::failed) << "its row is in the table";
  // A statement cannot ride on the rows.
  EXPECT_FALSE(fixture.insert("events", event_row(5) + "; DROP TABLE events", 1).has_value());
  EXPECT_EQ(fixture.metrics().value("millrace_store_insert_failures_total"), 3);
}

TEST(EmbeddedWarehouse, ShowsTheLatestPersonsAndMappings) {
  MR_NEEDS_ENGINE();
  WarehouseFixture fixture;
  ASSERT_TRUE(fixture.open().has_value());
  const std::string person =
      R"({"id":"00000000-0000-0000-0000-0000000000aa","created_at":"2026-11-01 00:00:00",)"
      R"("team_id":1,"is_identified":0,"is_deleted":0,"version":0,"properties":"{\"a\":1}"})"
      "\n"
      R"({"id":"00000000-0000-0000-0000-0000000000aa","created_at":"2026-11-01 00:00:00",)"
      R"("team_id":1,"is_identified":1,"is_deleted":0,"version":1,"properties":"{\"a\":2}"})"
      "\n"
      R"({"id":"00000000-0000-0000-0000-0000000000bb","created_at":"2026-11-01 00:00:00",)"
      R"("team_id":1,"is_identified":0,"is_deleted":1,"version":100,"properties":"{}"})"
      "\n";
  ASSERT_TRUE(fixture.insert("person", person, 3).has_value());
  const std::string mapping =
      R"({"team_id":1,"distinct_id":"x","person_id":"00000000-0000-0000-0000-0000000000bb",)"
      R"("is_deleted":0,"version":0})"
      "\n"
      R"({"team_id":1,"distinct_id":"x","person_id":"00000000-0000-0000-0000-0000000000aa",)"
      R"("is_deleted":0,"version":1})"
      "\n"
      R"({"team_id":1,"distinct_id":"gone","person_id":"00000000-0000-0000-0000-0000000000aa",)"
      R"("is_deleted":1,"version":3})"
      "\n";
  ASSERT_TRUE(fixture.insert("person_distinct_id2", mapping, 3).has_value());
  EXPECT_EQ(fixture.query("SELECT id, properties, is_identified, version FROM persons")->data,
            "id\tproperties\tis_identified\tversion\n"
            "00000000-0000-0000-0000-0000000000aa\t{\"a\":2}\t1\t1\n");
  EXPECT_EQ(fixture.query("SELECT distinct_id, person_id FROM person_distinct_ids")->data,
            "distinct_id\tperson_id\nx\t00000000-0000-0000-0000-0000000000aa\n");
  EXPECT_EQ(fixture.query("SELECT count() FROM person_overrides")->data, "count()\n1\n");
}

TEST(EmbeddedWarehouse, ComputesColumnsFromPropertiesAndElements) {
  MR_NEEDS_ENGINE();
  WarehouseFixture fixture;
  ASSERT_TRUE(fixture.open().has_value());
  std::string row = event_row(1);
  const std::string empty = R"("elements_chain":"")";
  row.replace(row.find(empty), empty.size(),
              R"("elements_chain":"a.link:attr_id=\"buy\"href=\"/pay\"nth-child=\"1\"text=\"Pay\";)"
              R"(div:nth-child=\"2\";button:text=\"Go\"")");
  const auto inserted = fixture.insert("events", row, 1);
  ASSERT_TRUE(inserted.has_value()) << inserted.error().message();
  EXPECT_EQ(fixture.told("SELECT `$group_0`, `$group_1`, `$session_id`, hex(`$session_id_uuid`), "
                         "elements_chain_href, elements_chain_texts, elements_chain_ids, "
                         "elements_chain_elements FROM events"),
            "acme\t\t0193aaaa-0000-7000-8000-000000000001\t0193AAAA000070008000000000000001\t"
            "/pay\t['Pay','Go']\t['buy']\t['a','button']\n");
}

TEST(EmbeddedWarehouse, ReadsTimesAsUtcWhateverTheMachinesZone) {
  MR_NEEDS_ENGINE();
  ::setenv("TZ", "Asia/Tokyo", 1);
  WarehouseFixture fixture;
  ASSERT_TRUE(fixture.open().has_value());
  ASSERT_TRUE(fixture.insert("events", event_row(1), 1).has_value());
  EXPECT_EQ(fixture.told("SELECT toUnixTimestamp(person_created_at), "
                         "toUnixTimestamp64Milli(timestamp) FROM events"),
            "1793491200\t1793613600123\n");
  EXPECT_EQ(fixture.query("SELECT timezone()")->data, "timezone()\nUTC\n");
}

io::Task<bool> insert_while_a_query_sleeps(WarehouseFixture& fixture) {
  struct Slow {
    static io::Task<void> query(Warehouse& warehouse, bool& ended) {
      (void)co_await warehouse.query({"SELECT sleepEachRow(1) FROM numbers(3)"});
      ended = true;
    }
  };
  bool ended = false;
  io::TaskGroup group(fixture.world().loop());
  group.spawn(Slow::query(fixture.warehouse(), ended));
  co_await fixture.world().loop().yield();
  const auto inserted = co_await fixture.warehouse().insert({"events", event_row(1), 1});
  const auto counted = co_await fixture.warehouse().query({"SELECT count() FROM events"});
  const bool met = !ended;
  co_await group.drain();
  co_return inserted.has_value() && counted.has_value() && met;
}

TEST(EmbeddedWarehouse, NeitherInsertsNorQueriesWaitForASlowQuery) {
  MR_NEEDS_ENGINE();
  WarehouseFixture fixture;
  ASSERT_TRUE(fixture.open().has_value());
  EXPECT_TRUE(io::run_in(fixture.world(), insert_while_a_query_sleeps(fixture)));
}

TEST(EmbeddedWarehouse, AFrozenCopyHoldsTheRowsOfItsMoment) {
  MR_NEEDS_ENGINE();
  WarehouseFixture fixture;
  ASSERT_TRUE(fixture.open().has_value());
  for (int i = 1; i <= 20; ++i) ASSERT_TRUE(fixture.insert("events", event_row(i), 1).has_value());
  const io::Path copy = fixture.folder().at("copy");
  const auto frozen = io::run_in(fixture.world(), fixture.warehouse().freeze_into(copy));
  ASSERT_TRUE(frozen.has_value()) << frozen.error().message();
  ASSERT_TRUE(fixture.insert("events", event_row(21), 1).has_value());
  EXPECT_EQ(fixture.told("SELECT count() FROM events"), "21\n");
  fixture.close();
  WarehouseFixture copied({}, copy);
  const auto opened = copied.open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message();
  EXPECT_EQ(copied.told("SELECT count(), max(_offset) FROM events"), "20\t20\n");
  ASSERT_TRUE(copied.insert("events", event_row(22), 1).has_value());
  EXPECT_EQ(copied.told("SELECT count() FROM events"), "21\n");
}

}  // namespace
}  // namespace mr::store
