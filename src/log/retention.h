#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/world.h"
#include "log/manifest.h"
#include "log/options.h"

// What may be removed from a partition, and removing it from outside of its writer.
namespace mr::log {

// The registered consumer that is furthest behind.
struct SlowestConsumer {
  // Below it every registered consumer is done; nothing when none is registered.
  std::optional<Offset> next;
  std::string name;
};

// Reads the notes in "<partition>/consumers". A note that cannot be read holds everything back.
io::Task<Result<SlowestConsumer>> slowest_consumer(io::World world, io::Path partition_folder);

// How many of the oldest segments are sealed and beyond what is to be kept. `open_bytes` are those
// of the unsealed segment.
size_t expired_segments(const Manifest& manifest, const Retention& retention, uint64_t open_bytes,
                        WallTime now);

// Takes the first `count` segments out of the manifest and yields them: their files go once the
// manifest is durable.
std::vector<SegmentEntry> drop_segments(Manifest& manifest, size_t count);

// Removes the files of a segment that the durable manifest does not name.
io::Task<Result<void>> remove_segment_files(io::World world, io::Path folder, Offset base);

// Removes what lies below `offset`, for an operator. A running writer does it when asked through
// the shared page, within a second or so; without one, also when it ends meanwhile, it is done
// here, under the partition's lock, as far as segments are sealed. Yields the first offset that is
// kept then: a lower one when `deadline` came first.
// Errors: not_found (no such partition), invalid_input (`offset` is not visible yet), and, unless
// `force` is given, busy (a registered consumer is below it, or an expected one has not registered)
// and corrupt (a consumer's note cannot be read).
struct RemoveBefore {
  Offset offset;
  bool force = false;
  Instant deadline;
  std::vector<std::string> expected;  // consumers that will come if they are not there yet
};
io::Task<Result<Offset>> remove_before(io::World world, io::Path folder, RemoveBefore what);

}  // namespace mr::log
