#include "io/real_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "io/aligned_buffer.h"
#include "io/descriptor.h"
#include "io/epoll_loop.h"
#include "io/real_shared_page.h"

namespace mr::io {

namespace {

constexpr size_t disk_threads = 4;
// Small, so that a commit that comes meanwhile need not wait long.
constexpr size_t zeros_per_write = 512 * 1024;

std::unexpected<Error> errno_failure(std::string_view attempt, std::string_view subject) {
  return fail(error_from_errno(errno, attempt, subject));
}

// Calls a system call again when a signal interrupted it.
template <typename Call>
auto retried(Call call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

Result<void> write_fully(int file, const Path& path, uint64_t offset, ByteView data) {
  while (!data.empty()) {
    const ssize_t written = retried(
        [&] { return ::pwrite(file, data.data(), data.size(), static_cast<off_t>(offset)); });
    if (written < 0) return errno_failure("write", path);
    if (written == 0) return fail(ErrorCode::io_failed, "cannot write " + path + ": wrote nothing");
    offset += static_cast<uint64_t>(written);
    data = data.subspan(static_cast<size_t>(written));
  }
  return {};
}

// Fewer bytes than asked for are not the end of the file, none are. A direct read that ends inside
// a block is, and going on from there would be refused.
Result<size_t> read_fully(int file, const Path& path, uint64_t offset, MutableBytes into,
                          Caching caching) {
  size_t total = 0;
  while (total < into.size()) {
    const ssize_t count = retried([&] {
      return ::pread(file, into.data() + total, into.size() - total,
                     static_cast<off_t>(offset + total));
    });
    if (count < 0) return errno_failure("read", path);
    if (count == 0) break;
    total += static_cast<size_t>(count);
    if (caching == Caching::direct && total % direct_alignment != 0) break;
  }
  return total;
}

Result<uint64_t> size_of(int file, const Path& path) {
  struct stat status{};
  if (::fstat(file, &status) != 0) return errno_failure("examine", path);
  return static_cast<uint64_t>(status.st_size);
}

Result<void> write_zeros(int file, const Path& path, uint64_t size) {
  MR_TRY(uint64_t at, size_of(file, path));
  if (at >= size) return {};
  // Reserving the space first keeps the extents together and finds a full disk at once.
  const int reserved =
      ::posix_fallocate(file, static_cast<off_t>(at), static_cast<off_t>(size - at));
  if (reserved != 0 && reserved != EOPNOTSUPP && reserved != EINVAL) {
    return fail(error_from_errno(reserved, "reserve space for", path));
  }
  // The same file, whatever its name is by now, but not synced with each piece: every sync would
  // delay the commits that other files of this disk wait for.
  const std::string same = "/proc/self/fd/" + std::to_string(file);
  const Descriptor unsynced(::open(same.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC));
  int target = unsynced.valid() ? unsynced.get() : file;
  AlignedBuffer zeros(zeros_per_write);
  zeros.append_zeros(zeros_per_write);
  while (at < size) {
    const uint64_t count = std::min<uint64_t>(zeros_per_write, size - at);
    const auto written = write_fully(target, path, at, zeros.view().first(count));
    // Some file systems open files past the cache and refuse the writes.
    if (!written && target != file) {
      target = file;
      continue;
    }
    MR_CHECK(written);
    at += count;
  }
  if (::fdatasync(file) != 0) return errno_failure("sync", path);
  return {};
}

// A large direct read in parts that run at the same time: a device needs several requests to give
// what it can. The awaiting coroutine owns it; completed() runs on the loop's thread.
class ParallelRead {
 public:
  static constexpr size_t parts = disk_threads;
  static constexpr size_t part_bytes_min = 512 * 1024;

  ParallelRead(ThreadWorker& threads, int file, const Path& path, uint64_t offset,
               MutableBytes into)
      : threads_(threads) {
    const size_t share = into.size() / parts / direct_alignment * direct_alignment;
    for (size_t i = 0; i < parts; ++i) {
      const size_t begin = i * share;
      const size_t size = i + 1 == parts ? into.size() - begin : share;
      jobs_[i] = Part(*this, file, path, offset + begin, into.subspan(begin, size));
    }
  }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) {
    awaiting_ = self;
    for (Part& part : jobs_) threads_.submit(part);
  }
  // Up to the first part that came short: there the file ended.
  Result<size_t> await_resume() {
    size_t total = 0;
    for (const Part& part : jobs_) {
      if (!part.result) return fail(part.result.error());
      total += *part.result;
      if (*part.result < part.into.size()) break;
    }
    return total;
  }

 private:
  struct Part : Worker::Job {
    Part() = default;
    Part(ParallelRead& all, int from, const Path& name, uint64_t at, MutableBytes to)
        : owner(&all), file(from), path(&name), offset(at), into(to) {}
    void execute() override { result = read_fully(file, *path, offset, into, Caching::direct); }
    void completed() override {
      if (++owner->done_ == parts) owner->awaiting_.resume();
    }
    ParallelRead* owner = nullptr;
    int file = -1;
    const Path* path = nullptr;
    uint64_t offset = 0;
    MutableBytes into;
    Result<size_t> result = size_t{0};
  };

  ThreadWorker& threads_;
  std::array<Part, parts> jobs_;
  std::coroutine_handle<> awaiting_;
  size_t done_ = 0;
};

class RealFile final : public File {
 public:
  RealFile(ThreadWorker& threads, Path path, Descriptor file, Caching caching)
      : threads_(threads), path_(std::move(path)), file_(std::move(file)), caching_(caching) {}

