#include "main/log_places.h"

#include <algorithm>

#include "log/embedded_log.h"
#include "log/partition.h"
#include "main/kafka_places.h"
#include "stream/late_appender.h"

namespace mr::main {

namespace {

constexpr Millis ask_again{500};
// How soon partitions that were added to a topic are noticed.
constexpr Millis look_again{15'000};

}  // namespace

std::shared_ptr<stream::Log> open_log(ProcessRuntime& runtime) {
  if (uses_kafka(runtime.settings())) return open_kafka_log(runtime);
  return open_embedded_log(runtime);
}

std::unique_ptr<log::EmbeddedLog> open_embedded_log(ProcessRuntime& runtime) {
  log::AppenderOptions options;
  options.segment_bytes_max = runtime.settings().bytes("log.segment_bytes");
  const Settings& settings = runtime.settings();
  if (settings.text("log.reserved_bytes") != "auto") {
    options.reserved_bytes = settings.bytes("log.reserved_bytes");
  }
  const bool lz4 = settings.text("log.compression") == "lz4";
  options.compression = lz4 ? log::Codec::lz4 : log::Codec::none;
  options.logger = &runtime.log();
  options.metrics = &runtime.metrics();
  // Only what clients sent may be answered before its sync: the other topics have to agree with
  // what is committed beside them.
  log::EmbeddedLog::TopicOptions captured;
  captured.sync_interval = settings.sync_interval("log.sync");
  std::map<std::string, log::Retention> kept;
  for (const RetentionRule& rule : settings.retention("log.retention")) {
    kept[rule.topic] = {rule.bytes, rule.age, settings.text("log.retention_override") == "on"};
  }
  options.retention = kept["*"];
  captured.retention = kept.contains("captured") ? kept["captured"] : options.retention;
  auto log =
      std::make_unique<log::EmbeddedLog>(runtime.world(), runtime.directory().log(), options);
  for (const auto& [topic, retention] : kept) log->set_topic(topic, {retention, {}});
  // A lane without a rule of its own is kept as the main one.
  for (const event::Lane lane : event::all_lanes) {
    const std::string topic(event::topic_of(lane));
    log::EmbeddedLog::TopicOptions options_of_lane = captured;
    if (kept.contains(topic)) options_of_lane.retention = kept[topic];
    log->set_topic(topic, options_of_lane);
  }
  return log;
}

io::Task<std::unique_ptr<stream::Appender>> open_patiently(ProcessRuntime& runtime,
                                                           stream::Log& log,
                                                           stream::TopicPartition which) {
  if (uses_kafka(runtime.settings())) {
    co_return runtime.must(co_await log.open_appender(std::move(which), {}));
  }
  std::string why;
  const stream::TopicPartition place = which;
  auto appender =
      co_await stream::LateAppender::open(runtime.world(), log, std::move(which), {}, &why);
  if (!why.empty()) {
    runtime.log().error("a partition does not open: what would go there is refused until it does",
                        {{"topic", place.topic}, {"partition", place.partition}, {"error", why}});
  }
  co_return appender;
}

LanePartitions configured_lane_partitions(const Settings& settings) {
  LanePartitions counts;
  counts.fill(static_cast<int32_t>(settings.count("capture.partitions")));
  return counts;
}

io::Task<Result<LanePartitions>> lane_partitions(ProcessRuntime& runtime, stream::Log& log) {
  LanePartitions counts = configured_lane_partitions(runtime.settings());
  MR_CO_TRY(const auto all, co_await log.list());
  for (const stream::TopicPartition& one : all) {
    const auto lane = event::lane_of_topic(one.topic);
    if (!lane) continue;
    int32_t& count = counts[static_cast<size_t>(*lane)];
    count = std::max(count, one.partition + 1);
  }
  co_return counts;
}

io::Task<Result<LanePartitions>> wait_for_lane_partitions(ProcessRuntime& runtime,
                                                          stream::Log& log) {
  for (;;) {
    auto counts = co_await lane_partitions(runtime, log);
    const bool silent = !counts && counts.error().code() == ErrorCode::timed_out;
    if (!silent || co_await runtime.stop_requested_within(ask_again)) co_return counts;
  }
}

io::Task<void> follow_lane_partitions(ProcessRuntime& runtime, stream::Log& log,
                                      LanePartitions served) {
  if (!uses_kafka(runtime.settings())) co_return;
  do {
    const Result<LanePartitions> counts = co_await wait_for_lane_partitions(runtime, log);
    if (!counts || *counts == served) continue;
    for (const event::Lane lane : event::all_lanes) {
      const auto index = static_cast<size_t>(lane);
      if ((*counts)[index] == served[index]) continue;
      runtime.log().warning("a topic has another number of partitions; starting again",
                            {{"topic", event::topic_of(lane)},
                             {"partitions", (*counts)[index]},
                             {"taken", served[index]}});
    }
    runtime.ask_to_stop();
  } while (!co_await runtime.stop_requested_within(look_again));
}

std::unique_ptr<stream::Checkpoints> open_positions(ProcessRuntime& runtime, io::Path folder) {
  return log::open_checkpoints(runtime.world(), std::move(folder));
}

}  // namespace mr::main
