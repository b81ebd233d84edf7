#include "io/task_group.h"

#include "base/assert.h"

namespace mr::io {

// One running root, in the group's list so that it can be destroyed with the group.
struct TaskGroup::Entry {
  std::coroutine_handle<> frame;
  Entry* next = nullptr;
  Entry* previous = nullptr;
};

struct TaskGroup::Root {
  struct promise_type : Entry {
    TaskGroup& group;

    promise_type(TaskGroup& of, Task<void>&) : group(of) {}

    struct Final {
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<promise_type> ended) const noexcept {
        promise_type& promise = ended.promise();
        promise.group.ended(promise);
        ended.destroy();
      }
      void await_resume() const noexcept {}
    };

    Root get_return_object() {
      frame = std::coroutine_handle<promise_type>::from_promise(*this);
      return Root{this};
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    Final final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept {
      assertion_failed("no exception leaves a task", __FILE__, __LINE__);
    }
  };

  Entry* entry;
};

TaskGroup::Root TaskGroup::run(TaskGroup&, Task<void> task) {
  co_await task;
}

TaskGroup::~TaskGroup() {
  while (first_ != nullptr) {
    Entry* entry = first_;
    first_ = entry->next;
    entry->frame.destroy();
  }
}

void TaskGroup::spawn(Task<void> task) {
  Entry* entry = run(*this, std::move(task)).entry;
  entry->next = first_;
  if (first_ != nullptr) first_->previous = entry;
  first_ = entry;
  ++running_;
  loop_.post(entry->frame);
}

void TaskGroup::ended(Entry& entry) {
  (entry.previous != nullptr ? entry.previous->next : first_) = entry.next;
  if (entry.next != nullptr) entry.next->previous = entry.previous;
  --running_;
  if (running_ == 0 && drainer_) loop_.post(std::exchange(drainer_, nullptr));
}

Task<void> TaskGroup::drain() {
  struct Ended {
    TaskGroup& group;
    bool await_ready() const noexcept { return group.running_ == 0; }
    void await_suspend(std::coroutine_handle<> self) const {
      MR_ASSERT(!group.drainer_);
      group.drainer_ = self;
    }
    void await_resume() const noexcept {}
  };
  co_await Ended{*this};
}

}  // namespace mr::io
