#include "http/server.h"

#include <ctime>

#include "http/server_session.h"

namespace mr::http {
namespace {

// How long accepting pauses when the system has no descriptor left.
constexpr Millis accept_pause{100};
// Connections above the limit that may be told so at one time; further ones are just closed.
constexpr size_t turned_away_max = 256;
constexpr Millis turn_away_timeout{1'000};
constexpr Millis forever{365LL * 24 * 3600 * 1000};

}  // namespace

Server::Server(io::World world, Handler& handler, telemetry::Metrics& metrics, std::string name,
               ServerLimits limits, ServerBudget* shared)
    : world_(world),
      handler_(handler),
      metrics_(metrics),
      name_(std::move(name)),
      limits_(limits),
      connections_(limits.connections_max, shared == nullptr ? nullptr : &shared->connections),
      memory_(limits.receive_memory_bytes_max,
              shared == nullptr ? nullptr : &shared->receive_memory),
      connections_gauge_(metrics.gauge("millrace_http_connections", "Open HTTP connections.",
                                       {{"server", name_}})),
      memory_gauge_(metrics.gauge("millrace_http_receive_bytes",
                                  "Memory that holds what HTTP connections have received.",
                                  {{"server", name_}})),
      accepted_(metrics.counter("millrace_http_connections_accepted_total",
                                "HTTP connections accepted.", {{"server", name_}})),
      seconds_(metrics.histogram("millrace_http_request_seconds",
                                 "From a request's last byte to its answer.",
                                 telemetry::seconds_bounds(), {{"server", name_}})),
      cut_at_(world.clock.now() + forever),
      changed_(world.loop),
      tasks_(world.loop) {
}

Server::~Server() = default;

io::Task<Result<void>> Server::serve(std::unique_ptr<io::Listener> listener) {
  listener_ = std::move(listener);
  size_t accepted_in_a_row = 0;
  while (!stopping_) {
    auto accepted = co_await listener_->accept();
    if (stopping_) break;
    if (!accepted) {
      if (accepted.error().code() == ErrorCode::closed) break;
      co_await world_.clock.sleep(accept_pause);
      continue;
    }
    start(std::move(*accepted));
    // A flood of connections must not starve those that are served.
    if (++accepted_in_a_row % 16 == 0) co_await world_.loop.yield();
  }
  listener_->close();
  while (connections() > 0) {
    if (stopping_ && world_.clock.now() >= cut_at_) break;
    co_await changed_.wait_until(world_.clock, cut_at_);
  }
  for (Session* session = sessions_; session != nullptr; session = session->next()) {
    session->close();
  }
  co_await tasks_.drain();
  co_return Result<void>();
}

void Server::start(std::unique_ptr<io::Connection> connection) {
  accepted_.add();
  if (!connections_.take(1)) {
    count_refusal(Refusal::connections_exhausted);
    if (turned_away_ < turned_away_max) tasks_.spawn(turn_away(std::move(connection)));
    return;
  }
  connections_gauge_.set(static_cast<int64_t>(connections()));
  tasks_.spawn(run_session(std::move(connection)));
}

void Server::stop(Millis grace) {
  const Instant cut = world_.clock.now() + grace;
  if (!stopping_ || cut < cut_at_) cut_at_ = cut;
  stopping_ = true;
  if (listener_ != nullptr) listener_->close();
  for (Session* session = sessions_; session != nullptr; session = session->next()) {
    session->close_if_idle();
  }
  changed_.notify();
}

io::Task<void> Server::run_session(std::unique_ptr<io::Connection> connection) {
  {
    Session session(*this, std::move(connection));
    co_await session.run();
  }
  connections_.give(1);
  connections_gauge_.set(static_cast<int64_t>(connections()));
  memory_gauge_.set(static_cast<int64_t>(memory_.used()));
  if (stopping_) changed_.notify();
}

io::Task<void> Server::turn_away(std::unique_ptr<io::Connection> connection) {
  ++turned_away_;
  static constexpr std::string_view answer =
      "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n"
      "content-type: text/plain; charset=utf-8\r\ncontent-length: 21\r\n\r\ntoo many "
      "connections\n";
  (void)co_await connection->write_all(as_bytes(answer), world_.clock.now() + turn_away_timeout);
  connection->close();
  --turned_away_;
}

void Server::count_response(int status, Instant received) {
  seconds_.observe(static_cast<double>(world_.clock.now().micros - received.micros) / 1e6);
  if (status < 0 || static_cast<size_t>(status) >= by_status_.size()) return;
  telemetry::Counter*& counter = by_status_[static_cast<size_t>(status)];
  if (counter == nullptr) {
    counter = &metrics_.counter("millrace_http_responses_total", "HTTP responses by status.",
                                {{"server", name_}, {"status", std::to_string(status)}});
  }
  counter->add();
}

void Server::count_refusal(Refusal refusal) {
  metrics_
      .counter("millrace_http_refusals_total",
               "Requests and connections that the HTTP server refused, by reason.",
               {{"server", name_}, {"reason", to_string(refusal)}})
      .add();
}

std::string_view Server::date() {
  const int64_t second = world_.clock.wall().millis / 1000;
  if (second != date_second_) {
    date_second_ = second;
    const std::time_t time = second;
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    char text[40];
    date_.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
    memory_gauge_.set(static_cast<int64_t>(memory_.used()));
  }
  return date_;
}

}  // namespace mr::http
