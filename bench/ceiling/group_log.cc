#include "bench/ceiling/group_log.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace mr::bench {

namespace {

constexpr size_t block_bytes = 4096;  // what O_DIRECT wants of addresses, sizes and positions
constexpr uint64_t file_bytes = uint64_t{1} << 30;

auto aligned_bytes(size_t count) {
  return std::unique_ptr<char, void (*)(void*)>(
      static_cast<char*>(std::aligned_alloc(block_bytes, count)), std::free);
}

Error failed(const std::string& what, const std::string& path) {
  return {ErrorCode::io_failed, what + " " + path + ": " + std::strerror(errno)};
}

// Unwritten extents would cost a journal commit each, so every block is really written.
bool fill(int file) {
  constexpr size_t piece = size_t{1} << 20;
  const auto zeros = aligned_bytes(piece);
  std::memset(zeros.get(), 0, piece);
  for (uint64_t done = 0; done < file_bytes; done += piece) {
    if (pwrite(file, zeros.get(), piece, static_cast<off_t>(done)) != ssize_t{piece}) return false;
  }
  return fsync(file) == 0;
}

}  // namespace

Result<std::unique_ptr<GroupLog>> GroupLog::create(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_DIRECT | O_CLOEXEC, 0600);
  if (file < 0) return std::unexpected(failed("opening", path));
  const bool filled = fill(file);
  close(file);
  if (!filled) return std::unexpected(failed("writing", path));
  const int durable = open(path.c_str(), O_RDWR | O_DIRECT | O_DSYNC | O_CLOEXEC);
  if (durable < 0) return std::unexpected(failed("opening", path));
  return std::unique_ptr<GroupLog>(new GroupLog(durable));
}

GroupLog::GroupLog(int file)
    : file_(file),
      event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      groups_{{aligned_bytes(group_bytes)}, {aligned_bytes(group_bytes)}},
      committer_([this] { commit_forever(); }) {
}

GroupLog::~GroupLog() {
  std::_Exit(1);  // the committing thread has no end
}

GroupLog::Room GroupLog::room(size_t bytes) {
  std::unique_lock lock(mutex_);
  handed_over_.wait(lock, [&] { return groups_[gathering_].used + bytes <= group_bytes; });
  Room::Group& group = groups_[gathering_];
  return {*this, std::move(lock), group};
}

void GroupLog::Room::keep(int waiter) {
  group_.used += written_;
  group_.waiters.push_back(waiter);
  const bool idle = !log_.committing_;
  lock_.unlock();
  if (idle) log_.gathered_.notify_one();
}

std::vector<int> GroupLog::take_durable() {
  uint64_t count = 0;
  (void)!read(event_, &count, sizeof count);
  const std::lock_guard lock(mutex_);
  return std::exchange(durable_, {});
}

void GroupLog::write_group(Room::Group& group) {
  const size_t padded = (group.used + block_bytes - 1) / block_bytes * block_bytes;
  std::memset(group.bytes.get() + group.used, 0, padded - group.used);
  if (position_ + padded > file_bytes) position_ = 0;
  if (pwrite(file_, group.bytes.get(), padded, static_cast<off_t>(position_)) !=
      static_cast<ssize_t>(padded)) {
    std::perror("ceiling: writing the log");
    std::_Exit(1);
  }
  position_ += padded;
}

void GroupLog::commit_forever() {
  std::unique_lock lock(mutex_);
  while (true) {
    gathered_.wait(lock, [&] { return groups_[gathering_].used > 0; });
    Room::Group& group = groups_[gathering_];
    gathering_ = 1 - gathering_;
    committing_ = true;
    lock.unlock();
    handed_over_.notify_one();
    write_group(group);
    lock.lock();
    durable_.insert(durable_.end(), group.waiters.begin(), group.waiters.end());
    group.waiters.clear();
    group.used = 0;
    committing_ = false;
    const uint64_t one = 1;
    (void)!write(event_, &one, sizeof one);
  }
}

}  // namespace mr::bench
