#pragma once

#include <deque>

#include "io/worker.h"
#include "sim/scheduler.h"

namespace mr::sim {

// The door of blocking calls: each job runs inline in a later turn, in the order of submission.
class SimWorker final : public io::Worker {
 public:
  SimWorker(Scheduler& scheduler, ProcessId owner) : scheduler_(scheduler), pump_(*this, owner) {}
  ~SimWorker() override { scheduler_.cancel_timer(pump_); }

  void submit(Job& job) override {
    jobs_.push_back(&job);
    pump_.start();
  }

 private:
  struct Pump : io::TimerEvent {
    Pump(SimWorker& of, ProcessId by) : worker(of), owner(by) {}
    SimWorker& worker;
    ProcessId owner;
    void start() {
      if (clock_slot == not_started) {
        worker.scheduler_.start_timer(owner, *this, worker.scheduler_.now());
      }
    }
    void expired() override {
      Job* job = worker.jobs_.front();
      worker.jobs_.pop_front();
      if (!worker.jobs_.empty()) start();
      job->execute();
      job->completed();
    }
  };

  Scheduler& scheduler_;
  std::deque<Job*> jobs_;
  Pump pump_;
};

}  // namespace mr::sim
