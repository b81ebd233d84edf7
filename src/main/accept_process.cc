#include "main/accept_process.h"

#include <algorithm>

#include "capture/capture_server.h"
#include "catalog/live_snapshot.h"
#include "main/log_places.h"
#include "main/spool.h"

namespace mr::main {

namespace {

// How long requests that are under way may still take once we are asked to stop.
constexpr Millis drain_grace{20'000};

capture::CaptureConfig capture_config(ProcessRuntime& runtime) {
  const DataDirectory& directory = runtime.directory();
  capture::CaptureConfig config;
  config.rules.api = {directory.api_socket()};
  config.rules.accepts_unknown_tokens =
      runtime.settings().text("capture.unknown_tokens") == "accept";
  config.rules.gives_receipts = runtime.settings().text("capture.receipts") == "on";
  config.process_socket = {directory.process_socket(runtime.name())};
  config.other_processes = {{"pipeline", {directory.process_socket("pipeline")}},
                            {"store", {directory.process_socket("store")}}};
  config.connections_max = static_cast<size_t>(runtime.settings().count("capture.connections_max"));
  return config;
}

// `spool` may be null.
io::Task<std::unique_ptr<stream::TopicAppender>> open_captured(ProcessRuntime& runtime,
                                                               stream::Log& log, Spool* spool) {
  Result<int32_t> count = co_await captured_partitions(runtime, log);
  // Brokers that do not answer do not keep clients waiting: their events are spooled.
  if (!count && count.error().code() == ErrorCode::timed_out) {
    const int32_t known = spool != nullptr ? runtime.must(co_await spool->partitions()) : 0;
    count = std::max(static_cast<int32_t>(runtime.settings().count("capture.partitions")), known);
  }
  const int32_t served = runtime.must(std::move(count));
  std::vector<std::unique_ptr<stream::Appender>> partitions;
  for (int32_t number = 0; number < served; ++number) {
    auto appender = co_await open_patiently(runtime, log, {"captured", number});
    if (spool != nullptr) {
      appender = runtime.must(co_await spool->put_behind(std::move(appender), number));
    }
    partitions.push_back(std::move(appender));
  }
  co_return std::make_unique<stream::TopicAppender>(runtime.world().loop, std::move(partitions));
}

io::Task<void> stop_when_asked(ProcessRuntime& runtime, capture::CaptureServer& server) {
  co_await runtime.stop_requested();
  server.stop(drain_grace);
}

}  // namespace

io::Task<void> run_accept_process(ProcessRuntime& runtime, int listener) {
  io::World& world = runtime.world();
  const DataDirectory& directory = runtime.directory();
  catalog::LiveSnapshot catalog(world, directory.catalog_snapshot(), directory.catalog_page());
  runtime.must(co_await catalog.open());
  io::TaskGroup following(world.loop);  // to the end of the process
  following.spawn(catalog.follow());
  const auto log = open_log(runtime);
  const auto spool = Spool::open(runtime);
  const auto captured = co_await open_captured(runtime, *log, spool.get());
  if (!spool) co_await Spool::warn_of_leftovers(runtime);
  const auto server = runtime.must(co_await capture::CaptureServer::create(
      world, capture_config(runtime), *captured, catalog, runtime.metrics(), runtime.log()));
  auto accepting = runtime.must(world.network.adopt_listener(listener));
  runtime.log().info("ready", {{"address", accepting->address().text}});
  io::TaskGroup tasks(world.loop);
  tasks.spawn(stop_when_asked(runtime, *server));
  const auto served = static_cast<int32_t>(captured->partition_count());
  tasks.spawn(follow_captured_partitions(runtime, *log, served));
  if (spool) tasks.spawn(spool->forward_leftovers(*log, served));
  runtime.must(co_await server->serve(std::move(accepting)));
  co_await tasks.drain();
  runtime.must(co_await captured->close());
  if (spool) runtime.must(co_await spool->close());
}

}  // namespace mr::main
