#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/disk.h"
#include "io/world.h"
#include "log/options.h"
#include "stream/stream.h"

namespace mr::log {

// What an appender has done since it was opened, for metrics and for `millrace status`.
struct AppenderStatus {
  uint64_t records = 0;
  uint64_t payload_bytes = 0;  // keys, values and headers
  uint64_t written_bytes = 0;  // batches with their padding
  uint64_t commits = 0;
  uint64_t segments = 0;      // begun
  uint64_t recoveries = 0;    // after a write or sync that failed
  uint64_t refused_busy = 0;  // appends, by reason
  uint64_t refused_no_space = 0;
  uint64_t refused_too_large = 0;
  uint64_t failed = 0;  // appends whose outcome is unknown
  bool direct = false;  // commits go past the page cache
  bool space_low = false;
  std::string failure;  // what is wrong now; empty when nothing is
};

// An Appender on our own disk. Belongs to one loop.
class LogAppender : public stream::Appender {
 public:
  // Refuses new appends, completes the accepted ones, seals the segment, lets the lock go. Call
  // once and await it before the appender is destroyed.
  virtual io::Task<Result<void>> close() = 0;
  virtual AppenderStatus status() const = 0;
};

// A partition's place in the log folder "<log>/<topic>/<number>".
struct PartitionName {
  std::string topic;
  int32_t number = 0;
  auto operator<=>(const PartitionName&) const = default;
};

// The embedded log: each partition is a folder of segments with one writer process and any number
// of readers in any process. docs/formats/log.md describes the files.
class EmbeddedLog {
 public:
  // Opens a partition for appending, recovering it first; the folder is made when missing. Errors:
  // busy (another process writes it), corrupt, unsupported, io_failed. A full disk is no error:
  // the partition opens and refuses appends with no_space until there is space.
  static io::Task<Result<std::unique_ptr<LogAppender>>> open_appender(io::World world,
                                                                      io::Path folder,
                                                                      AppenderOptions options);

  // Opens a partition for reading; it may not have a writer, or any record, yet.
  static io::Task<Result<std::unique_ptr<stream::Reader>>> open_reader(io::World world,
                                                                       io::Path folder);

  // The partitions below a log folder, sorted. A missing folder has none.
  static io::Task<Result<std::vector<PartitionName>>> list_partitions(io::World world,
                                                                      io::Path log_folder);

  // Positions kept in a folder, one small checksummed file for each name; the folder is made when
  // missing.
  static std::unique_ptr<stream::Checkpoints> open_checkpoints(io::World world, io::Path folder);

  // "<log>/<topic>/<number>"
  static io::Path partition_folder(const io::Path& log_folder, const PartitionName& name);
};

}  // namespace mr::log
