#include "main/accept_process.h"

#include <algorithm>

#include "capture/capture_server.h"
#include "catalog/live_snapshot.h"
#include "codec/utf8.h"
#include "main/captured_lanes.h"
#include "main/log_places.h"

namespace mr::main {

namespace {

// How long requests that are under way may still take once we are asked to stop.
constexpr Millis drain_grace{20'000};

// What stands between commas, without blanks around it.
std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    if (const auto item = codec::trim(text.substr(0, end)); !item.empty()) items.emplace_back(item);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return items;
}

capture::CaptureConfig capture_config(ProcessRuntime& runtime) {
  const DataDirectory& directory = runtime.directory();
  capture::CaptureConfig config;
  config.rules.api = {directory.api_socket()};
  config.rules.accepts_unknown_tokens =
      runtime.settings().text("capture.unknown_tokens") == "accept";
  config.rules.gives_receipts = runtime.settings().text("capture.receipts") == "on";
  config.rules.recorded_tokens = split_list(runtime.settings().text("replay.projects"));
  config.rules.static_folder = runtime.settings().text("capture.static_folder");
  config.rules.overflow = {
      static_cast<uint32_t>(runtime.settings().count("capture.overflow_rate")),
      static_cast<uint32_t>(runtime.settings().count("capture.overflow_burst"))};
  config.process_socket = {directory.process_socket(runtime.name())};
  config.other_processes = {{"pipeline", {directory.process_socket("pipeline")}},
                            {"store", {directory.process_socket("store")}}};
  config.connections_max = static_cast<size_t>(runtime.settings().count("capture.connections_max"));
  return config;
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
  runtime.must(co_await server->serve(std::move(accepting)));
  usage.stop();
  co_await tasks.drain();
  runtime.must(co_await lanes.close());
  runtime.must(co_await opener.close());
}

}  // namespace mr::main
