#include "load/repeat_filter.h"

#include <gtest/gtest.h>

#include "load/block.h"

namespace mr::load {
namespace {

bool seen(RepeatFilter& filter, const std::string& partition, const std::string& offset) {
  const stream::Record record{.offset = Offset(0),
                              .timestamp = {},
                              .key = {},
                              .value = {},
                              .headers = {{source_partition_header, as_bytes(partition)},
                                          {source_offset_header, as_bytes(offset)}}};
  return filter.seen(record);
}

TEST(RepeatFilter, ABatchThatWasDoneAgainIsSeenInEachPartitionByItself) {
  RepeatFilter filter;
  for (const char* offset : {"3", "4", "6"}) EXPECT_FALSE(seen(filter, "2", offset));
  EXPECT_FALSE(seen(filter, "0", "4"));
  RepeatFilter restarted(filter.marks());
  for (const char* offset : {"3", "4", "6"}) EXPECT_TRUE(seen(restarted, "2", offset));
  EXPECT_FALSE(seen(restarted, "2", "7"));
  EXPECT_TRUE(seen(restarted, "0", "4"));
  ASSERT_EQ(restarted.marks().size(), 2u);
  EXPECT_EQ(restarted.marks()[0].partition, 0);
  EXPECT_EQ(restarted.marks()[1].next, Offset(8));
}

TEST(RepeatFilter, TopicsHaveMarksOfTheirOwn) {
  RepeatFilter filter;
  const auto seen_in = [](RepeatFilter& by, const std::string& topic) {
    const std::string partition = "0";
    const std::string offset = "4";
    return by.seen({.offset = Offset(0),
                    .timestamp = {},
                    .key = {},
                    .value = {},
                    .headers = {{source_topic_header, as_bytes(topic)},
                                {source_partition_header, as_bytes(partition)},
                                {source_offset_header, as_bytes(offset)}}});
  };
  EXPECT_FALSE(seen(filter, "0", "4"));
  EXPECT_FALSE(seen_in(filter, "captured.ai"));
  RepeatFilter restarted(filter.marks());
  EXPECT_TRUE(seen_in(restarted, "captured.ai"));
  EXPECT_TRUE(seen(restarted, "0", "4"));
  EXPECT_FALSE(seen_in(restarted, "captured.historical"));
}

TEST(RepeatFilter, RecordsWithoutASourceAreNeverRepeats) {
  RepeatFilter filter;
  const stream::Record bare{Offset(0), {}, {}, {}, {}};
  EXPECT_FALSE(filter.seen(bare));
  EXPECT_FALSE(filter.seen(bare));
  EXPECT_FALSE(seen(filter, "x", "1"));
  EXPECT_FALSE(seen(filter, "x", "1"));
  EXPECT_FALSE(seen(filter, "0", "1x"));
  EXPECT_TRUE(filter.marks().empty());
}

}  // namespace
}  // namespace mr::load
