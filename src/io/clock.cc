#include "io/clock.h"

#include <coroutine>

namespace mr::io {

namespace {

struct Sleep : TimerEvent {
  Sleep(Clock& with, Instant until) : clock(with), when(until) {}
  ~Sleep() override { clock.cancel_timer(*this); }
  Clock& clock;
  Instant when;
  std::coroutine_handle<> awaiting;

  bool await_ready() const { return when <= clock.now(); }
  void await_suspend(std::coroutine_handle<> self) {
    awaiting = self;
    clock.start_timer(*this, when);
  }
  void await_resume() const noexcept {}
  void expired() override { awaiting.resume(); }
};

}  // namespace

Task<void> Clock::sleep_until(Instant when) {
  co_await Sleep{*this, when};
}

}  // namespace mr::io
