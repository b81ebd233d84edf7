#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "io/clock.h"
#include "io/loop.h"
#include "io/worker.h"

namespace mr::io {

// The real Loop and Clock: one epoll instance, one thread. Ready tasks run in the order in which
// they became ready; timers and descriptors make tasks ready.
class EpollLoop final : public Loop, public Clock {
 public:
  // Told about a descriptor's readiness. It only marks and posts; it never resumes a task.
  class Watcher {
   public:
    virtual ~Watcher() = default;
    virtual void descriptor_ready(uint32_t epoll_events) = 0;
  };

  EpollLoop();
  ~EpollLoop() override;
  EpollLoop(const EpollLoop&) = delete;
  EpollLoop& operator=(const EpollLoop&) = delete;

  // Runs turns until stop() has been called.
  void run();
  // Makes run() return after the present turn.
  void stop() { stopping_ = true; }

  void post(std::coroutine_handle<> ready) override { ready_.push_back(ready); }
  Instant now() const override { return now_; }
  WallTime wall() const override { return wall_; }
  void start_timer(TimerEvent& event, Instant when) override;
  void cancel_timer(TimerEvent& event) override;

  // Watches a non-blocking descriptor, edge-triggered, for input and output.
  void watch(int descriptor, Watcher& watcher);
  // Must be called before the descriptor is closed.
  void unwatch(int descriptor);

  // Has job.completed() called in a turn of this loop. The only call that any thread may make.
  void complete_from_any_thread(Worker::Job& job);

 private:
  struct Timer {
    Instant when;
    TimerEvent* event;
  };

  void turn();
  void read_clocks();
  int wait_millis() const;
  void run_completions();
  void run_timers();
  void place(size_t slot, Timer timer);
  void sift_up(size_t slot);
  void sift_down(size_t slot);

  int epoll_ = -1;
  int wake_ = -1;
  bool stopping_ = false;
  Instant now_;
  WallTime wall_;
  std::deque<std::coroutine_handle<>> ready_;
  std::vector<Timer> timers_;  // a binary heap by time; each event knows its slot

  std::atomic<bool> wake_pending_ = false;
  std::mutex completed_mutex_;
  std::vector<Worker::Job*> completed_;
};

}  // namespace mr::io
