#pragma once

#include <coroutine>

#include "io/clock.h"
#include "io/loop.h"

namespace mr::io {

// A condition between tasks of one loop: wait() suspends until the next notify. It holds no state:
// check the condition, wait, check again.
class Signal {
 public:
  explicit Signal(Loop& loop) : loop_(loop) {}
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  // Completes at the next notify().
  auto wait() { return Waiter{*this, nullptr, no_deadline}; }
  // Completes at the next notify() (yields true) or at `deadline` (yields false).
  auto wait_until(Clock& clock, Instant deadline) { return Waiter{*this, &clock, deadline}; }
  // Wakes all who wait now, in the order in which they came.
  void notify();

 private:
  struct Waiter : TimerEvent {
    Waiter(Signal& of, Clock* with, Instant until) : signal(of), clock(with), deadline(until) {}
    ~Waiter() override;
    Signal& signal;
    Clock* clock;
    Instant deadline;
    Waiter* next = nullptr;
    std::coroutine_handle<> awaiting;
    bool linked = false;
    bool notified = false;

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> self);
    bool await_resume() const noexcept { return notified; }
    void expired() override;
    void unlink();
  };

  Loop& loop_;
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
};

}  // namespace mr::io
