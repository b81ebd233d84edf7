#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/real_world.h"
#include "main/command_line.h"
#include "stream/log.h"

namespace mr::json {
class Object;
}

namespace mr::main {

// What the commands of `millrace log` share: the real doors, the log folder of --data and the
// partitions that the command line names.
class LogCommand {
 public:
  explicit LogCommand(const Command& command);

  // Runs the task and yields the exit code; a failure is reported.
  int run(io::Task<Result<int>> task);

 protected:
  // All partitions, those of one topic, or one. Error: not_found, naming what there is, or, where
  // the log is on Kafka, what the topic is called there. Without a topic none is no error then.
  io::Task<Result<std::vector<stream::TopicPartition>>> chosen();

  // What is printed with --json: a member for each partition.
  std::string partitions_json(const std::vector<std::string>& lines) const;

  const Command& command_;
  io::RealWorld real_;
  io::World world_;
  io::Path folder_;
  bool on_kafka_ = false;  // only the spool lies in the folder
};

// That the log is on Kafka, and what that means for `what`.
std::string kafka_note(const std::string& what);

// "captured/0"
std::string place_of(const stream::TopicPartition& which);
void print(const std::string& text);
void set_number(json::Object& object, const char* name, int64_t number);
// Sets `first_offset`, `last_offset` (null when there is none) and `next_offset`, one past it.
void set_offsets(json::Object& object, Offset first, Offset next);
// The last offset of a range for people: "-" when it is empty.
std::string last_offset_text(Offset first, Offset next);
// Items as a JSON array.
std::string joined(const std::vector<std::string>& items);

// Why a partition cannot be read, as a line for people.
std::string trouble_text(const stream::TopicPartition& which, const Error& error);
// The same for scripts: the partition with the member `error`.
std::string trouble_json(const stream::TopicPartition& which, const Error& error);

}  // namespace mr::main
