#pragma once

#include <string>
#include <vector>

#include "io/disk.h"
#include "io/world.h"
#include "log/progress.h"
#include "stream/log.h"

namespace mr::log {

// Something that is wrong in one place.
struct VerifyFinding {
  io::Path file;
  uint64_t position = 0;
  Offset from;  // the offsets that it concerns; from == to: none
  Offset to;
  std::string what;
};

struct VerifyReport {
  Offset first;
  Offset end;  // one past the last offset that was looked for
  uint64_t segments = 0;
  uint64_t batches = 0;
  uint64_t records = 0;
  uint64_t bytes = 0;
  std::vector<VerifyFinding> findings;
};

// Reads everything that a partition holds durably, past the page cache where that is possible, and
// checks it: that segments follow each other, that each batch belongs to its segment, follows the
// one before it, has the checksum that it states and decodes to its records, and that the notes of
// consumers can be read. Works beside a running
// writer: segments that retention removes meanwhile are left out. Changes nothing. Errors:
// not_found (nothing was ever written there), corrupt (the manifest is missing or cannot be read),
// io_failed.
io::Task<Result<VerifyReport>> verify_partition(io::World world, io::Path folder,
                                                Progress* progress);

// How many bytes verify_partition() will look at.
io::Task<Result<uint64_t>> bytes_to_verify(io::World world, io::Path folder);

}  // namespace mr::log
