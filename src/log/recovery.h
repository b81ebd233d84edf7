#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "io/world.h"
#include "log/manifest.h"
#include "log/options.h"

namespace mr::log {

// The head of a batch through which a cut went: records that must be written again, at the start
// of the next segment.
struct Carried {
  // What the records' views point into.
  std::vector<std::shared_ptr<const void>> memory;
  size_t contents_bytes = 0;  // all records of the batch, decompressed
  std::vector<stream::Record> records;
  WallTime max_timestamp() const;
  uint64_t batch_end = 0;  // where the batch ended in its segment
};

// What a partition's files hold, proven to be on the device, with its last segment sealed. The
// seal is in `manifest` here, not yet in the manifest on disk: it becomes durable with the next
// segment's entry.
struct Recovered {
  Manifest manifest;
  // One past the last offset that counts, carried records included.
  Offset end;
  // Of the last segment, for readers until the next segment begins: what they may read of it.
  int32_t tail_epoch = 0;
  uint64_t tail_bytes = 0;
  std::optional<Carried> carried;
  uint64_t holes = 0;
};

// Everything that opening does after a crash, or after a write that failed; the only code that
// discards bytes. The caller holds the partition's lock. Rules (docs/formats/log.md, "recovery"):
//  - acknowledged bytes are never rewritten in place;
//  - the last segment is read past the page cache and the device flushed; where that cannot be
//    done, its valid part is copied to a new file, synced, and renamed over it;
//  - what is not a valid batch of this use at the expected offset is cut, and said so;
//  - where it ends below what the writer, the committed state (truncate_to) or a consumer knows to
//    have been durable, it is moved up to that: the offsets between are damaged;
//  - truncate_to cuts on top of that.
// Errors: corrupt (the manifest, or a consumer that has read above truncate_to), unsupported,
// io_failed, no_space. Nothing acknowledged is lost by an error; calling again is right.
io::Task<Result<Recovered>> recover_partition(io::World world, io::Path folder,
                                              AppenderOptions options);

}  // namespace mr::log
