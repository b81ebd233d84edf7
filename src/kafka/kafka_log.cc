#include "kafka/kafka_log.h"

#include <algorithm>
#include <utility>

#include "kafka/partition_reader.h"

namespace mr::kafka {

namespace {

constexpr Millis retry_pause{1'000};
// Opening many partitions asks silent brokers once, not for each.
constexpr Millis silence_remembered{2'000};
constexpr Millis stop_grace{3'000};
constexpr int visible_looks_max = 20;
constexpr Millis visible_pause{100};
constexpr std::string_view shared_topic = "dead_letters";

class NoConsumer final : public stream::Consumer {
 public:
  io::Task<Result<void>> finished(Offset) override { co_return Result<void>(); }
};

}  // namespace

KafkaLog::KafkaLog(Doors doors, Options options)
    : doors_(doors), options_(std::move(options)), stopped_(doors.world.loop) {
}

Result<std::unique_ptr<KafkaLog>> KafkaLog::create(Doors doors, Options options) {
  std::unique_ptr<KafkaLog> log(new KafkaLog(doors, std::move(options)));
  MR_TRY(log->producer_, Producer::create(doors.world, doors.loop, log->options_, doors.log));
  return log;
}

// Asks once, or until somebody answers.
io::Task<Result<TopicSizes>> KafkaLog::sizes(bool wait) {
  bool told = false;
  for (;;) {
    if (stopping_) co_return fail(ErrorCode::closed, "asked to stop");
    if (!wait && doors_.world.clock.now() < silent_until_) {
      co_return fail(ErrorCode::timed_out, "no Kafka broker has answered a moment ago");
    }
    Result<TopicSizes> sizes = co_await doors_.worker.run(
        [this] { return list_topics(producer_->handle().get(), options_.open_timeout); });
    if (sizes || sizes.error().code() != ErrorCode::timed_out || !wait) {
      if (sizes) producer_->handle().brokers_answered();
      if (!sizes && sizes.error().code() == ErrorCode::timed_out) {
        silent_until_ = doors_.world.clock.now() + silence_remembered;
      }
      co_return sizes;
    }
    if (!std::exchange(told, true)) {
      doors_.log.warning("waiting for a Kafka broker to answer",
                         {{"brokers", options_.brokers}, {"error", sizes.error().message()}});
    }
    co_await stopped_.wait_until(doors_.world.clock, doors_.world.clock.now() + retry_pause);
  }
}

io::Task<Result<void>> KafkaLog::make_missing(std::string topic, std::string name) {
  if (!options_.create_topics) {
    co_return fail(ErrorCode::not_found,
                   "the Kafka topic " + name + " (for " + topic +
                       ") does not exist, or this user may not see it: make it or grant DESCRIBE, "
                       "READ and WRITE on it, or set kafka.create_topics to on");
  }
  const auto wanted = options_.partitions.find(topic);
  const int32_t partitions = wanted == options_.partitions.end() ? 1 : wanted->second;
  const auto made = co_await doors_.worker.run([this, name, partitions] {
    return create_topic(producer_->handle().get(), name, partitions, options_.record_bytes_max,
                        options_.open_timeout);
  });
  if (!made && made.error().code() == ErrorCode::unauthorized) {
    co_return fail(ErrorCode::unauthorized,
                   "the Kafka topic " + name + " (for " + topic +
                       ") is not there for this user, who may not make it either: make it, or "
                       "grant CREATE, DESCRIBE, READ and WRITE on it");
  }
  if (!made) co_return fail(made.error());
  // All brokers know a new topic after a moment; one that was there but hidden stays so.
  for (int look = 0; look < visible_looks_max; ++look) {
    if (look > 0) co_await doors_.world.clock.sleep(visible_pause);
    MR_CO_TRY(const TopicSizes sizes, co_await this->sizes(options_.wait_for_brokers));
    const auto found = sizes.find(name);
    if (found == sizes.end()) continue;
    sizes_[name] = found->second;
    doors_.log.info("made a Kafka topic", {{"topic", name}, {"partitions", found->second}});
    co_return Result<void>();
  }
  co_return fail(ErrorCode::unauthorized, "this user may not see the Kafka topic " + name +
                                              " (for " + topic +
                                              "): grant DESCRIBE, READ and WRITE on it");
}

io::Task<Result<void>> KafkaLog::ensure_topic(std::string topic, int32_t partition) {
  const std::string name = topic_name(options_, topic);
  if (!sizes_.contains(name)) {
    MR_CO_TRY(const TopicSizes sizes, co_await this->sizes(options_.wait_for_brokers));
    for (const auto& [listed, size] : sizes) sizes_[listed] = size;
    if (!sizes_.contains(name)) MR_CO_CHECK(co_await make_missing(topic, name));
  }
  if (partition >= sizes_[name]) {
    co_return fail(ErrorCode::not_found,
                   "the Kafka topic " + name + " (for " + topic + ") has " +
                       std::to_string(sizes_[name]) + " partitions, and partition " +
                       std::to_string(partition) +
                       " is wanted: add partitions to it, or set capture.partitions lower");
  }
  co_return Result<void>();
}

const RecordForm* KafkaLog::form_of(const std::string& topic) const {
  const auto found = options_.forms.find(topic);
  return found == options_.forms.end() ? nullptr : found->second;
}

io::Task<Result<std::vector<stream::TopicPartition>>> KafkaLog::list() {
  MR_CO_TRY(const TopicSizes sizes, co_await this->sizes(false));
  std::vector<stream::TopicPartition> found;
  for (const std::string_view topic : known_topics()) {
    const auto size = sizes.find(topic_name(options_, topic));
    if (size == sizes.end()) continue;
    for (int32_t i = 0; i < size->second; ++i) found.push_back({std::string(topic), i});
  }
  std::ranges::sort(found);
  co_return found;
}

io::Task<Result<std::unique_ptr<stream::Appender>>> KafkaLog::open_appender(
    stream::TopicPartition which, stream::AppendOptions) {
  const std::string name = topic_name(options_, which.topic);
  const bool shared = which.topic == shared_topic;
  const auto ensured = co_await ensure_topic(which.topic, shared ? 0 : which.partition);
  PartitionAppender::Place place{name, which.partition, Offset(0)};
  if (ensured) {
    if (shared) place.partition %= sizes_[name];
    const auto marks = co_await doors_.worker.run([this, &place] {
      return query_watermarks(producer_->handle().get(), place.topic, place.partition,
                              options_.open_timeout);
    });
    if (marks) place.end = marks->end;
    if (!marks && marks.error().code() != ErrorCode::timed_out) co_return fail(marks.error());
  } else if (ensured.error().code() != ErrorCode::timed_out) {
    co_return fail(ensured.error());
  }
  co_return std::make_unique<PartitionAppender>(*producer_, options_, place, form_of(which.topic));
}

io::Task<Result<std::unique_ptr<stream::Reader>>> KafkaLog::open_reader(
    stream::TopicPartition which) {
  MR_CO_CHECK(co_await ensure_topic(which.topic, which.partition));
  auto reader = std::make_unique<PartitionReader>(
      PartitionReader::Doors{doors_.world, doors_.loop, doors_.worker, options_, doors_.log},
      producer_->handle().get(), topic_name(options_, which.topic), which.partition,
      form_of(which.topic));
  MR_CO_CHECK(co_await reader->open());
  co_return reader;
}

io::Task<Result<std::unique_ptr<stream::Consumer>>> KafkaLog::register_consumer(
    stream::TopicPartition, std::string, Offset) {
  co_return std::make_unique<NoConsumer>();
}

io::Task<void> KafkaLog::stop() {
  stopping_ = true;
  stopped_.notify();
  // To the end of the process: a stage may still try once more.
  for (;;) {
    co_await doors_.world.clock.sleep(stop_grace);
    if (producer_->stuck_for(stop_grace)) producer_->purge();
  }
}

}  // namespace mr::kafka
