#pragma once

#include <vector>

#include "io/disk.h"
#include "io/world.h"
#include "log/progress.h"
#include "stream/stream.h"

namespace mr::log {

// What a copy holds: offsets first … end-1.
struct CopiedPartition {
  Offset first;
  Offset end;
  uint64_t bytes = 0;
  // What the source could no longer show; the copy shows it as damaged too.
  std::vector<stream::DamagedRange> damaged;
};

// The consumer under whose name retention is held back while a copy is made.
inline constexpr const char* copy_consumer = "backup";

// Copies what a partition holds durably now into the empty folder `to`, from outside its writer,
// which may go on: sealed segments, the durable part of the open one, and a manifest with all of
// them sealed, so that `to` opens as a partition. Everything that the writer had made durable when
// the call began is in it, also what it has not shown to readers yet. Each copied segment is
// scanned: damage does not stop the copy, it is reported. Not copied are the notes of consumers,
// which may be ahead of the copy already; recovery would take what they passed for lost. Synced
// when it returns. The caller holds retention back meanwhile: hold_for_copy(). Errors: not_found
// (nothing was ever written there), already_exists (`to` holds a partition), corrupt (the manifest
// cannot be read, or the open segment is missing), no_space, io_failed.
io::Task<Result<CopiedPartition>> copy_partition(io::World world, io::Path from, io::Path to,
                                                 Progress* progress);

// Keeps retention from removing anything from now on, until drop_copy_note(), by a note named
// copy_consumer: called before the first of several copies that must fit each other. A crash may
// leave the note behind.
io::Task<Result<void>> hold_for_copy(io::World world, io::Path partition_folder);
io::Task<Result<void>> drop_copy_note(io::World world, io::Path partition_folder);

}  // namespace mr::log
