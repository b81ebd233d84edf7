#include "io/signal.h"

namespace mr::io {

void Signal::notify() {
  Waiter* waiter = first_;
  first_ = last_ = nullptr;
  while (waiter != nullptr) {
    Waiter* next = waiter->next;
    waiter->linked = false;
    waiter->notified = true;
    if (waiter->clock != nullptr) waiter->clock->cancel_timer(*waiter);
    loop_.post(waiter->awaiting);
    waiter = next;
  }
}

Signal::Waiter::~Waiter() {
  if (linked) unlink();
  if (clock != nullptr) clock->cancel_timer(*this);
}

void Signal::Waiter::await_suspend(std::coroutine_handle<> self) {
  awaiting = self;
  linked = true;
  (signal.last_ != nullptr ? signal.last_->next : signal.first_) = this;
  signal.last_ = this;
  if (clock != nullptr && deadline != no_deadline) clock->start_timer(*this, deadline);
}

void Signal::Waiter::expired() {
  unlink();
  signal.loop_.post(awaiting);
}

void Signal::Waiter::unlink() {
  linked = false;
  Waiter* before = nullptr;
  for (Waiter* waiter = signal.first_; waiter != this; waiter = waiter->next) before = waiter;
  (before != nullptr ? before->next : signal.first_) = next;
  if (signal.last_ == this) signal.last_ = before;
}

}  // namespace mr::io
