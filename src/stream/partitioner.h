#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace mr::stream {

// MurmurHash2 of 32 bits as Kafka's Java client computes it (seed 0x9747b28c).
uint32_t murmur2(ByteView bytes);

// The partition, below `partitions` (at least 1), in which a record with this key belongs: Kafka's
// default for records with a key, so that a topic means the same whichever engine holds it. Source:
// org.apache.kafka.clients.producer.internals.BuiltInPartitioner, partitionForKey.
int32_t partition_of_key(ByteView key, int32_t partitions);

}  // namespace mr::stream
