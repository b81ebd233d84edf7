#pragma once

#include <array>
#include <vector>

#include "io/disk.h"
#include "sim/scheduler.h"
#include "sim/storage.h"

namespace mr::sim {

// The memory of one shared page and those who wait on it, in whatever process.
class SharedPageState {
 public:
  struct Waiter : io::TimerEvent {
    Waiter(SharedPageState& on, Scheduler& with, ProcessId by, size_t w, uint64_t s, Instant until)
        : page(on), scheduler(with), owner(by), word(w), seen(s), deadline(until) {}
    ~Waiter() override;
    SharedPageState& page;
    Scheduler& scheduler;
    ProcessId owner;
    size_t word;
    uint64_t seen;
    Instant deadline;
    std::coroutine_handle<> awaiting;
    bool linked = false;

    bool await_ready() const { return page.words[word] != seen; }
    void await_suspend(std::coroutine_handle<> self);
    uint64_t await_resume() const { return page.words[word]; }
    void expired() override;
  };

  void wake();
  // Drops waiters without resuming them.
  void forget(CrashKind kind, ProcessId owner);

  std::array<uint64_t, io::SharedPage::word_count> words{};

 private:
  std::vector<Waiter*> waiters_;
};

}  // namespace mr::sim
