#include "main/accept_process.h"

#include "capture/capture_server.h"
#include "catalog/live_snapshot.h"
#include "http/tls_certificate.h"
#include "http/tls_listener.h"
#include "main/capture_settings.h"
#include "main/captured_lanes.h"
#include "main/log_places.h"

namespace mr::main {

namespace {

// How long requests that are under way may still take once we are asked to stop.
constexpr Millis drain_grace{20'000};

capture::CaptureConfig capture_config(ProcessRuntime& runtime) {
  const DataDirectory& directory = runtime.directory();
  capture::CaptureConfig config;
  config.rules = runtime.must(capture_rules(runtime.settings()));
  config.rules.api = {directory.api_socket()};
  config.process_socket = {directory.process_socket(runtime.name())};
  config.other_processes = {{"pipeline", {directory.process_socket("pipeline")}},
                            {"store", {directory.process_socket("store")}}};
  config.connections_max = static_cast<size_t>(runtime.settings().count("capture.connections_max"));
  config.receive_memory_bytes_max = runtime.settings().bytes("capture.receive_memory_max");
  return config;
}

// Null when there is none. Files that cannot be used end the process: `serve` has looked at them
// before, so they are being changed.
io::Task<std::unique_ptr<http::TlsCertificate>> open_certificate(ProcessRuntime& runtime) {
  const Settings& settings = runtime.settings();
  if (settings.text("tls.certificate").empty()) co_return nullptr;
  auto certificate = std::make_unique<http::TlsCertificate>(
      runtime.world(), settings.text("tls.certificate"), settings.text("tls.key"), runtime.log(),
      runtime.metrics());
  runtime.must(co_await certificate->open());
  co_return certificate;
}

io::Task<void> stop_when_asked(ProcessRuntime& runtime, capture::CaptureServer& server) {
  co_await runtime.stop_requested();
  server.stop(drain_grace);
}

}  // namespace

io::Task<void> run_accept_process(ProcessRuntime& runtime, int listener, int tls_listener) {
  io::World& world = runtime.world();
  const DataDirectory& directory = runtime.directory();
  catalog::LiveSnapshot catalog(world, directory.catalog_snapshot(), directory.catalog_page());
  runtime.must(co_await catalog.open());
  io::TaskGroup following(world.loop);  // to the end of the process
  following.spawn(catalog.follow());
  const auto log = open_log(runtime);
  CapturedLanes opener(runtime, *log);
  co_await opener.prepare();
  capture::LaneAppender lanes(world.loop, opener);
  co_await lanes.open(event::Lane::main);
  capture::Usage usage(world, directory.usage(), runtime.log());
  co_await usage.load();
  const auto server = runtime.must(co_await capture::CaptureServer::create(
      world, capture_config(runtime), lanes, usage, catalog, runtime.metrics(), runtime.log()));
  auto accepting = runtime.must(world.network.adopt_listener(listener));
  runtime.log().info("ready", {{"address", accepting->address().text}});
  io::TaskGroup tasks(world.loop);
  tasks.spawn(stop_when_asked(runtime, *server));
  tasks.spawn(follow_lane_partitions(runtime, *log, opener.partitions()));
  tasks.spawn(opener.attend(lanes));
  tasks.spawn(usage.keep());
  const auto certificate = co_await open_certificate(runtime);
  std::unique_ptr<io::Listener> encrypted;
  if (certificate) {
    encrypted = std::make_unique<http::TlsListener>(
        world, runtime.must(world.network.adopt_listener(tls_listener)), *certificate,
        runtime.metrics());
    runtime.log().info("serves TLS", {{"address", encrypted->address().text}});
    tasks.spawn(certificate->follow());
  }
  runtime.must(co_await server->serve(std::move(accepting), std::move(encrypted)));
  if (certificate) certificate->stop();
  usage.stop();
  co_await tasks.drain();
  runtime.must(co_await lanes.close());
  runtime.must(co_await opener.close());
}

}  // namespace mr::main
