#pragma once

#include <coroutine>
#include <cstddef>

#include "io/loop.h"
#include "io/task.h"

namespace mr::io {

// Owns background tasks: spawn() starts one, drain() waits until all have ended. A member of the
// object whose work it is. Bound to one loop.
//
// Destroying a group destroys the tasks that still run, from their roots. That is only right when
// no door still holds one of them: after drain(), or in the simulator after its doors forgot them.
class TaskGroup {
 public:
  explicit TaskGroup(Loop& loop) : loop_(loop) {}
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();

  // Starts `task` in the loop's next turn.
  void spawn(Task<void> task);
  // Completes when no task runs. One waiter at a time.
  Task<void> drain();
  size_t running() const { return running_; }

 private:
  struct Root;
  struct Entry;
  static Root run(TaskGroup& group, Task<void> task);
  void ended(Entry& entry);

  Loop& loop_;
  Entry* first_ = nullptr;
  size_t running_ = 0;
  std::coroutine_handle<> drainer_;
};

}  // namespace mr::io
