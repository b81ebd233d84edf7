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
  // All partitions, those of one topic, or one. Error: not_found, naming what there is.
  io::Task<Result<std::vector<stream::TopicPartition>>> chosen();

  const Command& command_;
  io::RealWorld real_;
  io::World world_;
  io::Path folder_;
};

// "captured/0"
std::string place_of(const stream::TopicPartition& which);
void print(const std::string& text);
void set_number(json::Object& object, const char* name, int64_t number);
// Items as a JSON array.
std::string joined(const std::vector<std::string>& items);

// Why a partition cannot be read, as a line for people.
std::string trouble_text(const stream::TopicPartition& which, const Error& error);
// The same for scripts: the partition with the member `error`.
std::string trouble_json(const stream::TopicPartition& which, const Error& error);

}  // namespace mr::main
