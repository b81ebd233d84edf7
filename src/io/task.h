#pragma once

#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/assert.h"

namespace mr::io {

template <typename T>
class Task;

namespace detail {

// What every task promise shares: it starts suspended (tasks are lazy) and, when it ends, resumes
// whoever awaited it without growing the stack (symmetric transfer).
struct TaskPromiseBase {
  std::coroutine_handle<> awaiting;

  struct Final {
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      const std::coroutine_handle<> next = ended.promise().awaiting;
      return next ? next : std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  Final final_suspend() const noexcept { return {}; }
  // Exceptions do not cross our code: a library's are caught in the file that wraps it.
  [[noreturn]] void unhandled_exception() const noexcept {
    assertion_failed("no exception leaves a task", __FILE__, __LINE__);
  }
};

template <typename T>
struct TaskPromise : TaskPromiseBase {
  std::optional<T> value;
  Task<T> get_return_object() noexcept;
  template <typename U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() { return std::move(*value); }
};

template <>
struct TaskPromise<void> : TaskPromiseBase {
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() const noexcept {}
};

}  // namespace detail

// An asynchronous computation that yields a T: lazy (it runs when awaited), awaited exactly once,
// owned by whoever holds it. Destroying a Task destroys its frame and, through it, everything
// that the frame owns, so a suspended tree of tasks can be abandoned from its root (the simulator
// does this when it crashes a process). Bound to one loop; not thread-safe.
template <typename T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::TaskPromise<T>;

  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (frame_) frame_.destroy();
      frame_ = std::exchange(other.frame_, nullptr);
    }
    return *this;
  }
  ~Task() {
    if (frame_) frame_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
    frame_.promise().awaiting = awaiting;
    return frame_;
  }
  T await_resume() { return frame_.promise().take(); }

 private:
  friend struct detail::TaskPromise<T>;
  explicit Task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}

  std::coroutine_handle<promise_type> frame_;
};

namespace detail {

template <typename T>
Task<T> TaskPromise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<TaskPromise<T>>::from_promise(*this));
}
inline Task<void> TaskPromise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<TaskPromise<void>>::from_promise(*this));
}

}  // namespace detail

}  // namespace mr::io
