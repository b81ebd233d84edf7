#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/disk.h"
#include "io/world.h"
#include "log/progress.h"

// Copies of files and folders that are durable and checked.
namespace mr::main {

struct FileSum {
  uint64_t bytes = 0;
  uint32_t crc32c = 0;
};

// Size and checksum of what a file holds, read past the page cache where that is possible.
io::Task<Result<FileSum>> sum_file(io::World world, io::Path path);

// Copies a file to a name that is free, syncs it, and yields the sum of what was read.
io::Task<Result<FileSum>> copy_file(io::World world, io::Path from, io::Path to,
                                    log::Progress* progress);

// Copies what is below a folder (files and folders; links and sockets are left out), and syncs the
// folders. A missing `from` makes an empty `to`.
io::Task<Result<void>> copy_tree(io::World world, io::Path from, io::Path to,
                                 log::Progress* progress);

// The regular files below a folder as paths relative to it, sorted; and their bytes.
Result<std::vector<std::string>> files_below(const io::Path& folder);
uint64_t bytes_below(const io::Path& folder);

// Syncs a folder and all folders below it.
io::Task<Result<void>> sync_folders(io::World world, io::Path folder);

}  // namespace mr::main
