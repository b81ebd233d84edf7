#pragma once

#include <memory>
#include <string>

#include "http/router.h"
#include "http/server.h"
#include "io/real_world.h"
#include "io/signal.h"
#include "io/signals.h"
#include "io/thread_worker.h"
#include "main/command_line.h"
#include "main/data_directory.h"
#include "serve/metrics_handler.h"
#include "telemetry/log_line.h"
#include "telemetry/metrics.h"

namespace mr::main {

// What every child of `serve` has: the real world, log lines, metrics on its own socket in run/,
// and the signal that asks it to stop.
class ProcessRuntime {
 public:
  ProcessRuntime(const Command& command, size_t worker_threads);
  ~ProcessRuntime();

  const std::string& name() const { return name_; }
  const Settings& settings() const { return settings_; }
  const DataDirectory& directory() const { return directory_; }
  io::World& world() { return world_; }
  io::EpollLoop& loop() { return real_.loop(); }
  telemetry::Logger& log() { return *log_; }
  telemetry::Metrics& metrics() { return metrics_; }
  // Routes of the process's own socket; /metrics is there already. Add before serve_own_socket().
  http::Router& own_routes() { return own_routes_; }

  // Serves the own socket in the background until stop_own_socket().
  Result<void> serve_own_socket();
  io::Task<void> stop_own_socket();
  // Completes when the process is asked to stop; any number of waiters.
  io::Task<void> stop_requested();
  // Waits at most so long for it; whether it has come.
  io::Task<bool> stop_requested_within(Millis patience);
  bool stopping() const { return stopping_; }
  // As if the process had been asked from outside: it ends in order, and the supervisor starts it
  // again.
  void ask_to_stop();

  // A worker for calls that may block for seconds; made once, lives as long as the process.
  io::Worker& blocking_calls(const char* name, size_t threads);
  // Runs a task beside the process's own, abandoned when that ends.
  void watch(io::Task<void> task) { watching_.spawn(std::move(task)); }

  // Runs the process's task to its end.
  void run(io::Task<void> task) { real_.run(std::move(task)); }

  // The value, or the end of the process: a failure at this level is logged and ends it at once,
  // without unwinding what the doors still hold; the supervisor starts it anew, and everything
  // recovers as after a crash. A `closed` after the process was asked to stop is an orderly end.
  template <typename T>
  T must(Result<T> result) {
    if (!result) fail_process(result.error());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
  }

 private:
  struct EarlySignals {
    EarlySignals();
  };
  io::Task<void> watch_signals();
  [[noreturn]] void fail_process(const Error& error);

  EarlySignals early_signals_;  // first: before any thread starts
  std::string name_;
  Settings settings_;
  DataDirectory directory_;
  io::RealWorld real_;
  io::World world_;
  io::Signals signals_;
  std::unique_ptr<telemetry::Logger> log_;
  telemetry::Metrics metrics_;
  serve::MetricsHandler metrics_handler_;
  http::Router own_routes_;
  std::unique_ptr<http::Server> own_server_;
  bool stopping_ = false;
  io::Signal stop_asked_;
  std::unique_ptr<io::ThreadWorker> blocking_calls_;
  io::TaskGroup watching_;  // runs to the end of the process
  io::TaskGroup tasks_;
};

// Listens on `address` and serves `server` in `tasks`; a failure while serving is logged.
Result<void> serve_in_background(ProcessRuntime& runtime, io::TaskGroup& tasks,
                                 http::Server& server, const std::string& address);

}  // namespace mr::main
