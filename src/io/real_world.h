#pragma once

#include <optional>
#include <utility>

#include "io/epoll_loop.h"
#include "io/real_disk.h"
#include "io/real_network.h"
#include "io/real_random.h"
#include "io/task_group.h"
#include "io/thread_worker.h"
#include "io/world.h"

namespace mr::io {

// The real doors of one process: made once by main/ (or by a test that needs the real machine).
class RealWorld {
 public:
  // `worker_threads` is the size of the general worker; libraries that want a thread of their own
  // get a ThreadWorker of their own on loop().
  explicit RealWorld(size_t worker_threads = 1)
      : disk_(loop_), network_(loop_), worker_(loop_, worker_threads, "worker") {}

  World world() { return {loop_, loop_, disk_, network_, random_, worker_}; }
  EpollLoop& loop() { return loop_; }

  // Runs the loop until `task` has ended.
  void run(Task<void> task);
  // The same; yields what the task yields.
  template <typename T>
  T result_of(Task<T> task) {
    std::optional<T> value;
    run(keep(std::move(task), value));
    return std::move(*value);
  }

 private:
  template <typename T>
  static Task<void> keep(Task<T> task, std::optional<T>& value) {
    value.emplace(co_await task);
  }

  EpollLoop loop_;
  RealDisk disk_;
  RealNetwork network_;
  RealRandom random_;
  ThreadWorker worker_;
};

}  // namespace mr::io
