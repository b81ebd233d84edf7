#include "main/kafka_places.h"

#include <algorithm>

#include "event/lane.h"
#include "main/captured_form.h"

namespace mr::main {

namespace {

// What is written: the topics that must be there.
constexpr std::string_view written_topics[] = {"events",
                                               "persons",
                                               "person_distinct_ids",
                                               "groups",
                                               "ingestion_warnings",
                                               "session_replay_events",
                                               "dead_letters"};
// Pipeline and store write dead letters.
constexpr int32_t dead_letter_partitions = 2;
constexpr size_t worker_threads = 2;
// How long `serve` and accept wait for brokers before they go on without.
constexpr Millis patience{1'000};

const CapturedForm captured_form;

bool spools(const ProcessRuntime& runtime) {
  return runtime.name() == "accept" && runtime.settings().text("kafka.spool") == "on";
}

io::Task<void> stop_with(ProcessRuntime& runtime, std::shared_ptr<kafka::KafkaLog> log) {
  co_await runtime.stop_requested();
  co_await log->stop();
}

// A new process has a new producer; what was answered is confirmed or lies in the spool. What makes
// a producer fail for good may last: with a spool the process takes events for a while before it
// tries anew.
io::Task<void> end_when_failed(ProcessRuntime& runtime, std::shared_ptr<kafka::KafkaLog> log) {
  const Error why = co_await log->failed();
  if (!spools(runtime)) runtime.must(Result<void>(fail(why)));
  const Millis pause = runtime.settings().duration("kafka.renew_after");
  runtime.log().error("the brokers are given up for now: events go to the spool",
                      {{"error", why.message()}, {"again_in_ms", pause.count}});
  co_await runtime.world().clock.sleep(pause);
  runtime.ask_to_stop();
}

std::unexpected<Error> invalid(std::string_view setting, const std::string& what) {
  return fail(ErrorCode::invalid_input, std::string(setting) + ": " + what);
}

Result<void> read_topic_names(const Settings& settings, kafka::Options& options) {
  const auto pairs = kafka::parse_pairs(settings.text("kafka.topics"));
  if (!pairs) return invalid("kafka.topics", pairs.error().message());
  const auto known = kafka::known_topics();
  for (const auto& [topic, name] : *pairs) {
    if (std::ranges::find(known, topic) == known.end()) {
      const auto near = nearest(topic, known);
      return invalid("kafka.topics",
                     "there is no topic \"" + topic + "\"" +
                         (near.empty() ? "" : "; did you mean \"" + std::string(near) + "\"?"));
    }
    options.topic_names[topic] = name;
  }
  return {};
}

}  // namespace

bool uses_kafka(const Settings& settings) {
  return settings.text("log.engine") == "kafka";
}

Result<kafka::Options> kafka_options(const Settings& settings) {
  kafka::Options options;
  options.brokers = settings.text("kafka.brokers");
  options.topic_prefix = settings.text("kafka.topic_prefix");
  MR_CHECK(read_topic_names(settings, options));
  auto properties = kafka::parse_pairs(settings.text("kafka.rdkafka"));
  if (!properties) return invalid("kafka.rdkafka", properties.error().message());
  options.properties = *std::move(properties);
  options.create_topics = settings.text("kafka.create_topics") == "on";
  for (const event::Lane lane : event::all_lanes) {
    const std::string topic(event::topic_of(lane));
    options.partitions[topic] = static_cast<int32_t>(settings.count("capture.partitions"));
    options.forms[topic] = &captured_form;
  }
  options.partitions["dead_letters"] = dead_letter_partitions;
  options.append_timeout = settings.duration("kafka.append_timeout");
  options.forms["dead_letters"] = &captured_form;
  return options;
}

io::Task<Result<void>> check_kafka(io::World& world, io::EpollLoop& loop, telemetry::Logger& log,
                                   const Settings& settings) {
  MR_CO_TRY(kafka::Options options, kafka_options(settings));
  options.wait_for_brokers = false;
  options.open_timeout = patience;
  const int32_t captured = options.partitions[std::string(event::topic_of(event::Lane::main))];
  std::vector<stream::TopicPartition> needed;
  for (const event::Lane lane : event::all_lanes) {
    needed.push_back({std::string(event::topic_of(lane)), captured - 1});
  }
  for (const std::string_view topic : written_topics) needed.push_back({std::string(topic), 0});
  io::ThreadWorker worker(loop, 1, "kafka");
  MR_CO_TRY(const auto brokers,
            kafka::KafkaLog::create({world, loop, worker, log}, std::move(options)));
  for (const auto& [topic, partition] : needed) {
    const auto ensured = co_await brokers->ensure_topic(topic, partition);
    if (ensured) continue;
    if (ensured.error().code() != ErrorCode::timed_out) co_return fail(ensured.error());
    if (!brokers->connection_refused().empty()) {
      co_return fail(
          ErrorCode::unauthorized,
          "the Kafka brokers " + settings.text("kafka.brokers") +
              " take no connection (look at kafka.rdkafka): " + brokers->connection_refused());
    }
    log.warning("no Kafka broker answers; starting without",
                {{"brokers", settings.text("kafka.brokers")}});
    break;
  }
  co_return Result<void>();
}

std::shared_ptr<stream::Log> open_kafka_log(ProcessRuntime& runtime) {
  kafka::Options options = runtime.must(kafka_options(runtime.settings()));
  if (runtime.name() == "accept") {
    options.wait_for_brokers = false;
    options.open_timeout = patience;
    // The spool decides how long clients wait; the brokers may take for ever.
    if (spools(runtime)) options.append_timeout = Millis{0};
  }
  std::shared_ptr<kafka::KafkaLog> log = runtime.must(
      kafka::KafkaLog::create({runtime.world(), runtime.loop(),
                               runtime.blocking_calls("kafka", worker_threads), runtime.log()},
                              std::move(options)));
  runtime.watch(stop_with(runtime, log));
  runtime.watch(end_when_failed(runtime, log));
  return log;
}

}  // namespace mr::main
