#pragma once

#include <set>
#include <string>

#include "base/result.h"

namespace mr::store {

// What a frozen copy takes of the engine's folder.
struct FreezeSource {
  std::string folder;                   // the store's, with "engine" in it
  std::set<std::string> table_folders;  // where parts stand, without a slash at the end
  std::set<std::string> active_parts;   // whole paths, without a slash at the end
};

// Makes `target` (missing or empty, on the same file system) a copy of a store whose inserts and
// merges stand still: the parts of active data as hard links, since the engine never changes a
// part's file; everything else (a few small files) as copies. Blocking. Errors: io_failed.
Result<void> freeze_store(const FreezeSource& source, const std::string& target);

}  // namespace mr::store
