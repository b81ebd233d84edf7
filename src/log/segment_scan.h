#pragma once

#include <optional>
#include <vector>

#include "io/aligned_buffer.h"
#include "io/disk.h"
#include "log/record.h"

namespace mr::log {

// A sliding view of a file, in memory that direct files accept.
class FileWindow {
 public:
  // `file` outlives the window. Reads are at least `chunk_bytes` long.
  FileWindow(io::File& file, size_t chunk_bytes) : file_(file), chunk_bytes_(chunk_bytes) {}

  // The bytes from `position` on: at least `bytes`, fewer only at the end of the file. Valid until
  // the next call.
  io::Task<Result<ByteView>> view(uint64_t position, size_t bytes);

 private:
  io::File& file_;
  size_t chunk_bytes_;
  io::AlignedBuffer buffer_;
  uint64_t start_ = 0;
};

// What is asked of the batches of a segment, and what a scan may leave out when a test plants a
// bug.
struct SegmentIdentity {
  Offset base;
  SegmentUse use;
  bool check_crc = true;
  bool recycled = false;  // the unused end of the file holds an earlier use, not zeros
  bool deferred = false;  // synced at intervals: what follows an invalid batch does not count
  bool check_use = true;
};

// Offsets that a segment once held durably and that its bytes no longer show.
struct Hole {
  Offset from;
  Offset to;
  uint64_t position = 0;
};

struct SegmentScan {
  uint64_t valid_bytes = 0;  // where the last valid batch ends
  Offset end;                // one past its last offset
  uint64_t batches = 0;
  WallTime max_timestamp;
  std::vector<Hole> holes;
  // Bytes after the end that are not zeros (in a recycled file: that begin like a batch of this
  // use): an unfinished commit was cut.
  bool torn = false;
  // The last batch that begins below the offset asked for, see scan_segment().
  uint64_t cut_position = 0;
  Offset cut_base;
};

// Walks the batches of a segment from its first byte, checking that use, contiguous base offset
// and checksum all match, until the first position where they do not. If a valid batch of the same
// use still follows at a later block, the bytes between were damaged after they had been written
// whole (a commit only begins when the one before it is durable): they become a hole, and the
// walk goes on. Also finds where a cut at `cut` would fall: the last batch boundary at or below it.
io::Task<Result<SegmentScan>> scan_segment(io::File& file, SegmentIdentity identity, Offset cut);

// The first valid batch that begins at a block boundary at or after `position`, ends by `limit`
// and has a base offset of at least `offset_min`.
struct FoundBatch {
  uint64_t position = 0;
  BatchHeader header;
};
io::Task<Result<std::optional<FoundBatch>>> find_next_batch(FileWindow& window,
                                                            SegmentIdentity identity,
                                                            uint64_t position, uint64_t limit,
                                                            Offset offset_min);

}  // namespace mr::log
