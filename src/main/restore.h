#pragma once

#include "main/backup.h"

namespace mr::main {

// Makes the data directory from a backup: every file is copied and compared with its sum, and the
// directory gets its name when everything is there, so that an interrupted restore leaves none.
// Errors: already_exists (the directory is not empty), not_found (no backup there, or a file of it
// is missing), corrupt (a file or the description is damaged: named), unsupported (a newer version
// wrote it), no_space, io_failed.
io::Task<Result<BackupDescription>> restore_backup(io::World world, std::string backup,
                                                   DataDirectory directory,
                                                   BackupProgress& progress);

}  // namespace mr::main
