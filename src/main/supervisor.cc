#include "main/supervisor.h"

#include <signal.h>

#include <algorithm>

#include "io/disk.h"
#include "io/signal.h"
#include "io/signals.h"
#include "io/task_group.h"
#include "io/world.h"

namespace mr::main {

namespace {

constexpr Millis healthy_after{5000};
constexpr Millis first_pause{100};
constexpr Millis longest_pause{10'000};
constexpr Millis stop_patience{30'000};

}  // namespace

Millis restart_pause(Millis uptime, int failures) {
  if (uptime >= healthy_after || failures == 0) return {0};
  const int doublings = std::min(failures - 1, 10);
  return std::min(Millis{first_pause.count << doublings}, longest_pause);
}

struct Supervisor::Running {
  Child child;
  int process_id = 0;  // 0 while it is down
  Instant started;
  Instant start_due;
  int failures = 0;  // ends in a row that were not asked for, none after a healthy run
  int restarts = 0;
  int exit_code = 0;
  int signal = 0;
};

struct Supervisor::Wake {
  explicit Wake(io::Loop& loop) : changed(loop), tasks(loop) {}
  io::Signal changed;
  io::TaskGroup tasks;
};

Supervisor::Supervisor(io::World& world, io::Signals& signals, telemetry::Logger& log,
                       std::string status_file, std::vector<Child> children)
    : world_(world),
      signals_(signals),
      log_(log),
      status_file_(std::move(status_file)),
      wake_(std::make_unique<Wake>(world.loop)) {
  for (Child& child : children) children_.push_back({.child = std::move(child)});
}

Supervisor::~Supervisor() = default;

io::Task<bool> Supervisor::run() {
  for (Running& child : children_) start(child);
  wake_->tasks.spawn(watch_signals());
  while (!stopping_) {
    co_await restart_due();
    co_await write_status();
    Instant next = io::no_deadline;
    for (const Running& child : children_) {
      if (child.process_id == 0) next = std::min(next, child.start_due);
    }
    if (!stopping_ && !status_changed_) co_await wake_->changed.wait_until(world_.clock, next);
  }
  co_return co_await stop_all();
}

void Supervisor::start(Running& child) {
  child.started = world_.clock.now();
  status_changed_ = true;
  const Result<int> started = io::start_child(child.child.command);
  if (!started) {
    ++child.failures;
    child.start_due = world_.clock.now() + restart_pause({0}, child.failures);
    log_.error("cannot start process",
               {{"name", child.child.name}, {"error", started.error().message()}});
    return;
  }
  child.process_id = *started;
}

io::Task<void> Supervisor::restart_due() {
  for (Running& child : children_) {
    if (child.process_id != 0 || child.start_due > world_.clock.now()) continue;
    ++child.restarts;
    start(child);
  }
  co_return;
}

io::Task<void> Supervisor::watch_signals() {
  for (;;) {
    const int signal = co_await signals_.next();
    if (signal == SIGCHLD) collect();
    if (signal == SIGTERM || signal == SIGINT) stopping_ = true;
    wake_->changed.notify();
  }
}

Supervisor::Running* Supervisor::find(int process_id) {
  const auto found = std::ranges::find(children_, process_id, &Running::process_id);
  return found == children_.end() ? nullptr : &*found;
}

void Supervisor::collect() {
  io::ChildEnd end;
  while (io::collect_child(end)) {
    Running* child = find(end.process_id);
    if (child == nullptr) continue;
    const Millis uptime = world_.clock.now() - child->started;
    const Millis pause = restart_pause(uptime, child->failures);
    child->failures = uptime >= healthy_after ? 1 : child->failures + 1;
    child->process_id = 0;
    child->exit_code = end.exit_code;
    child->signal = end.signal;
    child->start_due = world_.clock.now() + pause;
    status_changed_ = true;
    if (stopping_) continue;
    log_.warning("process ended; starting it again", {{"name", child->child.name},
                                                      {"pid", end.process_id},
                                                      {"exit_code", end.exit_code},
                                                      {"signal", end.signal},
                                                      {"pause_ms", pause.count}});
  }
}

// In the order in which they were named: accept first, so that nothing new comes in while the
// others finish.
io::Task<bool> Supervisor::stop_all() {
  bool orderly = true;
  for (Running& child : children_) orderly = co_await stop_one(child) && orderly;
  status_changed_ = true;
  co_await write_status();
  co_return orderly;
}

io::Task<bool> Supervisor::stop_one(Running& child) {
  if (child.process_id == 0) co_return true;
  io::send_signal(child.process_id, SIGTERM);
  const Instant deadline = world_.clock.now() + stop_patience;
  while (child.process_id != 0 && world_.clock.now() < deadline) {
    co_await wake_->changed.wait_until(world_.clock, deadline);
  }
  if (child.process_id != 0) {
    log_.error("process did not stop in time; killing it", {{"name", child.child.name}});
    io::send_signal(child.process_id, SIGKILL);
    while (child.process_id != 0) co_await wake_->changed.wait();
    co_return false;
  }
  co_return child.exit_code == 0 && child.signal == 0;
}

io::Task<void> Supervisor::write_status() {
  if (!status_changed_) co_return;
  status_changed_ = false;
  std::string text = "[";
  for (const Running& child : children_) {
    if (text.size() > 1) text += ",";
    text += "{\"name\":\"" + child.child.name + "\",\"pid\":" + std::to_string(child.process_id) +
            ",\"state\":\"" + (child.process_id != 0 ? "running" : "down") +
            "\",\"restarts\":" + std::to_string(child.restarts) + "}";
  }
  text += "]\n";
  const ByteView bytes = as_bytes(text);
  const auto written =
      co_await io::replace_file(world_.disk, status_file_, Bytes(bytes.begin(), bytes.end()));
  if (!written) log_.warning("cannot write status", {{"error", written.error().message()}});
}

}  // namespace mr::main
