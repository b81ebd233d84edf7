#include "io/signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <coroutine>

#include "base/assert.h"
#include "io/descriptor.h"
#include "io/epoll_loop.h"
#include "io/signal.h"

namespace mr::io {

namespace {

sigset_t set_of(const std::vector<int>& numbers) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : numbers) sigaddset(&set, number);
  return set;
}

}  // namespace

void block_signals(const std::vector<int>& numbers) {
  const sigset_t set = set_of(numbers);
  MR_ASSERT(::pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
}

class Signals::Watcher final : public EpollLoop::Watcher {
 public:
  Watcher(EpollLoop& loop, const std::vector<int>& numbers) : loop_(loop), arrived_(loop) {
    const sigset_t set = set_of(numbers);
    descriptor_ = Descriptor(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
    MR_ASSERT(descriptor_.valid());
    loop_.watch(descriptor_.get(), *this);
  }
  ~Watcher() override { loop_.unwatch(descriptor_.get()); }

  void descriptor_ready(uint32_t) override { arrived_.notify(); }

  Task<int> next() {
    for (;;) {
      signalfd_siginfo info{};
      if (::read(descriptor_.get(), &info, sizeof info) == sizeof info) {
        co_return static_cast<int>(info.ssi_signo);
      }
      co_await arrived_.wait();
    }
  }

 private:
  EpollLoop& loop_;
  Signal arrived_;
  Descriptor descriptor_;
};

Signals::Signals(EpollLoop& loop, std::vector<int> numbers)
    : watcher_(std::make_unique<Watcher>(loop, numbers)) {
}
Signals::~Signals() = default;

Task<int> Signals::next() {
  return watcher_->next();
}

}  // namespace mr::io