  Caching caching() const override { return caching_; }

  Task<Result<void>> write_at(uint64_t offset, ByteView data) override {
    return threads_.run(
        [this, offset, data] { return write_fully(file_.get(), path_, offset, data); });
  }
  Task<Result<size_t>> read_at(uint64_t offset, MutableBytes into) override {
    const bool large = into.size() >= ParallelRead::parts * ParallelRead::part_bytes_min;
    if (large && caching_ == Caching::direct) {
      co_return co_await ParallelRead(threads_, file_.get(), path_, offset, into);
    }
    co_return co_await threads_.run(
        [this, offset, into] { return read_fully(file_.get(), path_, offset, into, caching_); });
  }
  Task<Result<void>> sync_data() override {
    return threads_.run([this]() -> Result<void> {
      if (::fdatasync(file_.get()) != 0) return errno_failure("sync", path_);
      return {};
    });
  }
  Task<Result<void>> truncate(uint64_t size) override {
    return threads_.run([this, size]() -> Result<void> {
      if (::ftruncate(file_.get(), static_cast<off_t>(size)) != 0) {
        return errno_failure("truncate", path_);
      }
      return {};
    });
  }
  Task<Result<void>> preallocate(uint64_t size) override {
    return threads_.run([this, size] { return write_zeros(file_.get(), path_, size); });
  }
  Task<Result<uint64_t>> size() override {
    return threads_.run([this] { return size_of(file_.get(), path_); });
  }

 private:
  ThreadWorker& threads_;
  Path path_;
  Descriptor file_;
  Caching caching_;
};

struct Opened {
  Descriptor file;
  Caching caching = Caching::buffered;
};

Result<Opened> open_now(const Path& path, OpenMode mode) {
  int flags = O_CLOEXEC | (mode.access == Access::read ? O_RDONLY : O_RDWR);
  if (mode.creation != Creation::must_exist) flags |= O_CREAT;
  if (mode.creation == Creation::must_not_exist) flags |= O_EXCL;
  constexpr mode_t owner_only = 0600;
  if (mode.caching == Caching::direct) {
    const int file = ::open(path.c_str(), flags | O_DIRECT | O_DSYNC, owner_only);
    if (file >= 0) return Opened{Descriptor(file), Caching::direct};
    if (errno != EINVAL) return errno_failure("open", path);
    // The file system has no direct path. An exclusive creation may have left the name behind.
    flags &= ~O_EXCL;
  }
  const int file = ::open(path.c_str(), flags, owner_only);
  if (file < 0) return errno_failure("open", path);
  return Opened{Descriptor(file), Caching::buffered};
}

Result<void> sync_folder(const Path& folder) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.valid()) return errno_failure("open", folder);
  if (::fsync(opened.get()) != 0) return errno_failure("sync", folder);
  return {};
}

