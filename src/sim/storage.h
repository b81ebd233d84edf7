#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "io/disk.h"
#include "sim/sim_random.h"

namespace mr::sim {

enum class CrashKind : uint8_t {
  process,  // the page cache and shared pages survive
  power,    // only what was synced survives for certain
};

// Misfortunes that may strike while a simulation runs; each is off unless switched on.
struct Faults {
  bool write_error = false;  // a write fails; any part of it may have been done
  bool read_error = false;
  // A sync fails, and half of the dirty sectors are forgotten, yet readable.
  bool sync_error = false;
  bool name_error = false;    // open, rename, remove or a folder's sync fails
  bool short_write = false;   // the kernel takes only a part at a time; the door goes on
  bool short_read = false;    // the kernel gives only a part at a time; the door goes on
  bool slow_disk = false;     // some operations take a thousand times as long
  bool wall_jumps = false;    // civil time jumps, both ways
  bool slow_network = false;  // long and varying delays
  bool cut_network = false;   // connections are cut, or silently go half open
  bool mischief = false;      // production code takes its rare paths more often
  uint64_t one_in = 40;       // how rare one strike is
};

// The kinds by their names, for reports and for runs that leave some out.
struct FaultKind {
  const char* name;
  bool Faults::* on;
};
inline constexpr FaultKind fault_kinds[] = {
    {"write_error", &Faults::write_error},   {"read_error", &Faults::read_error},
    {"sync_error", &Faults::sync_error},     {"name_error", &Faults::name_error},
    {"short_write", &Faults::short_write},   {"short_read", &Faults::short_read},
    {"slow_disk", &Faults::slow_disk},       {"wall_jumps", &Faults::wall_jumps},
    {"slow_network", &Faults::slow_network}, {"cut_network", &Faults::cut_network},
    {"mischief", &Faults::mischief},
};

// What a file is apart from its names. Sectors are what a device writes whole or not at all, or
// ruins when the power fails.
struct Inode {
  static constexpr size_t sector_bytes = 512;
  enum class Sector : uint8_t {
    clean,      // current and durable agree
    dirty,      // written, not yet synced: at power loss kept, dropped or ruined
    forgotten,  // lost by a failed sync, but the page cache still shows it
  };

  explicit Inode(uint64_t n) : number(n) {}
  uint64_t number;
  Bytes current;                // what the page cache shows
  Bytes durable;                // what the device holds for certain
  std::vector<Sector> sectors;  // of `current`
  std::set<size_t> unreadable;  // sectors that the device fails to read until they are written
};

// An operation that has begun and not ended: what a crash may leave half done.
struct Operation {
  enum class Kind : uint8_t { write, sync, truncate, preallocate, rename, remove, other };
  Kind kind = Kind::other;
  const char* name = "";
  std::string path;
  std::string to;
  std::shared_ptr<Inode> inode;
  uint64_t offset = 0;
  ByteView data;
  bool direct = false;
};

// A simulated file system and the device below it. Names and contents are durable only when a
// sync said so:
//  - a write through the cache leaves dirty sectors; a completed direct write is durable; a direct
//    write in flight may leave any subset of its sectors;
//  - at power loss each dirty sector is kept, dropped or ruined, independently;
//  - names are durable after sync_folder; of what came later, a prefix survives power loss;
//  - a direct read sees the device: what a failed sync forgot is not there.
class Storage {
 public:
  Storage(SimRandom random, uint64_t capacity_bytes);

  // Present-state operations, without latency or faults: SimDisk adds these.
  Result<std::shared_ptr<Inode>> open(const std::string& path, io::Creation creation);
  void write(Inode& inode, uint64_t offset, ByteView data, bool direct);
  size_t read(const Inode& inode, uint64_t offset, MutableBytes into, bool direct) const;
  void sync(Inode& inode);
  void truncate(Inode& inode, uint64_t size);
  Result<void> rename(const std::string& from, const std::string& to);
  Result<void> remove(const std::string& path);
  Result<std::vector<std::string>> list(const std::string& folder) const;
  void make_folders(const std::string& folder);
  Result<void> sync_folder(const std::string& folder);
  uint64_t free_bytes() const;
  uint64_t capacity_bytes() const { return capacity_bytes_; }

  // A sync that fails: some dirty sectors are written, the others forgotten.
  void fail_sync(Inode& inode);
  // Does any part of a write, a truncation or a name change that was cut off.
  void half_do(const Operation& operation);
  // After the half-done operations: what the crash does to the rest.
  void crash(CrashKind kind);

  // For tests: the bytes of a file, whole and durable; and one flipped bit that no sync repairs.
  Result<Bytes> contents(const std::string& path) const;
  void set_contents(const std::string& path, Bytes bytes);
  void flip_bit(const std::string& path, uint64_t byte, unsigned bit);
  // From now on reading this byte's sector fails, until it is written again.
  void make_unreadable(const std::string& path, uint64_t byte);
  static bool readable(const Inode& inode, uint64_t offset, size_t count);
  // One byte that only the page cache shows wrong.
  void damage_cache(const std::string& path, uint64_t byte);
  void set_capacity(uint64_t bytes) { capacity_bytes_ = bytes; }

 private:
  using Names = std::map<std::string, std::shared_ptr<Inode>>;
  // One atomic change of a folder: each name gets its inode, or disappears (null).
  using NameChange = std::vector<std::pair<std::string, std::shared_ptr<Inode>>>;
  struct Folder {
    Names now;
    Names durable;
    std::vector<NameChange> pending;
  };
  Folder* folder_of(const std::string& path, std::string& name);
  std::shared_ptr<Inode> find(const std::string& path) const;
  static void apply(const NameChange& change, Names& names);
  static void change(Folder& folder, NameChange change);
  std::shared_ptr<Inode> make_inode();
  void lose_unsynced(Inode& inode);
  void ruin(MutableBytes sector);

  SimRandom random_;
  uint64_t capacity_bytes_;
  uint64_t inodes_made_ = 0;
  std::map<std::string, Folder> folders_;
  std::vector<std::weak_ptr<Inode>> inodes_;
};

}  // namespace mr::sim
