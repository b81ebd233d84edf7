#pragma once

#include "io/disk.h"
#include "io/thread_worker.h"

namespace mr::io {

class EpollLoop;

// The real Disk: Linux file-system calls on a few threads of its own.
class RealDisk final : public Disk {
 public:
  explicit RealDisk(EpollLoop& loop);

  Task<Result<std::unique_ptr<File>>> open(Path path, OpenMode mode) override;
  Task<Result<void>> rename(Path from, Path to) override;
  Task<Result<void>> remove(Path path) override;
  Task<Result<std::vector<std::string>>> list(Path folder) override;
  Task<Result<void>> make_folders(Path folder) override;
  Task<Result<void>> sync_directory(Path folder) override;
  Task<Result<DiskSpace>> space(Path folder) override;
  Task<Result<std::unique_ptr<DiskLock>>> lock(Path path) override;
  Task<Result<std::unique_ptr<SharedPage>>> map_shared(Path path) override;

 private:
  EpollLoop& loop_;
  ThreadWorker threads_;
};

}  // namespace mr::io
