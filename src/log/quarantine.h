#pragma once

#include "io/world.h"
#include "log/manifest.h"

namespace mr::telemetry {
class Logger;
}

namespace mr::log {

// Offsets of a segment that cannot be read, and where their bytes lie in its file.
struct DamagedBytes {
  Offset from;
  Offset to;
  uint64_t begin = 0;
  uint64_t end = 0;
};

// "<partition>/quarantine"
io::Path quarantine_folder(const io::Path& partition_folder);

// Copies damaged bytes to "<partition>/quarantine/<first>-<last>.damaged", at most
// quarantine_bytes_max of them, and logs the range. Any process may do so at any time: what is
// there already is left alone, and logged no more. A failure is logged and otherwise has no effect:
// the segment itself stays as it is. `logger` may be null.
io::Task<void> quarantine(io::World world, io::Path partition_folder, io::File& segment,
                          DamagedBytes damaged, telemetry::Logger* logger);

inline constexpr uint64_t quarantine_bytes_max = 64 * 1024 * 1024;

}  // namespace mr::log
