#pragma once

#include <memory>
#include <vector>

#include "io/task.h"

namespace mr::io {

class EpollLoop;

// Receives Unix signals as values. Made once, before any thread is started: it blocks the signals
// in this thread, and threads inherit that.
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
