#pragma once

#include <memory>
#include <string>

#include "log/embedded_log.h"
#include "main/process_runtime.h"
#include "stream/topics.h"

namespace mr::main {

// A topic that two processes write has a partition for each: accept and pipeline write the first,
// the store process the second.
inline constexpr int32_t first_partition = 0;
inline constexpr int32_t store_partition = 1;

// Opens a partition of the server's log for writing, with the settings in force.
io::Task<Result<std::unique_ptr<log::LogAppender>>> open_appender(
    ProcessRuntime& runtime, log::PartitionName name, log::AppenderOptions options = {});

// Opens one for reading; it may still be empty.
io::Task<Result<std::unique_ptr<stream::Reader>>> open_reader(ProcessRuntime& runtime,
                                                              log::PartitionName name);

// The server's log by topic names, for tail and status.
class LogTopics final : public stream::Topics {
 public:
  LogTopics(io::World& world, io::Path log_folder)
      : world_(world), log_folder_(std::move(log_folder)) {}

  io::Task<Result<std::vector<stream::TopicPartition>>> list() override;
  io::Task<Result<std::unique_ptr<stream::Reader>>> open_reader(
      stream::TopicPartition which) override;

 private:
  io::World& world_;
  io::Path log_folder_;
};

}  // namespace mr::main
