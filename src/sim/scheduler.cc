#include "sim/scheduler.h"

#include <algorithm>

#include "base/assert.h"

namespace mr::sim {

void Scheduler::start_timer(ProcessId owner, io::TimerEvent& event, Instant when) {
  MR_ASSERT(event.clock_slot == io::TimerEvent::not_started);
  event.clock_slot = timers_.size();
  timers_.push_back({when, &event, owner});
}

void Scheduler::cancel_timer(io::TimerEvent& event) {
  const size_t slot = event.clock_slot;
  if (slot == io::TimerEvent::not_started) return;
  event.clock_slot = io::TimerEvent::not_started;
  timers_[slot] = timers_.back();
  timers_.pop_back();
  if (slot < timers_.size()) timers_[slot].event->clock_slot = slot;
}

size_t Scheduler::next_timer() {
  size_t best = 0;
  uint64_t equal = 1;
  for (size_t i = 1; i < timers_.size(); ++i) {
    if (timers_[i].when < timers_[best].when) {
      best = i;
      equal = 1;
    } else if (timers_[i].when == timers_[best].when && random_.one_in(++equal)) {
      best = i;
    }
  }
  return best;
}

bool Scheduler::turn(Instant limit) {
  if (!ready_.empty()) {
    ++turns_;
    const size_t chosen = random_.below(ready_.size());
    const std::coroutine_handle<> task = ready_[chosen].task;
    ready_[chosen] = ready_.back();
    ready_.pop_back();
    note(chosen);
    task.resume();
    return true;
  }
  if (timers_.empty()) return false;
  const size_t chosen = next_timer();
  if (timers_[chosen].when > limit) return false;
  ++turns_;
  now_ = std::max(now_, timers_[chosen].when);
  note(static_cast<uint64_t>(now_.micros));
  io::TimerEvent& event = *timers_[chosen].event;
  cancel_timer(event);
  event.expired();
  return true;
}

void Scheduler::forget(ProcessId owner) {
  std::erase_if(ready_, [owner](const Ready& ready) { return ready.owner == owner; });
  std::vector<Timer> kept;
  for (const Timer& timer : timers_) {
    if (timer.owner == owner) {
      timer.event->clock_slot = io::TimerEvent::not_started;
    } else {
      timer.event->clock_slot = kept.size();
      kept.push_back(timer);
    }
  }
  timers_.swap(kept);
}

}  // namespace mr::sim
