#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/strong.h"
#include "io/disk.h"

namespace mr::ingest {

// A record at which the process has died this many times in a row is dead-lettered.
inline constexpr uint64_t crashes_max = 3;

// Remembers, in a shared page that outlives the process, which record is being worked on, so that
// the next start knows at which record the last one died. Words: 0 = offset + 1 of the record in
// work (0: none), 1 = offset + 1 of the last crash, 2 = crashes in a row there, 3 = a check over 1
// and 2, because after a power loss the page holds anything.
class CrashGuard {
 public:
  // Reads the page (and counts a crash if a record was in work). Call once at start.
  explicit CrashGuard(std::unique_ptr<io::SharedPage> page);

  // Marks `offset` as the record in work: one store into memory.
  void enter(Offset offset) { page_->store(0, static_cast<uint64_t>(offset.value) + 1); }
  // No record is in work.
  void leave() { page_->store(0, 0); }

  // The record that has crashed the process crashes_max times in a row.
  std::optional<Offset> poisoned() const;
  // What the last start found, for the log.
  std::optional<Offset> last_crash() const { return last_crash_; }
  uint64_t crashes() const { return crashes_; }

 private:
  std::unique_ptr<io::SharedPage> page_;
  std::optional<Offset> last_crash_;
  uint64_t crashes_ = 0;
};

}  // namespace mr::ingest
