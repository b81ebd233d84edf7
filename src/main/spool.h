#pragma once

#include <memory>
#include <vector>

#include "event/lane.h"
#include "main/process_runtime.h"
#include "stream/log.h"

namespace mr::main {

// Accept's spool of one lane: a partition of the embedded log behind each partition of its topic on
// Kafka.
class Spool {
 public:
  // Null when the settings want none.
  static std::unique_ptr<Spool> open(ProcessRuntime& runtime, event::Lane lane);

  // Says so, in the log and in a gauge, when an earlier run left records and there is no spool now.
  static io::Task<void> warn_of_leftovers(ProcessRuntime& runtime);

  // How many partitions of the topic the spool knows from earlier runs: 0 when there was none.
  io::Task<Result<int32_t>> partitions();

  // The appender with the spool behind it.
  io::Task<Result<std::unique_ptr<stream::Appender>>> put_behind(
      std::unique_ptr<stream::Appender> remote, int32_t partition);

  // Lets records that wait in spools from partition `count` on, which the topic has no more, go to
  // the partitions below. In the background, once all is set up; what goes wrong is logged.
  io::Task<void> forward_leftovers(stream::Log& remote, int32_t count);
  // Ends what forward_leftovers() opened.
  io::Task<Result<void>> close();

 private:
  struct Leftover {
    int32_t partition = 0;
    int64_t records = 0;
  };
  Spool(ProcessRuntime& runtime, event::Lane lane);
  static io::Task<Result<std::vector<Leftover>>> find_leftovers(stream::Log& local,
                                                                stream::Checkpoints& positions,
                                                                event::Lane lane, int32_t first);
  io::Task<Result<void>> forward_leftover(stream::Log& remote, Leftover left, int32_t to);

  ProcessRuntime& runtime_;
  event::Lane lane_;
  std::unique_ptr<stream::Log> local_;
  std::unique_ptr<stream::Checkpoints> positions_;
  std::vector<std::unique_ptr<stream::Appender>> leftovers_;
};

}  // namespace mr::main
