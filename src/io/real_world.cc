#include "io/real_world.h"

namespace mr::io {

namespace {

Task<void> then_stop(EpollLoop& loop, Task<void> task) {
  co_await task;
  loop.stop();
}

}  // namespace

void RealWorld::run(Task<void> task) {
  TaskGroup group(loop_);
  group.spawn(then_stop(loop_, std::move(task)));
  loop_.run();
}

}  // namespace mr::io
