#pragma once

#include <string>

#include "log/partition_copy.h"
#include "main/backup_description.h"
#include "main/data_directory.h"

namespace mr::main {

// Is told which part of a backup or of its restoring goes on.
class BackupProgress : public log::Progress {
 public:
  virtual void begin(std::string what, uint64_t bytes) = 0;
};

struct MadeBackup {
  BackupDescription description;
  bool on_kafka = false;  // the log is, and so is not part of it
  int64_t paused_ms = 0;  // how long loading stood still; 0 when no server runs
};

// Copies warehouse, state, catalog and log of a data directory into `target`, beside a running
// server or without one. What is downstream is copied before what is upstream of it, so that the
// log always holds everything that state and warehouse refer to; retention waits meanwhile. The
// description is written last. Errors: already_exists (`target` is not empty), invalid_input (it
// lies inside the data directory), not_found (no data directory), busy (another
// backup is being made), failed (the store did not
// freeze), corrupt (a part that cannot be copied, or a state that does not fit what was loaded),
// no_space, io_failed. A failed backup leaves its files: remove the folder.
io::Task<Result<MadeBackup>> make_backup(io::World world, DataDirectory directory,
                                         std::string target, BackupProgress& progress);

// Removes what a backup that was killed left in the data directory: its staging folder and the
// notes by which it held retention back. The caller holds the directory's lock.
io::Task<Result<void>> forget_old_backup(io::World world, DataDirectory directory);

}  // namespace mr::main
