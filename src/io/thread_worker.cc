#include "io/thread_worker.h"

#include <pthread.h>

#include <string>

#include "io/epoll_loop.h"

namespace mr::io {

ThreadWorker::ThreadWorker(EpollLoop& loop, size_t threads, const char* name) : loop_(loop) {
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { run_jobs(); });
    pthread_setname_np(threads_.back().native_handle(), std::string(name).substr(0, 15).c_str());
  }
}

ThreadWorker::~ThreadWorker() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadWorker::submit(Job& job) {
  {
    const std::scoped_lock lock(mutex_);
    jobs_.push_back(&job);
  }
  wake_.notify_one();
}

void ThreadWorker::run_jobs() {
  for (;;) {
    Job* job = nullptr;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = jobs_.front();
      jobs_.pop_front();
    }
    job->execute();
    loop_.complete_from_any_thread(*job);
  }
}

}  // namespace mr::io
