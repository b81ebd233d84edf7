#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "io/clock.h"
#include "io/task.h"

namespace mr::io {

// A file-system path. Text, so that headers stay cheap.
using Path = std::string;

// What direct files ask of offsets, sizes and buffers; also the unit in which the log pads.
inline constexpr size_t direct_alignment = 4096;

enum class Access : uint8_t { read, read_write };
enum class Creation : uint8_t {
  must_exist,  // not_found when there is no such file
  create_if_absent,
  must_not_exist,  // already_exists when there is one
};
enum class Caching : uint8_t {
  buffered,  // through the page cache: durable only after sync_data()
  direct,    // past the page cache (O_DIRECT and O_DSYNC): a completed write is durable
};

struct OpenMode {
  Access access = Access::read;
  Creation creation = Creation::must_exist;
  // Where the file system lacks the direct path, opening falls back to buffered: ask caching().
  Caching caching = Caching::buffered;
};

// One open file. One owner, one outstanding call at a time. After a failed write or sync the file
// is dead: close it, reopen and recover; a later sync that succeeds proves nothing.
class File {
 public:
  virtual ~File() = default;

  // What was really opened. In direct mode offset, size and memory of every read and write must be
  // multiples of direct_alignment (see AlignedBuffer).
  virtual Caching caching() const = 0;

  // Writes all of `data` at `offset` unless the system fails: then a prefix may be on disk. Short
  // writes of the kernel are continued inside. In direct mode durable when it returns. `data` must
  // live until then.
  virtual Task<Result<void>> write_at(uint64_t offset, ByteView data) = 0;
  // Reads up to into.size() bytes; fewer only at the end of the file. Yields the count. In direct
  // mode the bytes come from the device, not from the page cache.
  virtual Task<Result<size_t>> read_at(uint64_t offset, MutableBytes into) = 0;
  // Makes the file's data and size durable and flushes the device's cache (fdatasync).
  virtual Task<Result<void>> sync_data() = 0;
  // Sets the size. Durable after sync_data().
  virtual Task<Result<void>> truncate(uint64_t size) = 0;
  // Extends the file to `size` by really writing zeros from its present end, then syncs, so that
  // later writes inside need no metadata update. Fails with no_space when it does not fit.
  virtual Task<Result<void>> preallocate(uint64_t size) = 0;
  // The present size in bytes.
  virtual Task<Result<uint64_t>> size() = 0;
};

// A lock that other processes respect. Held until destroyed, or until the process ends.
class DiskLock {
 public:
  virtual ~DiskLock() = default;
};

// A page of 64-bit words shared by processes through a file: how a writer tells readers in other
// processes how far the log is durable. Not durable itself: after a power loss it holds anything,
// so its writer publishes again when it opens.
class SharedPage {
 public:
  static constexpr size_t word_count = 500;

  virtual ~SharedPage() = default;
  // The word's value, with acquire ordering. Any process.
  virtual uint64_t load(size_t word) const = 0;
  // Sets the word with release ordering and wakes those that wait on this page.
  virtual void publish(size_t word, uint64_t value) = 0;
  // Sets the word without waking anyone: for marks that only a restart reads.
  virtual void store(size_t word, uint64_t value) = 0;
  // Completes when load(word) != seen or at `deadline`; yields the word's value then. Costs no CPU
  // while waiting. One outstanding wait per SharedPage object.
  virtual Task<uint64_t> wait_until_not(size_t word, uint64_t seen, Instant deadline) = 0;
};

// Of the file system that holds a folder.
struct DiskSpace {
  uint64_t free_bytes = 0;  // that this process may still write
  uint64_t total_bytes = 0;
};

// The door of storage. All paths are used as given. Names (create, rename, remove) are durable
// only after sync_directory of the folder.
class Disk {
 public:
  virtual ~Disk() = default;

  virtual Task<Result<std::unique_ptr<File>>> open(Path path, OpenMode mode) = 0;
  // Replaces `to` when it exists.
  virtual Task<Result<void>> rename(Path from, Path to) = 0;
  // A missing file is not_found.
  virtual Task<Result<void>> remove(Path path) = 0;
  // Names in the folder (not paths), sorted, without "." and "..". not_found when it is missing.
  virtual Task<Result<std::vector<std::string>>> list(Path folder) = 0;
  // Makes the folder and its missing parents; present is fine. The new names are synced.
  virtual Task<Result<void>> make_folders(Path folder) = 0;
  virtual Task<Result<void>> sync_directory(Path folder) = 0;
  virtual Task<Result<DiskSpace>> space(Path folder) = 0;
  // Takes the lock file `path` (made when missing), or fails at once with busy.
  virtual Task<Result<std::unique_ptr<DiskLock>>> lock(Path path) = 0;
  // Maps the shared page in file `path`, made (all words 0) when missing.
  virtual Task<Result<std::unique_ptr<SharedPage>>> map_shared(Path path) = 0;
};

// Reads the whole of a small file (at most `bytes_max`, else too_large).
Task<Result<Bytes>> read_whole_file(Disk& disk, Path path, uint64_t bytes_max);

// Puts `contents` at `path` so that a crash leaves either the old or the new file: writes
// "<path>.new", syncs it, renames it over, syncs the folder. Durable when it returns.
Task<Result<void>> replace_file(Disk& disk, Path path, Bytes contents);

}  // namespace mr::io
