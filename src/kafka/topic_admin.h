#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "base/time.h"

struct rd_kafka_s;

// What is asked of the brokers about topics. The calls block: make them on an io::Worker.
namespace mr::kafka {

// Topics that we may see, by name, with the number of their partitions.
using TopicSizes = std::map<std::string, int32_t>;

// Errors: timed_out, unauthorized, io_failed.
Result<TopicSizes> list_topics(rd_kafka_s* client, Millis timeout);

// Makes a topic with the brokers' own replication; one that is there already is fine. Errors: as
// above, and whatever the brokers have against it.
Result<void> create_topic(rd_kafka_s* client, const std::string& topic, int32_t partitions,
                          size_t record_bytes_max, Millis timeout);

}  // namespace mr::kafka
