#include "main/process_runtime.h"

#include <signal.h>

#include <cstdlib>

#include "io/world.h"

namespace mr::main {

namespace {

constexpr Millis own_socket_grace{1000};

io::Task<void> serve_logged(telemetry::Logger& log, http::Server& server,
                            std::unique_ptr<io::Listener> listener) {
  const std::string address = listener->address().text;
  const auto served = co_await server.serve(std::move(listener));
  if (!served) {
    log.error("cannot go on serving", {{"address", address}, {"error", served.error().message()}});
  }
}

}  // namespace

ProcessRuntime::EarlySignals::EarlySignals() {
  io::block_signals({SIGTERM});
  // Ctrl-C reaches the whole group; the supervisor decides in which order we stop.
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
}

ProcessRuntime::ProcessRuntime(const Command& command, size_t worker_threads)
    : name_(command.process_name),
      settings_(command.settings),
      directory_(command.settings.text("data")),
      real_(worker_threads),
      world_(real_.world()),
      signals_(real_.loop(), {SIGTERM}),
      log_(telemetry::Logger::to_stderr(name_,
                                        *telemetry::parse_log_format(settings_.text("log.format")),
                                        telemetry::Severity::info)),
      metrics_handler_(metrics_, name_),
      stop_asked_(real_.loop()),
      watching_(real_.loop()),
      tasks_(real_.loop()) {
  watching_.spawn(watch_signals());
  own_routes_.add(http::Method::get, "/metrics", metrics_handler_);
}

ProcessRuntime::~ProcessRuntime() = default;

Result<void> serve_in_background(ProcessRuntime& runtime, io::TaskGroup& tasks,
                                 http::Server& server, const std::string& address) {
  MR_TRY(auto listener, runtime.world().network.listen({address}));
  tasks.spawn(serve_logged(runtime.log(), server, std::move(listener)));
  return {};
}

Result<void> ProcessRuntime::serve_own_socket() {
  own_server_ = std::make_unique<http::Server>(world_, own_routes_, metrics_, "own");
  return serve_in_background(*this, tasks_, *own_server_, directory_.process_socket(name_));
}

io::Task<void> ProcessRuntime::stop_own_socket() {
  if (own_server_) own_server_->stop(own_socket_grace);
  co_await tasks_.drain();
}

io::Task<void> ProcessRuntime::watch_signals() {
  while (co_await signals_.next() != SIGTERM) {
  }
  ask_to_stop();
}

void ProcessRuntime::ask_to_stop() {
  stopping_ = true;
  stop_asked_.notify();
}

io::Worker& ProcessRuntime::blocking_calls(const char* name, size_t threads) {
  if (!blocking_calls_) blocking_calls_ = std::make_unique<io::ThreadWorker>(loop(), threads, name);
  return *blocking_calls_;
}

io::Task<void> ProcessRuntime::stop_requested() {
  while (!stopping_) co_await stop_asked_.wait();
}

io::Task<bool> ProcessRuntime::stop_requested_within(Millis patience) {
  const Instant deadline = world_.clock.now() + patience;
  while (!stopping_ && world_.clock.now() < deadline) {
    co_await stop_asked_.wait_until(world_.clock, deadline);
  }
  co_return stopping_;
}

void ProcessRuntime::fail_process(const Error& error) {
  if (stopping_ && error.code() == ErrorCode::closed) {
    log_->info("stopped while it waited", {{"for", error.message()}});
    std::_Exit(0);
  }
  log_->error("process failed", {{"error", error.message()}});
  std::_Exit(1);
}

}  // namespace mr::main
