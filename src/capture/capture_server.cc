#include "capture/capture_server.h"

#include "codec/json_text.h"

namespace mr::capture {

// Tokens by the snapshot that is current at the time of the question.
class CaptureServer::LiveProjects final : public ProjectFinder {
 public:
  explicit LiveProjects(const catalog::LiveSnapshot& catalog) : catalog_(catalog) {}
  const catalog::Project* find(std::string_view token) const override {
    return catalog_.current().find_token(token);
  }
  const catalog::Snapshot& snapshot() const override { return catalog_.current(); }

 private:
  const catalog::LiveSnapshot& catalog_;
};

// What the process socket serves: /metrics of this process alone, /status and /usage as JSON.
class CaptureServer::ProcessPages final : public http::Handler {
 public:
  ProcessPages(CaptureServer& server, LaneAppender& lanes, const Usage& usage,
               const catalog::LiveSnapshot& catalog)
      : server_(server), lanes_(lanes), usage_(usage), catalog_(catalog) {}

  size_t body_bytes_max(const http::RequestHead&) const override { return 0; }

  io::Task<http::Response> handle(http::Request request) override {
    if (request.head->path == "/metrics") co_return server_.metrics_page_.own();
    if (request.head->path == "/status") co_return http::Response::json(200, status());
    if (request.head->path == "/usage") co_return http::Response::json(200, usage_.to_json());
    co_return http::Response::json(404, R"({"error":"there is no such path"})");
  }

 private:
  std::string status() const {
    const CaptureService& service = *server_.service_;
    std::string out = R"({"process":"accept","accepted_events":)";
    out += std::to_string(service.counters().accepted_events());
    out += R"(,"dropped_events":)" + std::to_string(service.counters().dropped_events());
    out += R"(,"refused_requests":)" + std::to_string(service.counters().refused_requests());
    out += R"(,"next_offset":)" + std::to_string(lanes_.records_end());
    out += R"(,"connections":)" + std::to_string(server_.client_budget_.connections.used());
    out += R"(,"receive_bytes":)" + std::to_string(server_.client_budget_.receive_memory.used());
    out += R"(,"catalog_revision":)" + std::to_string(catalog_.current().revision());
    out += R"(,"log_trouble":)" + json::quote(service.log_trouble()) + "}";
    return out;
  }

  CaptureServer& server_;
  LaneAppender& lanes_;
  const Usage& usage_;
  const catalog::LiveSnapshot& catalog_;
};

namespace {

http::ServerLimits client_limits(const CaptureConfig& config) {
  http::ServerLimits limits;
  limits.connections_max = config.connections_max;
  limits.receive_memory_bytes_max = config.receive_memory_bytes_max;
  return limits;
}

http::ServerLimits process_limits() {
  http::ServerLimits limits;
  limits.connections_max = process_connections_max;
  limits.receive_memory_bytes_max = process_memory_bytes_max;
  return limits;
}

}  // namespace

CaptureServer::CaptureServer(io::World world, CaptureConfig config, LaneAppender& lanes,
                             Usage& usage, const catalog::LiveSnapshot& catalog,
                             telemetry::Metrics& metrics, telemetry::Logger& log)
    : world_(world),
      metrics_page_(world, metrics, "accept", config.other_processes),
      projects_(std::make_unique<LiveProjects>(catalog)),
      service_(std::make_unique<CaptureService>(world, lanes, usage, *projects_, metrics, log,
                                                metrics_page_, config.rules)),
      pages_(std::make_unique<ProcessPages>(*this, lanes, usage, catalog)),
      client_budget_(config.connections_max, config.receive_memory_bytes_max),
      public_server_(world, *service_, metrics, "capture", client_limits(config), &client_budget_),
      encrypted_server_(world, *service_, metrics, "capture_tls", client_limits(config),
                        &client_budget_),
      process_server_(world, *pages_, metrics, "process", process_limits()),
      tasks_(world.loop) {
}

CaptureServer::~CaptureServer() = default;

io::Task<Result<std::unique_ptr<CaptureServer>>> CaptureServer::create(
    io::World world, CaptureConfig config, LaneAppender& lanes, Usage& usage,
    const catalog::LiveSnapshot& catalog, telemetry::Metrics& metrics, telemetry::Logger& log) {
  auto listener = world.network.listen(config.process_socket);
  if (!listener) co_return fail(listener.error().within("opening the process socket"));
  std::unique_ptr<CaptureServer> server(
      new CaptureServer(world, std::move(config), lanes, usage, catalog, metrics, log));
  server->process_listener_ = std::move(*listener);
  co_return server;
}

io::Task<void> CaptureServer::serve_process_socket(std::unique_ptr<io::Listener> listener) {
  // Its end is only ever our own stop().
  (void)co_await process_server_.serve(std::move(listener));
}

io::Task<void> CaptureServer::serve_encrypted(std::unique_ptr<io::Listener> listener) {
  // As of the process socket.
  (void)co_await encrypted_server_.serve(std::move(listener));
}

io::Task<Result<void>> CaptureServer::serve(std::unique_ptr<io::Listener> listener,
                                            std::unique_ptr<io::Listener> encrypted) {
  if (encrypted) tasks_.spawn(serve_encrypted(std::move(encrypted)));
  tasks_.spawn(serve_process_socket(std::move(process_listener_)));
  const Result<void> served = co_await public_server_.serve(std::move(listener));
  process_server_.stop(Millis{0});
  co_await tasks_.drain();
  co_return served;
}

void CaptureServer::stop(Millis grace) {
  service_->begin_drain();
  public_server_.stop(grace);
  encrypted_server_.stop(grace);
}

}  // namespace mr::capture
