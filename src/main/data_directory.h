#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "io/disk.h"

namespace mr::main {

// Where everything of one server lies. The layout is documented in docs/OPERATING.md.
class DataDirectory {
 public:
  // `path` may be relative; it is made absolute here, so that children agree on it.
  explicit DataDirectory(const std::string& path);

  const io::Path& path() const { return path_; }
  io::Path version_file() const { return path_ + "/VERSION"; }
  // Which engine keeps the log.
  io::Path engine_file() const { return path_ + "/ENGINE"; }
  io::Path lock_file() const { return path_ + "/lock"; }
  io::Path catalog() const { return path_ + "/catalog.db"; }
  io::Path catalog_snapshot() const { return path_ + "/catalog.snapshot"; }
  io::Path state() const { return path_ + "/state.db"; }
  io::Path log() const { return path_ + "/log"; }
  io::Path warehouse() const { return path_ + "/store"; }
  io::Path load() const { return path_ + "/load"; }
  // How much projects have sent, for their quotas.
  io::Path usage() const { return path_ + "/usage"; }
  // How far the spool was forwarded to Kafka.
  io::Path spool() const { return path_ + "/spool"; }
  // What a backup freezes before it copies it; removed when it is done.
  io::Path backup_staging() const { return path_ + "/backup.staging"; }
  // Held by the one backup that is made.
  io::Path backup_lock() const { return path_ + "/backup.lock"; }
  io::Path run() const { return path_ + "/run"; }
  // What the supervisor says about the processes; a JSON array.
  io::Path processes_file() const { return run() + "/processes.json"; }
  // The page that tells accept of a newer catalog snapshot.
  io::Path catalog_page() const { return run() + "/catalog.page"; }
  // The page in which ingest marks what it works on, to name a record that kills it.
  io::Path ingest_page() const { return run() + "/ingest.page"; }
  io::Path replay_page() const { return run() + "/replay.page"; }
  // Sockets, in the form that io::Network takes.
  std::string control_socket() const { return "unix:" + path_ + "/control.sock"; }
  std::string api_socket() const { return "unix:" + run() + "/api.sock"; }
  // Where a process ("accept", "pipeline", "store") serves /metrics and /status, the store /query.
  std::string process_socket(const std::string& process) const {
    return "unix:" + run() + "/" + process + ".sock";
  }

 private:
  io::Path path_;
};

// Makes the folders when they are missing, checks the version and takes the lock. Errors say what
// to do: unwritable folder, written by a newer Millrace, in use by another server, a path too long
// for sockets.
io::Task<Result<std::unique_ptr<io::DiskLock>>> open_data_directory(io::Disk& disk,
                                                                    DataDirectory directory);

// Which engine keeps the directory's log: "embedded" or "kafka"; empty in a new one.
io::Task<Result<std::string>> noted_engine(io::Disk& disk, DataDirectory directory);

// Sees that the directory's log lies where `engine` ("embedded", "kafka") says, and notes that in a
// new one: positions of one engine mean nothing to the other. Error: invalid_input.
io::Task<Result<void>> check_engine(io::Disk& disk, DataDirectory directory, std::string engine);

// The layout's version that this program writes and the newest that it reads.
inline constexpr int data_version = 1;

}  // namespace mr::main
