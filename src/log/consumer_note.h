#pragma once

#include <string>
#include <vector>

#include "io/world.h"
#include "log/checkpoint_file.h"
#include "stream/log.h"

namespace mr::log {

// A consumer's note in its partition's folder: a lower bound of its position, by which the writer's
// retention knows what is still needed.
class ConsumerNote final : public stream::Consumer {
 public:
  // `folder` is consumers_folder() of the partition; `name` as for checkpoints.
  ConsumerNote(io::World world, io::Path folder, std::string name)
      : world_(world), files_(world, std::move(folder)), name_(std::move(name)) {}

  // Registers: from now on retention waits. On a full disk the note of an earlier run will do, if
  // it lies no higher.
  io::Task<Result<void>> open(Offset next);
  io::Task<Result<void>> finished(Offset next) override;

 private:
  io::Task<Result<void>> write(Offset next);

  io::World world_;
  CheckpointFiles files_;
  std::string name_;
  Offset written_;
  Instant written_at_;
};

// A consumer that has registered with a partition.
struct RegisteredConsumer {
  std::string name;
  Offset next;  // a lower bound of where it is
};

struct UnreadableNote {
  std::string name;  // of its consumer
  Error error;
};

// Who has registered, by name.
struct ConsumerList {
  std::vector<RegisteredConsumer> consumers;
  std::vector<UnreadableNote> unreadable;
};

// All of a partition; for who only looks. Errors: io_failed (the folder cannot be read).
io::Task<Result<ConsumerList>> look_at_consumers(io::World world, io::Path partition_folder);

// The same for who acts by it. Errors: corrupt (a note that cannot be read), io_failed.
io::Task<Result<std::vector<RegisteredConsumer>>> list_consumers(io::World world,
                                                                 io::Path partition_folder);

}  // namespace mr::log
