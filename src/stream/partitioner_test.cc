#include "stream/partitioner.h"

#include <gtest/gtest.h>

namespace mr::stream {
namespace {

TEST(Partitioner, HashesAsKafkasClientsDo) {
  // Kafka's own vectors (org.apache.kafka.common.utils.UtilsTest), which are signed.
  struct Vector {
    const char* key;
    int32_t hash;
  };
  for (const Vector& one : {Vector{"21", -973932308},
                            {"foobar", -790332482},
                            {"a-little-bit-long-string", -985981536},
                            {"a-little-bit-longer-string", -1486304829},
                            {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
                            {"abc", 479470107}}) {
    EXPECT_EQ(static_cast<int32_t>(murmur2(as_bytes(one.key))), one.hash) << one.key;
  }
}

TEST(Partitioner, AKeyStaysInOnePartitionAndKeysSpread) {
  constexpr int32_t partitions = 8;
  std::vector<int> counts(partitions);
  for (int i = 0; i < 8000; ++i) {
    const std::string key = "token:user" + std::to_string(i);
    const int32_t partition = partition_of_key(as_bytes(key), partitions);
    ASSERT_EQ(partition, partition_of_key(as_bytes(key), partitions));
    ++counts.at(static_cast<size_t>(partition));
  }
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
  EXPECT_EQ(partition_of_key(as_bytes("any"), 1), 0);
}

}  // namespace
}  // namespace mr::stream