Result<void> make_folders_now(const Path& folder) {
  for (size_t slash = folder.find('/', 1);; slash = folder.find('/', slash + 1)) {
    const Path part = folder.substr(0, slash);
    constexpr mode_t owner_only = 0700;
    if (::mkdir(part.c_str(), owner_only) == 0) {
      const size_t parent = part.rfind('/');
      MR_CHECK(sync_folder(parent == Path::npos ? "."
                           : parent == 0        ? "/"
                                                : part.substr(0, parent)));
    } else if (errno != EEXIST) {
      return errno_failure("make folder", part);
    }
    if (slash == Path::npos) break;
  }
  struct stat status{};
  if (::stat(folder.c_str(), &status) != 0) return errno_failure("examine", folder);
  if (!S_ISDIR(status.st_mode)) {
    return fail(ErrorCode::already_exists, folder + " exists and is not a folder");
  }
  return {};
}

Result<std::vector<std::string>> list_now(const Path& folder) {
  DIR* opened = ::opendir(folder.c_str());
  if (opened == nullptr) return errno_failure("list", folder);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(opened)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  ::closedir(opened);
  std::sort(names.begin(), names.end());
  return names;
}

class RealLock final : public DiskLock {
 public:
  explicit RealLock(Descriptor file) : file_(std::move(file)) {}

 private:
  Descriptor file_;
};

}  // namespace

RealDisk::RealDisk(EpollLoop& loop) : loop_(loop), threads_(loop, disk_threads, "disk") {
}

Task<Result<std::unique_ptr<File>>> RealDisk::open(Path path, OpenMode mode) {
  MR_CO_TRY(Opened opened, co_await threads_.run([&path, mode] { return open_now(path, mode); }));
  co_return std::make_unique<RealFile>(threads_, std::move(path), std::move(opened.file),
                                       opened.caching);
}

Task<Result<void>> RealDisk::rename(Path from, Path to) {
  co_return co_await threads_.run([&]() -> Result<void> {
    if (::rename(from.c_str(), to.c_str()) != 0) return errno_failure("rename", from + " to " + to);
    return {};
  });
}

Task<Result<void>> RealDisk::remove(Path path) {
  co_return co_await threads_.run([&]() -> Result<void> {
    if (::unlink(path.c_str()) != 0) return errno_failure("remove", path);
    return {};
  });
}

Task<Result<std::vector<std::string>>> RealDisk::list(Path folder) {
  co_return co_await threads_.run([&] { return list_now(folder); });
}

Task<Result<void>> RealDisk::make_folders(Path folder) {
  co_return co_await threads_.run([&] { return make_folders_now(folder); });
}

Task<Result<void>> RealDisk::sync_directory(Path folder) {
  co_return co_await threads_.run([&] { return sync_folder(folder); });
}

Task<Result<DiskSpace>> RealDisk::space(Path folder) {
  co_return co_await threads_.run([&]() -> Result<DiskSpace> {
    struct statvfs status{};
    if (::statvfs(folder.c_str(), &status) != 0) return errno_failure("examine", folder);
    return DiskSpace{static_cast<uint64_t>(status.f_bavail) * status.f_frsize,
                     static_cast<uint64_t>(status.f_blocks) * status.f_frsize};
  });
}

Task<Result<std::unique_ptr<DiskLock>>> RealDisk::lock(Path path) {
  co_return co_await threads_.run([&]() -> Result<std::unique_ptr<DiskLock>> {
    Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file.valid()) return errno_failure("open", path);
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return fail(ErrorCode::busy, path + " is held by another process");
      return errno_failure("lock", path);
    }
    return std::make_unique<RealLock>(std::move(file));
  });
}

Task<Result<std::unique_ptr<SharedPage>>> RealDisk::map_shared(Path path) {
  EpollLoop& loop = loop_;
  co_return co_await threads_.run([&] { return RealSharedPage::map(loop, path); });
}

}  // namespace mr::io
