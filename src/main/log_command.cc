#include "main/log_command.h"

#include <algorithm>
#include <cstdio>

#include "codec/json_object.h"
#include "kafka/options.h"
#include "log/partition.h"
#include "main/commands.h"
#include "main/data_directory.h"
#include "main/text_table.h"

namespace mr::main {

LogCommand::LogCommand(const Command& command)
    : command_(command), world_(real_.world()), folder_(DataDirectory(command.server.data).log()) {
}

int LogCommand::run(io::Task<Result<int>> task) {
  const auto engine =
      real_.result_of(noted_engine(world_.disk, DataDirectory(command_.server.data)));
  if (!engine) return report(engine.error());
  on_kafka_ = *engine == "kafka";
  if (on_kafka_) {
    std::fputs(kafka_note("here is only its spool. Ask the brokers with `millrace status` and "
                          "`millrace tail`, or with Kafka's own tools: kafka-get-offsets.sh, "
                          "kafka-console-consumer.sh, kafka-delete-records.sh")
                   .c_str(),
               stderr);
  }
  const Result<int> result = real_.result_of(std::move(task));
  return result ? *result : report(result.error());
}

io::Task<Result<std::vector<stream::TopicPartition>>> LogCommand::chosen() {
  MR_CO_TRY(const auto all, co_await log::list_partitions(world_, folder_));
  std::vector<stream::TopicPartition> found;
  std::string known;
  for (const stream::TopicPartition& which : all) {
    known += (known.empty() ? "" : ", ") + place_of(which);
    const bool fits = command_.log.topic.empty() || which.topic == command_.log.topic;
    if (fits && (command_.log.partition < 0 || which.partition == command_.log.partition)) {
      found.push_back(which);
    }
  }
  const std::vector<std::string_view> on_brokers = kafka::known_topics();
  if (found.empty() && on_kafka_ && command_.log.topic.empty()) co_return found;
  if (found.empty() && on_kafka_ && std::ranges::count(on_brokers, command_.log.topic) > 0) {
    co_return fail(ErrorCode::not_found,
                   command_.log.topic + " is not here but on Kafka, as " +
                       std::string(kafka::default_topic_name(command_.log.topic)) +
                       " unless kafka.topics or kafka.topic_prefix say otherwise" +
                       (known.empty() ? "" : "; here is: " + known));
  }
  if (found.empty() && (!command_.log.topic.empty() || all.empty())) {
    co_return fail(ErrorCode::not_found,
                   all.empty()
                       ? "there is no log in " + folder_ + " (name the data directory with --data)"
                       : "no such topic or partition; there are: " + known);
  }
  co_return found;
}

std::string LogCommand::partitions_json(const std::vector<std::string>& lines) const {
  json::Object object;
  object.set_text("engine", on_kafka_ ? "kafka" : "embedded");
  object.set("partitions", joined(lines));
  return object.to_json() + "\n";
}

std::string kafka_note(const std::string& what) {
  return "millrace: the log of this data directory is on Kafka: " + what + "\n";
}

std::string place_of(const stream::TopicPartition& which) {
  return which.topic + "/" + std::to_string(which.partition);
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void set_number(json::Object& object, const char* name, int64_t number) {
  object.set(name, std::to_string(number));
}

void set_offsets(json::Object& object, Offset first, Offset next) {
  set_number(object, "first_offset", first.value);
  object.set("last_offset", first < next ? std::to_string(next.value - 1) : "null");
  set_number(object, "next_offset", next.value);
}

std::string last_offset_text(Offset first, Offset next) {
  return first < next ? grouped(next.value - 1) : "-";
}

std::string joined(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) {
    if (out.size() > 1) out += ",";
    out += item;
  }
  return out + "]";
}

std::string trouble_text(const stream::TopicPartition& which, const Error& error) {
  return place_of(which) + ": " + error.message() + "\n";
}

std::string trouble_json(const stream::TopicPartition& which, const Error& error) {
  json::Object object;
  object.set_text("topic", which.topic);
  set_number(object, "partition", which.partition);
  object.set_text("error", error.message());
  return object.to_json();
}

}  // namespace mr::main
