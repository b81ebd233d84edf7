#include "bench/loadgen/load_run.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "bench/loadgen/system.h"

namespace mr::bench {

namespace {

constexpr double nanos_per_second = 1e9;
// Requests under way at the end are waited for at most this long.
constexpr double drain_seconds = 10;
constexpr uint64_t wait_nanos_max = 20'000'000;
constexpr size_t events_at_once = 256;
constexpr int shown_answer_bytes = 300;

uint64_t nanos(double seconds) {
  return static_cast<uint64_t>(seconds * nanos_per_second);
}

std::string request_head(const Options& options) {
  std::string head = "POST " + options.path + " HTTP/1.1\r\nHost: " + options.host + ":" +
                     std::to_string(options.port) +
                     "\r\nUser-Agent: millrace-loadgen\r\nContent-Type: application/json\r\n";
  for (const std::string& line : options.headers) head += line + "\r\n";
  if (options.gzip_level > 0) head += "Content-Encoding: gzip\r\n";
  return head + "Content-Length: ";
}

}  // namespace

Result<LoadRun> LoadRun::create(const Options& options) {
  LoadRun run(options);
  RandomStream random(static_cast<uint64_t>(options.events.started_at) ^
                      static_cast<uint64_t>(getpid()) << 40);
  const std::string head = request_head(options);
  uint32_t event = 0;
  for (uint32_t i = 0; i < options.connections; ++i) {
    std::vector<RequestBody> bodies;
    for (uint32_t k = 0; k < options.bodies; ++k) {
      MR_TRY(RequestBody body,
             RequestBody::create(options.events, event, options.gzip_level, random));
      event += options.events.events_per_request;
      run.seen_.text_bytes_per_event = body.text_bytes() / options.events.events_per_request;
      bodies.push_back(std::move(body));
    }
    run.connections_.emplace_back(head, std::move(bodies));
  }
  run.epoll_ = epoll_create1(EPOLL_CLOEXEC);
  for (uint32_t i = 0; i < options.connections; ++i) {
    run.connections_[i].open(run.epoll_, i, options.host, options.port);
    run.idle_.push_back(i);
  }
  return run;
}

Measurements LoadRun::run() {
  started_ = monotonic_nanos();
  phase_ends_ = started_ + nanos(options_.warmup_seconds);
  seen_.started = started_;
  while (phase_ != Phase::over) {
    const uint64_t now = monotonic_nanos();
    advance_phase(now);
    if (phase_ == Phase::warm_up || phase_ == Phase::measured) send_due(now);
    if (phase_ != Phase::over) wait_and_handle(now);
  }
  close(epoll_);
  return std::move(seen_);
}

void LoadRun::advance_phase(uint64_t now) {
  if (phase_ == Phase::warm_up && now >= phase_ends_) begin_measuring();
  const uint64_t finished = seen_.answered + seen_.refused + seen_.broken;
  const bool enough = options_.requests > 0 && finished >= options_.requests;
  if (phase_ == Phase::measured && (now >= phase_ends_ || enough)) end_measuring();
  const bool drained = idle_.size() == connections_.size() || now >= phase_ends_;
  if (phase_ == Phase::draining && drained) phase_ = Phase::over;
}

void LoadRun::begin_measuring() {
  phase_ = Phase::measured;
  sent_in_warm_up_ = sent_count_;
  for (const WatchedProcess& watched : options_.watched) {
    seen_.before.push_back(usage_of_tree(watched.process_id));
  }
  seen_.own_cpu_seconds = own_cpu_seconds();
  seen_.machine_busy_seconds = machine_busy_seconds();
  // Reading /proc took a moment; the measured time begins now.
  measured_from_ = monotonic_nanos();
  phase_ends_ = measured_from_ + nanos(options_.seconds);
}

void LoadRun::end_measuring() {
  const uint64_t now = monotonic_nanos();
  seen_.elapsed_seconds = static_cast<double>(now - measured_from_) / nanos_per_second;
  seen_.own_cpu_seconds = own_cpu_seconds() - seen_.own_cpu_seconds;
  seen_.machine_busy_seconds = machine_busy_seconds() - seen_.machine_busy_seconds;
  for (const WatchedProcess& watched : options_.watched) {
    seen_.after.push_back(usage_of_tree(watched.process_id));
  }
  if (options_.rate > 0) {
    const double owed = static_cast<double>(now - started_) / nanos_per_second * options_.rate;
    const auto due = static_cast<uint64_t>(owed);
    seen_.never_sent = due > sent_count_ ? due - sent_count_ : 0;
  }
  phase_ = Phase::draining;
  phase_ends_ = now + nanos(drain_seconds);
}

uint64_t LoadRun::due_time(uint64_t number) const {
  return started_ + nanos(static_cast<double>(number) / options_.rate);
}

// Whether the measured time has had all the requests that it may have.
bool LoadRun::sent_enough() const {
  return options_.requests > 0 && phase_ == Phase::measured &&
         sent_count_ - sent_in_warm_up_ >= options_.requests;
}

// Closed loop: every idle connection sends. Open loop: as many as are due.
void LoadRun::send_due(uint64_t now) {
  while (!idle_.empty() && !sent_enough()) {
    uint64_t due = now;
    if (options_.rate > 0) {
      due = due_time(sent_count_);
      if (due > now) return;
    }
    const uint32_t index = idle_.back();
    idle_.pop_back();
    ++sent_count_;
    const uint64_t sent = monotonic_nanos();
    connections_[index].send(options_.rate > 0 ? due : sent, sent);
  }
}

void LoadRun::wait_and_handle(uint64_t now) {
  uint64_t wait = wait_nanos_max;
  if (options_.rate > 0 && !idle_.empty() && phase_ != Phase::draining) {
    const uint64_t due = due_time(sent_count_);
    wait = due > now ? std::min(due - now, wait_nanos_max) : 0;
    if (sent_enough()) wait = wait_nanos_max;
  }
  const timespec limit{0, static_cast<long>(wait)};
  std::array<epoll_event, events_at_once> events;
  const int count = epoll_pwait2(epoll_, events.data(), events.size(), &limit, nullptr);
  for (int i = 0; i < count; ++i) {
    handle(events[static_cast<size_t>(i)].data.u32, events[static_cast<size_t>(i)].events);
  }
}

void LoadRun::handle(uint32_t index, uint32_t events) {
  Connection& connection = connections_[index];
  if ((events & EPOLLOUT) != 0) connection.on_writable();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP)) == 0) return;
  switch (connection.on_readable()) {
    case Connection::Progress::waiting:
      return;
    case Connection::Progress::idle_end:
      reopen(index);
      return;
    case Connection::Progress::broken:
      if (phase_ == Phase::measured) ++seen_.broken;
      reopen(index);
      idle_.push_back(index);
      return;
    case Connection::Progress::answered:
      count_answer(connection, monotonic_nanos());
      if (connection.finished() || (events & EPOLLRDHUP) != 0) reopen(index);
      idle_.push_back(index);
      return;
  }
}

void LoadRun::count_answer(const Connection& connection, uint64_t now) {
  const bool accepted = connection.status() >= 200 && connection.status() < 300;
  if (accepted) seen_.events_accepted += options_.events.events_per_request;
  if (!accepted && !std::exchange(refusal_shown_, true)) {
    std::fprintf(stderr, "first refusal: %.*s\n", shown_answer_bytes, connection.answer().c_str());
  }
  if (phase_ != Phase::measured) return;
  ++seen_.statuses[connection.status()];
  if (!accepted) {
    ++seen_.refused;
    return;
  }
  ++seen_.answered;
  seen_.wire_bytes += connection.request_bytes();
  seen_.from_sent.add(now - connection.sent());
  seen_.from_due.add(now - connection.due());
}

void LoadRun::reopen(uint32_t index) {
  ++seen_.reconnects;
  connections_[index].open(epoll_, index, options_.host, options_.port);
}

}  // namespace mr::bench
