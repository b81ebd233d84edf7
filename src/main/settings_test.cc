#include "main/settings.h"

#include <gtest/gtest.h>

namespace mr::main {
namespace {

TEST(Settings, FileThenEnvironmentThenFlagDecide) {
  Settings settings;
  ASSERT_TRUE(settings.apply_toml(
      "listen = \"127.0.0.1:1\"\n[load]\nblock_rows = 5\ndelay = \"2s\"", "m.toml"));
  ASSERT_TRUE(settings.apply_environment({"PATH=/bin", "MILLRACE_LOAD_BLOCK_ROWS=6"}));
  EXPECT_EQ(settings.count("load.block_rows"), 6);
  ASSERT_TRUE(settings.set("load.block_rows", "7", "--load.block_rows"));
  EXPECT_EQ(settings.count("load.block_rows"), 7);
  EXPECT_EQ(settings.text("listen"), "127.0.0.1:1");
  EXPECT_EQ(settings.duration("load.delay").count, 2000);
  EXPECT_EQ(settings.bytes("log.segment_bytes"), 64u << 20);
}

TEST(Settings, AnUnknownKeyNamesTheNearestValidOne) {
  Settings settings;
  EXPECT_EQ(settings.apply_toml("[load]\nblok_rows = 5", "m.toml").error().message(),
            "m.toml: unknown setting \"load.blok_rows\"; did you mean \"load.block_rows\"?");
  EXPECT_EQ(settings.apply_environment({"MILLRACE_LISTN=x"}).error().message(),
            "environment: unknown setting \"MILLRACE_LISTN\"; did you mean \"MILLRACE_LISTEN\"?");
  EXPECT_TRUE(settings.apply_environment({"MILLRACE_LIBCHDB=/x"}));
}

TEST(Settings, BadValuesSayWhatIsExpected) {
  Settings settings;
  EXPECT_EQ(settings.set("load.delay", "5", "--load.delay").error().message(),
            "--load.delay: load.delay is \"5\" but must be a whole number with ms, s, m, h or d");
  EXPECT_FALSE(settings.set("log.format", "xml", "flag"));
  EXPECT_FALSE(settings.set("log.segment_bytes", "99999999999GiB", "flag"));
  EXPECT_FALSE(settings.apply_toml("x = [1", "m.toml"));
  EXPECT_FALSE(settings.apply_toml("listen = [1]", "m.toml"));
}

TEST(Settings, NumbersBeyondWhatWorksAreRefusedWithTheirRange) {
  Settings settings;
  EXPECT_EQ(
      settings.set("log.segment_bytes", "1", "flag").error().message(),
      "flag: log.segment_bytes is \"1\" but must be a whole number of bytes, or with KiB, MiB "
      "or GiB (1MiB to 1GiB)");
  EXPECT_TRUE(settings.set("log.segment_bytes", "1MiB", "flag"));
  EXPECT_FALSE(settings.set("log.segment_bytes", "2GiB", "flag"));
  EXPECT_TRUE(settings.set("log.sync", "interval=1m", "flag"));
  EXPECT_NE(settings.set("log.sync", "interval=1h", "flag").error().message().find("(1ms to 1m)"),
            std::string::npos);
  EXPECT_NE(settings.set("capture.partitions", "0", "flag").error().message().find("1 to 1024"),
            std::string::npos);
  EXPECT_FALSE(settings.set("load.block_rows", "0", "flag"));
  for (const SettingDefinition& definition : setting_definitions()) {
    EXPECT_TRUE(settings.set(definition.key, definition.default_text, "")) << definition.key;
  }
}

TEST(Settings, RetentionIsForTopicsThatThereAre) {
  Settings settings;
  const auto refused = settings.set("log.retention", "captrued=1d", "flag");
  ASSERT_FALSE(refused);
  for (const char* words : {"did you mean \"captured\"", "dead_letters", "and * for"}) {
    EXPECT_NE(refused.error().message().find(words), std::string::npos) << words;
  }
  EXPECT_NE(settings.set("log.retention", "*=1d,events=1d,*=2d", "flag")
                .error()
                .message()
                .find("names * twice"),
            std::string::npos);
}

TEST(Settings, RetentionIsALimitForEachTopic) {
  Settings settings;
  ASSERT_TRUE(settings.set("log.retention", "captured=forever,events=2d/10GiB, *=5GiB", "flag"));
  const auto rules = settings.retention("log.retention");
  ASSERT_EQ(rules.size(), 3u);
  EXPECT_EQ(rules[0].topic, "captured");
  EXPECT_EQ(rules[0].age.count + static_cast<int64_t>(rules[0].bytes), 0);
  EXPECT_EQ(rules[1].age.count, 2 * 86'400'000);
  EXPECT_EQ(rules[1].bytes, 10ull << 30);
  EXPECT_EQ(rules[2].topic, "*");
  EXPECT_EQ(rules[2].bytes, 5ull << 30);
  for (const char* bad : {"captured", "captured=", "=3d", "captured=x", "captured=0"}) {
    EXPECT_FALSE(settings.set("log.retention", bad, "flag")) << bad;
  }
}

TEST(Settings, SyncIsAlwaysOrAnInterval) {
  Settings settings;
  EXPECT_EQ(settings.sync_interval("log.sync").count, 0);
  ASSERT_TRUE(settings.set("log.sync", "interval=100ms", "flag"));
  EXPECT_EQ(settings.sync_interval("log.sync").count, 100);
  for (const char* bad : {"never", "interval", "interval=", "interval=5", "interval=0ms"}) {
    EXPECT_FALSE(settings.set("log.sync", bad, "flag")) << bad;
  }
  EXPECT_EQ(settings.text("log.reserved_bytes"), "auto");
  EXPECT_TRUE(settings.set("log.reserved_bytes", "10GiB", "flag"));
  EXPECT_FALSE(settings.set("log.reserved_bytes", "automatic", "flag"));
}

}  // namespace
}  // namespace mr::main
