#pragma once

#include <atomic>
#include <memory>

#include "io/disk.h"
#include "io/thread_worker.h"

namespace mr::io {

class EpollLoop;

// The real SharedPage: one mapped file page; waiting is a futex wait on a thread of its own, so a
// wake-up crosses processes in microseconds and waiting costs nothing.
class RealSharedPage final : public SharedPage {
 public:
  // Opens or makes the file. May be called on any thread.
  static Result<std::unique_ptr<SharedPage>> map(EpollLoop& loop, const Path& path);

  ~RealSharedPage() override;
  uint64_t load(size_t word) const override;
  void publish(size_t word, uint64_t value) override;
  void store(size_t word, uint64_t value) override;
  Task<uint64_t> wait_until_not(size_t word, uint64_t seen, Instant deadline) override;

 private:
  // The bytes of the file: the words, then the counter that waiters sleep on.
  struct Layout {
    std::atomic<uint64_t> words[word_count];
    std::atomic<uint32_t> changes;
  };

  RealSharedPage(EpollLoop& loop, Layout* page) : loop_(loop), page_(page) {}
  uint64_t wait_blocking(size_t word, uint64_t seen, Instant deadline);

  EpollLoop& loop_;
  Layout* page_;
  std::atomic<bool> closing_ = false;
  std::unique_ptr<ThreadWorker> waiter_;  // made by the first wait
};

}  // namespace mr::io
