#include "kafka/topic_admin.h"

#include <librdkafka/rdkafka.h>

#include "kafka/handle.h"

namespace mr::kafka {

namespace {

constexpr size_t error_text_max = 512;

// The response for the one topic of a CreateTopics event, with the brokers' words.
Result<void> outcome_of(rd_kafka_event_t* event, const std::string& attempt) {
  if (event == nullptr) return fail(error_of(RD_KAFKA_RESP_ERR__TIMED_OUT, attempt));
  auto response = rd_kafka_event_error(event);
  std::string words;
  size_t count = 0;
  const rd_kafka_CreateTopics_result_t* result = rd_kafka_event_CreateTopics_result(event);
  if (response == RD_KAFKA_RESP_ERR_NO_ERROR && result != nullptr) {
    const auto** topics = rd_kafka_CreateTopics_result_topics(result, &count);
    if (count > 0) {
      response = rd_kafka_topic_result_error(topics[0]);
      if (const char* text = rd_kafka_topic_result_error_string(topics[0])) words = text;
    }
  }
  rd_kafka_event_destroy(event);
  const bool fine =
      response == RD_KAFKA_RESP_ERR_NO_ERROR || response == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS;
  if (fine) return {};
  const Error error = error_of(response, attempt);
  return fail(error.code(), words.empty() ? error.message() : attempt + ": " + words);
}

}  // namespace

Result<TopicSizes> list_topics(rd_kafka_s* client, Millis timeout) {
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto response =
      rd_kafka_metadata(client, 1, nullptr, &metadata, static_cast<int>(timeout.count));
  if (response != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return fail(error_of(response, "asking the Kafka brokers for their topics"));
  }
  TopicSizes sizes;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
    if (topic.err == RD_KAFKA_RESP_ERR_NO_ERROR) sizes[topic.topic] = topic.partition_cnt;
  }
  rd_kafka_metadata_destroy(metadata);
  return sizes;
}

Result<void> create_topic(rd_kafka_s* client, const std::string& topic, int32_t partitions,
                          size_t record_bytes_max, Millis timeout) {
  constexpr int brokers_default = -1;
  const std::string attempt = "making the Kafka topic " + topic;
  char text[error_text_max];
  rd_kafka_NewTopic_t* wanted =
      rd_kafka_NewTopic_new(topic.c_str(), partitions, brokers_default, text, sizeof text);
  if (wanted == nullptr) return fail(ErrorCode::invalid_input, attempt + ": " + text);
  // A batch holds at least one record, and its own header.
  const std::string bytes_max = std::to_string(record_bytes_max + 64 * 1024);
  rd_kafka_NewTopic_set_config(wanted, "max.message.bytes", bytes_max.c_str());
  rd_kafka_NewTopic_set_config(wanted, "message.timestamp.type", "CreateTime");
  rd_kafka_NewTopic_set_config(wanted, "compression.type", "producer");
  rd_kafka_AdminOptions_t* options =
      rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS);
  rd_kafka_AdminOptions_set_request_timeout(options, static_cast<int>(timeout.count), text,
                                            sizeof text);
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client);
  rd_kafka_CreateTopics(client, &wanted, 1, options, queue);
  const auto outcome =
      outcome_of(rd_kafka_queue_poll(queue, static_cast<int>(timeout.count) + 1'000), attempt);
  rd_kafka_queue_destroy(queue);
  rd_kafka_AdminOptions_destroy(options);
  rd_kafka_NewTopic_destroy(wanted);
  return outcome;
}

}  // namespace mr::kafka
