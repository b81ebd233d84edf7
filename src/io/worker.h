#pragma once

#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>

#include "io/task.h"

namespace mr::io {

// The door for calls that block: SQLite, libchdb, file-system calls. In production a small pool of
// threads, in simulation inline execution. Jobs of a pool with one thread run in submission order.
class Worker {
 public:
  // One blocking call. The submitter keeps it alive until completed() has been called.
  class Job {
   public:
    virtual ~Job() = default;
    // Runs on a worker thread; touches only what the job owns or what is bound to this worker.
    virtual void execute() = 0;
    // Runs on the loop's thread after execute().
    virtual void completed() = 0;
  };

  virtual ~Worker() = default;

  // Queues `job`. Unbounded here: the caller's own queues are what bounds it.
  virtual void submit(Job& job) = 0;

  // Runs `work()` on the worker and yields what it returns. `work` is moved into the task, so
  // captures by value are safe; what it captures by reference must outlive the await.
  template <typename Work>
  Task<std::invoke_result_t<Work&>> run(Work work) {
    co_return co_await Call<Work>{*this, work};
  }

 private:
  template <typename Work>
  struct Call : Job {
    using Value = std::invoke_result_t<Work&>;
    static_assert(!std::is_void_v<Value>, "return a Result<void>, or a value");

    Call(Worker& to, Work& what) : worker(to), work(what) {}
    Worker& worker;
    Work& work;
    std::optional<Value> value;
    std::coroutine_handle<> awaiting;

    void execute() override { value.emplace(work()); }
    void completed() override { awaiting.resume(); }

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> self) {
      awaiting = self;
      worker.submit(*this);
    }
    Value await_resume() { return std::move(*value); }
  };
};

}  // namespace mr::io
