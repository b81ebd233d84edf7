#include "io/wake_descriptor.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "base/assert.h"

namespace mr::io {

WakeDescriptor::WakeDescriptor(EpollLoop& loop, Listener& listener)
    : loop_(loop), listener_(listener), event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  MR_ASSERT(event_.valid());
  loop_.watch(event_.get(), *this);
}

WakeDescriptor::~WakeDescriptor() {
  loop_.unwatch(event_.get());
}

void WakeDescriptor::descriptor_ready(uint32_t epoll_events) {
  if ((epoll_events & EPOLLIN) == 0) return;  // always writable: that is no news
  uint64_t count = 0;
  if (::read(event_.get(), &count, sizeof count) < 0) return;
  listener_.woken();
}

}  // namespace mr::io
