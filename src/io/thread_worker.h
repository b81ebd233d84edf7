#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "io/worker.h"

namespace mr::io {

class EpollLoop;

// The real Worker: threads that run blocking jobs and hand them back to the loop. With one thread,
// jobs run in submission order. The destructor lets queued jobs finish and joins; it must not run
// while the loop is in use by another thread.
class ThreadWorker final : public Worker {
 public:
  // `name` appears in the threads' names (at most 15 bytes are kept by the kernel).
  ThreadWorker(EpollLoop& loop, size_t threads, const char* name);
  ~ThreadWorker() override;
  ThreadWorker(const ThreadWorker&) = delete;
  ThreadWorker& operator=(const ThreadWorker&) = delete;

  void submit(Job& job) override;

 private:
  void run_jobs();

  EpollLoop& loop_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job*> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace mr::io
