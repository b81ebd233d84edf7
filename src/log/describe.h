#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/world.h"
#include "log/consumer_note.h"
#include "log/manifest.h"
#include "stream/log.h"

namespace mr::log {

struct SegmentDescription {
  SegmentEntry entry;
  Offset end;            // of the unsealed one: what is visible now
  uint64_t bytes = 0;    // that mean something
  bool missing = false;  // its file is gone
};

// What a partition's files say, for people and for the commands.
struct PartitionDescription {
  stream::TopicPartition which;
  Offset first;  // the first kept offset
  Offset end;    // one past the last visible one
  uint64_t bytes = 0;
  std::optional<WallTime> oldest;  // of the first kept record
  std::optional<WallTime> newest;  // of the sealed segments, and of the last record
  bool writer_runs = false;
  std::vector<SegmentDescription> segments;
  ConsumerList consumers;
};

// Looks at a partition from outside, beside a running writer or without one; changes nothing.
// Errors: not_found (nothing was ever written there), corrupt (the manifest is missing or cannot be
// read), io_failed.
io::Task<Result<PartitionDescription>> describe_partition(io::World world, io::Path log_folder,
                                                          stream::TopicPartition which);

}  // namespace mr::log
