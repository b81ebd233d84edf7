#pragma once

#include <coroutine>

namespace mr::io {

// The door that orders ready tasks: production runs them in the order in which they became ready,
// the simulator breaks ties by its seed. One loop a thread; an object belongs to one loop, and
// every call below is made on that loop's thread.
class Loop {
 public:
  virtual ~Loop() = default;

  // Resumes `ready` in a later turn of the loop, never inside this call.
  virtual void post(std::coroutine_handle<> ready) = 0;

  // Awaiting this gives other ready tasks a turn: long computations yield between items.
  auto yield() {
    struct Awaiter {
      Loop& loop;
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> self) const { loop.post(self); }
      void await_resume() const noexcept {}
    };
    return Awaiter{*this};
  }
};

}  // namespace mr::io
