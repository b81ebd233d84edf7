#include "kafka/options.h"

#include <gtest/gtest.h>

namespace mr::kafka {
namespace {

TEST(KafkaOptions, TopicsHaveTheReferencesNamesUnlessToldOtherwise) {
  Options options;
  EXPECT_EQ(topic_name(options, "captured"), "events_plugin_ingestion");
  EXPECT_EQ(topic_name(options, "events"), "clickhouse_events_json");
  EXPECT_EQ(topic_name(options, "unheard_of"), "unheard_of");
  options.topic_prefix = "eu_";
  options.topic_names["events"] = "rows";
  EXPECT_EQ(topic_name(options, "captured"), "eu_events_plugin_ingestion");
  EXPECT_EQ(topic_name(options, "events"), "eu_rows");
}

TEST(KafkaOptions, PairsAreSeparatedBySemicolonsOrByLines) {
  const std::vector<Property> expected = {{"security.protocol", "SASL_SSL"},
                                          {"sasl.password", "a=b"}};
  EXPECT_EQ(parse_pairs("security.protocol=SASL_SSL; sasl.password = a=b;"), expected);
  EXPECT_EQ(parse_pairs("security.protocol=SASL_SSL\nsasl.password=a=b\n"), expected);
  EXPECT_EQ(parse_pairs("\nsasl.password=a;b\n"),
            (std::vector<Property>{{"sasl.password", "a;b"}}));
  EXPECT_EQ(parse_pairs(""), std::vector<Property>());
}

TEST(KafkaOptions, AMalformedPairIsNamedWithoutWhatMayBeASecret) {
  const auto pairs = parse_pairs("=secret");
  ASSERT_FALSE(pairs);
  EXPECT_EQ(pairs.error().message().find("secret"), std::string::npos);
  EXPECT_FALSE(parse_pairs("word"));
}

}  // namespace
}  // namespace mr::kafka
