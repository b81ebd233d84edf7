#pragma once

#include <memory>

#include "main/process_runtime.h"
#include "stream/log.h"

namespace mr::main {

// Accept's spool: a partition of the embedded log behind each partition of `captured` on Kafka.
class Spool {
 public:
  // Null when the settings want none.
  static std::unique_ptr<Spool> open(ProcessRuntime& runtime);

  // Says so, in the log and in a gauge, when an earlier run left records that nobody forwards now:
  // in spools from partition `first` on.
  static io::Task<void> warn_of_leftovers(ProcessRuntime& runtime, int32_t first);

  // How many partitions of `captured` the spool knows from earlier runs: 0 when there was none.
  io::Task<Result<int32_t>> partitions();

  // The appender with the spool behind it.
  io::Task<Result<std::unique_ptr<stream::Appender>>> put_behind(
      std::unique_ptr<stream::Appender> remote, int32_t partition);

 private:
  explicit Spool(ProcessRuntime& runtime);

  ProcessRuntime& runtime_;
  std::unique_ptr<stream::Log> local_;
  std::unique_ptr<stream::Checkpoints> positions_;
};

}  // namespace mr::main
