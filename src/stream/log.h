#pragma once

#include <compare>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stream/stream.h"

namespace mr::stream {

// One partition of a topic by its place.
struct TopicPartition {
  std::string topic;
  int32_t partition = 0;
  auto operator<=>(const TopicPartition&) const = default;
};

struct AppendOptions {
  Visibility visibility = Visibility::on_durable;
  // When set, everything at or above it is cut when the partition opens: what its writer had
  // appended but not committed elsewhere. Where the log ends below it, records were lost: their
  // offsets are damaged, and not given again. Opening fails if a consumer has read above it. An
  // engine that cannot cut (Log::cuts_uncommitted) leaves the records to be recognised as repeats.
  std::optional<Offset> truncate_to;
};

// Says how far one registered consumer has come in one partition, so that retention keeps what it
// still needs. The true position is where the consumer keeps it, together with its state; this is a
// lower bound of it, written now and then.
class Consumer {
 public:
  virtual ~Consumer() = default;
  // Everything below `next` is done, durably, in the consumer's own state. Cheap: most calls only
  // remember; the note is written at most once a second.
  virtual io::Task<Result<void>> finished(Offset next) = 0;
};

// All partitions of one log, whichever engine keeps them: our own files (log/) or Kafka (kafka/).
// Belongs to one loop; what it opens must be closed before it is destroyed.
class Log {
 public:
  virtual ~Log() = default;

  // By name, then partition.
  virtual io::Task<Result<std::vector<TopicPartition>>> list() = 0;

  // Opens a partition for appending; made when missing. Errors: busy (another process writes it),
  // corrupt, unsupported, io_failed; on Kafka also not_found and denied (topic missing or not
  // allowed).
  virtual io::Task<Result<std::unique_ptr<Appender>>> open_appender(TopicPartition which,
                                                                    AppendOptions options) = 0;

  // Opens a partition for reading; it may be empty, or not written by anyone yet.
  virtual io::Task<Result<std::unique_ptr<Reader>>> open_reader(TopicPartition which) = 0;

  // Registers a consumer by name; from now on retention waits for it. `next` is where it is.
  virtual io::Task<Result<std::unique_ptr<Consumer>>> register_consumer(TopicPartition which,
                                                                        std::string name,
                                                                        Offset next) = 0;

  // Whether truncate_to and Visibility::on_publish hold. When not, a reader may meet records that
  // their writer wrote again after a crash, and drops them by their source offset.
  virtual bool cuts_uncommitted() const = 0;
};

}  // namespace mr::stream
