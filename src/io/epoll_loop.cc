#include "io/epoll_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "base/assert.h"
#include "io/system_time.h"

namespace mr::io {

namespace {

constexpr int events_per_wait = 256;
// Tasks resumed before descriptors and timers get their turn again.
constexpr size_t resumes_per_turn = 1024;

}  // namespace

EpollLoop::EpollLoop() {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  MR_ASSERT(epoll_ >= 0 && wake_ >= 0);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = nullptr;
  MR_ASSERT(epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) == 0);
  read_clocks();
}

EpollLoop::~EpollLoop() {
  ::close(wake_);
  ::close(epoll_);
}

void EpollLoop::run() {
  stopping_ = false;
  while (!stopping_) turn();
}

void EpollLoop::turn() {
  epoll_event events[events_per_wait];
  const int count = epoll_wait(epoll_, events, events_per_wait, wait_millis());
  MR_ASSERT(count >= 0 || errno == EINTR);
  read_clocks();
  for (int i = 0; i < count; ++i) {
    if (events[i].data.ptr != nullptr) {
      static_cast<Watcher*>(events[i].data.ptr)->descriptor_ready(events[i].events);
    }
  }
  run_completions();
  run_timers();
  for (size_t resumed = 0; resumed < resumes_per_turn && !ready_.empty(); ++resumed) {
    const std::coroutine_handle<> next = ready_.front();
    ready_.pop_front();
    next.resume();
  }
}

void EpollLoop::read_clocks() {
  now_ = system_instant();
  wall_ = system_wall();
}

int EpollLoop::wait_millis() const {
  if (!ready_.empty()) return 0;
  if (timers_.empty()) return -1;
  const int64_t micros = timers_.front().when.micros - system_instant().micros;
  if (micros <= 0) return 0;
  constexpr int64_t longest_millis = 3'600'000;
  return static_cast<int>(std::min((micros + 999) / 1000, longest_millis));
}

void EpollLoop::run_completions() {
  if (!wake_pending_.load(std::memory_order_acquire)) return;
  // In this order: a job completed after the flag falls writes to the descriptor again. Drained
  // after the flag, that write could be lost, and the loop would sleep with a completed job.
  uint64_t ignored = 0;
  [[maybe_unused]] const ssize_t drained = ::read(wake_, &ignored, sizeof ignored);
  wake_pending_.exchange(false, std::memory_order_acq_rel);
  std::vector<Worker::Job*> completed;
  {
    const std::scoped_lock lock(completed_mutex_);
    completed.swap(completed_);
  }
  for (Worker::Job* job : completed) job->completed();
}

void EpollLoop::complete_from_any_thread(Worker::Job& job) {
  {
    const std::scoped_lock lock(completed_mutex_);
    completed_.push_back(&job);
  }
  if (!wake_pending_.exchange(true, std::memory_order_acq_rel)) {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof one);
  }
}

void EpollLoop::run_timers() {
  while (!timers_.empty() && timers_.front().when <= now_) {
    TimerEvent& event = *timers_.front().event;
    cancel_timer(event);
    event.expired();
  }
}

void EpollLoop::start_timer(TimerEvent& event, Instant when) {
  MR_ASSERT(event.clock_slot == TimerEvent::not_started);
  timers_.push_back({when, &event});
  event.clock_slot = timers_.size() - 1;
  sift_up(event.clock_slot);
}

void EpollLoop::cancel_timer(TimerEvent& event) {
  const size_t slot = event.clock_slot;
  if (slot == TimerEvent::not_started) return;
  event.clock_slot = TimerEvent::not_started;
  const Timer last = timers_.back();
  timers_.pop_back();
  if (slot == timers_.size()) return;
  place(slot, last);
  sift_up(slot);
  sift_down(last.event->clock_slot);
}

void EpollLoop::place(size_t slot, Timer timer) {
  timers_[slot] = timer;
  timer.event->clock_slot = slot;
}

void EpollLoop::sift_up(size_t slot) {
  const Timer timer = timers_[slot];
  while (slot > 0 && timer.when < timers_[(slot - 1) / 2].when) {
    place(slot, timers_[(slot - 1) / 2]);
    slot = (slot - 1) / 2;
  }
  place(slot, timer);
}

void EpollLoop::sift_down(size_t slot) {
  const Timer timer = timers_[slot];
  while (2 * slot + 1 < timers_.size()) {
    size_t child = 2 * slot + 1;
    if (child + 1 < timers_.size() && timers_[child + 1].when < timers_[child].when) ++child;
    if (timer.when <= timers_[child].when) break;
    place(slot, timers_[child]);
    slot = child;
  }
  place(slot, timer);
}

void EpollLoop::watch(int descriptor, Watcher& watcher) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &watcher;
  MR_ASSERT(epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) == 0);
}

void EpollLoop::unwatch(int descriptor) {
  epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
}

}  // namespace mr::io
