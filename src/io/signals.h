#pragma once

#include <memory>
#include <vector>

#include "io/task.h"

namespace mr::io {

class EpollLoop;

// Keeps the signals from their usual effect in this thread and those that it starts: called before
// any thread is started, so that Signals receives them.
void block_signals(const std::vector<int>& numbers);

// Receives blocked Unix signals as values. One object a process.
class Signals {
 public:
  Signals(EpollLoop& loop, std::vector<int> numbers);
  ~Signals();

  // Completes with the number of the next signal. One waiter at a time.
  Task<int> next();

 private:
  class Watcher;
  std::unique_ptr<Watcher> watcher_;
};

}  // namespace mr::io
