#pragma once

#include <memory>

#include "base/result.h"
#include "catalog/snapshot.h"
#include "io/disk.h"
#include "io/task.h"
#include "io/world.h"

namespace mr::catalog {

// The catalog's snapshot as accept sees it: read at start, read again whenever the catalog
// publishes a newer revision. Belongs to one loop.
class LiveSnapshot {
 public:
  // The file and the page are those of CatalogOptions.
  LiveSnapshot(io::World& world, io::Path snapshot, io::Path page);

  // Reads the file. Errors: not_found (the catalog was never made), corrupt, unsupported.
  io::Task<Result<void>> open();
  // The newest that was read. The reference is good until the next suspension.
  const Snapshot& current() const { return current_; }
  // Reads the file again now: for a token that is not known yet, because someone else may have seen
  // a newer file. Errors as of open(); the last snapshot stays.
  io::Task<Result<void>> reload();
  // Goes on for ever: spawn it. A file that cannot be read leaves the last one in place and counts
  // in failures().
  io::Task<void> follow();
  uint64_t failures() const { return failures_; }

 private:
  io::World& world_;
  io::Path snapshot_path_;
  io::Path page_path_;
  std::unique_ptr<io::SharedPage> page_;
  Snapshot current_;
  uint64_t failures_ = 0;
};

}  // namespace mr::catalog
