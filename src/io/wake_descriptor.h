#pragma once

#include "io/descriptor.h"
#include "io/epoll_loop.h"

namespace mr::io {

// A descriptor that any thread may write eight bytes to (an eventfd) to have a call made on the
// loop's thread: how a library with threads of its own reaches us. Writes that meet are one call.
class WakeDescriptor final : EpollLoop::Watcher {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    // On the loop's thread. As for every watcher: it only marks and posts, it resumes no task.
    virtual void woken() = 0;
  };

  // Loop and listener outlive it. Whoever writes must have stopped before it is destroyed.
  WakeDescriptor(EpollLoop& loop, Listener& listener);
  ~WakeDescriptor() override;
  WakeDescriptor(const WakeDescriptor&) = delete;
  WakeDescriptor& operator=(const WakeDescriptor&) = delete;

  // Not blocking; write a uint64_t of 1.
  int descriptor() const { return event_.get(); }

 private:
  void descriptor_ready(uint32_t epoll_events) override;

  EpollLoop& loop_;
  Listener& listener_;
  Descriptor event_;
};

}  // namespace mr::io
