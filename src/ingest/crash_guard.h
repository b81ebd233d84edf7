#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/strong.h"
#include "event/lane.h"
#include "io/disk.h"

namespace mr::ingest {

// A record at which the process has died this many times in a row is dead-lettered.
inline constexpr uint64_t crashes_max = 3;

// A record of the input: its lane, partition (at most 4,095) and offset.
struct RecordPlace {
  event::Lane lane = event::Lane::main;
  int32_t partition = 0;
  Offset offset;
  bool operator==(const RecordPlace&) const = default;
};

// Remembers, in a shared page that outlives the process, which record is being worked on, so that
// the next start knows at which record the last one died. Words: 0 = the record in work (lane in
// the 4 highest bits, partition in 12, offset + 1 below; 0: none), 1 = the record of the last
// crash, 2 = crashes in a row there, 3 = a check over 1 and 2, because after a power loss the page
// holds anything.
class CrashGuard {
 public:
  // Reads the page (and counts a crash if a record was in work). Call once at start.
  explicit CrashGuard(std::unique_ptr<io::SharedPage> page);

  // Marks a record as the one in work: one store into memory.
  void enter(RecordPlace place) { page_->store(0, encode(place)); }
  // No record is in work.
  void leave() { page_->store(0, 0); }

  // The record that has crashed the process crashes_max times in a row.
  std::optional<RecordPlace> poisoned() const;
  // What the last start found, for the log.
  std::optional<RecordPlace> last_crash() const { return last_crash_; }
  uint64_t crashes() const { return crashes_; }

 private:
  static constexpr unsigned offset_bits = 48;
  static constexpr unsigned partition_bits = 12;
  static uint64_t encode(RecordPlace place) {
    return static_cast<uint64_t>(place.lane) << (offset_bits + partition_bits) |
           static_cast<uint64_t>(place.partition) << offset_bits |
           (static_cast<uint64_t>(place.offset.value) + 1);
  }
  static RecordPlace decode(uint64_t word);

  std::unique_ptr<io::SharedPage> page_;
  std::optional<RecordPlace> last_crash_;
  uint64_t crashes_ = 0;
};

}  // namespace mr::ingest
