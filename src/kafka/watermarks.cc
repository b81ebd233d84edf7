#include "kafka/watermarks.h"

#include <librdkafka/rdkafka.h>

#include "kafka/handle.h"

namespace mr::kafka {

namespace {

std::string attempt(const char* what, const std::string& topic, int32_t partition) {
  return std::string(what) + " of the Kafka topic " + topic + ", partition " +
         std::to_string(partition);
}

}  // namespace

Result<Watermarks> query_watermarks(rd_kafka_s* client, const std::string& topic, int32_t partition,
                                    Millis timeout) {
  int64_t low = 0;
  int64_t high = 0;
  const auto response = rd_kafka_query_watermark_offsets(client, topic.c_str(), partition, &low,
                                                         &high, static_cast<int>(timeout.count));
  if (response != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return fail(error_of(response, attempt("asking for the offsets", topic, partition)));
  }
  return Watermarks{Offset(low), Offset(high)};
}

Result<Offset> query_time(rd_kafka_s* client, const std::string& topic, int32_t partition,
                          WallTime time, Millis timeout) {
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic.c_str(), partition)->offset = time.millis;
  auto response = rd_kafka_offsets_for_times(client, list, static_cast<int>(timeout.count));
  if (response == RD_KAFKA_RESP_ERR_NO_ERROR) response = list->elems[0].err;
  const int64_t offset = list->elems[0].offset;
  rd_kafka_topic_partition_list_destroy(list);
  if (response != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return fail(error_of(response, attempt("asking for a time's offset", topic, partition)));
  }
  if (offset >= 0) return Offset(offset);
  MR_TRY(const Watermarks marks, query_watermarks(client, topic, partition, timeout));
  return marks.end;
}

}  // namespace mr::kafka
