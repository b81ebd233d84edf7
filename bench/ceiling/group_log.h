#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"

namespace mr::bench {

// An append-only file that is durable in groups: while one group is being written, the next one
// gathers. The file is of fixed size and starts over at its end; its blocks are written once before
// it is used, so a commit changes no metadata. Lives until the process ends.
class GroupLog {
 public:
  // Makes the file anew, all of its bytes on the disk.
  static Result<std::unique_ptr<GroupLog>> create(const std::string& path);
  ~GroupLog();
  GroupLog(const GroupLog&) = delete;
  GroupLog& operator=(const GroupLog&) = delete;

  // Room in the gathering group, held against the committing thread while it is alive. What was
  // written to it counts once it is kept.
  class Room {
   public:
    char* at() const { return group_.bytes.get() + group_.used + written_; }
    void wrote(size_t bytes) { written_ += bytes; }
    // Takes what was written into the group; `waiter` comes back from take_durable().
    void keep(int waiter);

   private:
    friend class GroupLog;
    struct Group {
      std::unique_ptr<char, void (*)(void*)> bytes;
      size_t used = 0;
      std::vector<int> waiters;
    };
    Room(GroupLog& log, std::unique_lock<std::mutex> lock, Group& group)
        : log_(log), lock_(std::move(lock)), group_(group) {}

    GroupLog& log_;
    std::unique_lock<std::mutex> lock_;
    Group& group_;
    size_t written_ = 0;
  };
  // Room for so many bytes, at most body_bytes_max; waits for the disk where there is none.
  Room room(size_t bytes);

  // Becomes readable when something is durable.
  int event() const { return event_; }
  // The waiters of all that became durable since the last call.
  std::vector<int> take_durable();

  static constexpr size_t group_bytes = size_t{8} << 20;
  static constexpr size_t body_bytes_max = group_bytes / 2;

 private:
  explicit GroupLog(int file);
  void commit_forever();
  void write_group(Room::Group& group);

  const int file_;
  const int event_;
  uint64_t position_ = 0;
  std::mutex mutex_;
  std::condition_variable gathered_;
  std::condition_variable handed_over_;
  Room::Group groups_[2];
  size_t gathering_ = 0;
  bool committing_ = false;
  std::vector<int> durable_;
  std::thread committer_;
};

}  // namespace mr::bench
