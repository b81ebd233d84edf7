#pragma once

#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/disk.h"
#include "io/world.h"

namespace mr::log {

// How soon a reader that tails a new partition in `folder` has a record in its hands: from when its
// append has completed, so from when it is durable, in microseconds, for each record. The reader
// runs on a thread of its own with a loop and files of its own, and shares with the writer what a
// reader in another process shares: the partition's files and its page. Records are appended one by
// one, so that the reader sleeps before each.
io::Task<Result<std::vector<int64_t>>> measure_wake_ups(io::World world, io::Path folder,
                                                        Millis duration);

}  // namespace mr::log
