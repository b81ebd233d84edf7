#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/disk.h"
#include "log/record.h"

namespace mr::log {

// One segment as the manifest knows it.
struct SegmentEntry {
  Offset base;
  SegmentUse use;
  bool sealed = false;
  // Set when sealed: bytes after `sealed_bytes` mean nothing.
  uint64_t sealed_bytes = 0;
  Offset end;
  WallTime max_timestamp;
  // The file was used before: behind the last batch lies what an earlier use left, not zeros.
  bool recycled = false;
  // Written with syncs at intervals: after a power loss a later batch may be whole where an earlier
  // one is not.
  bool deferred = false;
};

// The truth about a partition's files: a segment that is not named here does not exist. Replaced
// whole and synced at each change (docs/formats/log.md, "manifest").
struct Manifest {
  int32_t last_epoch = 0;
  Offset first_offset;                 // below it, retention removed everything
  std::vector<SegmentEntry> segments;  // by base offset; only the last may be unsealed

  // The entry that holds `offset`, if its segment is kept.
  const SegmentEntry* find(Offset offset) const;
};

Bytes encode_manifest(const Manifest& manifest);
// Errors: corrupt, or unsupported when a newer version wrote it. `path` is for the message.
Result<Manifest> decode_manifest(ByteView bytes, const std::string& path);

// Nothing when the partition has none yet.
io::Task<Result<std::optional<Manifest>>> load_manifest(io::Disk& disk, io::Path folder);
// The same for who needs one. Errors: not_found (nothing was ever written there), corrupt (also:
// there are segments, but no manifest).
io::Task<Result<Manifest>> load_written_manifest(io::Disk& disk, io::Path folder);

// "<folder>/00000000000000000042.log"
io::Path segment_path(const io::Path& folder, Offset base);
// The name that a new segment has until the manifest names it: "<segment>.<epoch>".
io::Path fresh_segment_path(const io::Path& folder, Offset base, int32_t epoch);

// Opens the file of a segment for reading. The manifest may be ahead of the name, and the name may
// still be that of an abandoned file: for a moment, or after a crash until the writer opens. The
// one with the epoch is right then. Errors: not_found (names the segment's final path), io_failed.
io::Task<Result<std::unique_ptr<io::File>>> open_segment(io::Disk& disk, io::Path folder,
                                                         SegmentEntry entry, io::Caching caching);

inline constexpr const char* manifest_name = "manifest";
inline constexpr const char* watermark_name = "watermark";
inline constexpr const char* lock_name = "lock";
inline constexpr const char* prepared_name = "next.prepared";
inline constexpr const char* spare_name = "recovery.space";

}  // namespace mr::log
