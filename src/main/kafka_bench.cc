// The Kafka engine beside librdkafka's own producer, and the embedded log beside a broker, with the
// same records on one machine. bench/kafka.sh starts the broker and calls this.
// Usage: mr_main_bench BROKERS BROKER_PID TOPIC FLUSHED_TOPIC FOLDER [RECORDS [ROUNDS]]
#include <librdkafka/rdkafka.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "base/assert.h"
#include "io/real_world.h"
#include "io/thread_worker.h"
#include "kafka/kafka_log.h"
#include "log/partition.h"

namespace mr::main {
namespace {

constexpr size_t value_bytes = 1000;
constexpr size_t producers = 4;
constexpr size_t records_per_append = 100;
constexpr size_t appends_at_once = 16;  // of each producer

struct Work {
  std::string brokers;
  int broker_pid = 0;
  std::string topic;
  std::string flushed_topic;
  std::string folder;
  size_t records = 400'000;
  size_t rounds = 3;
  std::string value = std::string(value_bytes, 'v');
  std::vector<std::string> keys;
};

double own_cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double cpu_seconds_of(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  text.erase(0, name_end + 2);
  constexpr int fields_before_user = 11;  // behind the name
  for (int i = 0; i < fields_before_user; ++i) text.erase(0, text.find(' ') + 1);
  char* rest = nullptr;
  const double ticks = std::strtod(text.c_str(), &rest) + std::strtod(rest, nullptr);
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

struct Figures {
  double seconds = 0;
  double client_cpu = 0;
  double broker_cpu = 0;
  double per_second(size_t records) const { return static_cast<double>(records) / seconds; }
  double per_cpu_second(size_t records) const {
    return static_cast<double>(records) / (client_cpu + broker_cpu);
  }
};

// From its making to its end.
class Stopwatch {
 public:
  explicit Stopwatch(int broker_pid)
      : broker_pid_(broker_pid),
        start_(std::chrono::steady_clock::now()),
        own_(own_cpu_seconds()),
        broker_(cpu_seconds_of(broker_pid)) {}
  Figures end() const {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
    return {passed.count(), own_cpu_seconds() - own_, cpu_seconds_of(broker_pid_) - broker_};
  }

 private:
  int broker_pid_;
  std::chrono::steady_clock::time_point start_;
  double own_;
  double broker_;
};

void count_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  MR_ASSERT(message->err == RD_KAFKA_RESP_ERR_NO_ERROR);
  ++*static_cast<size_t*>(opaque);
}

// As a C program would do it: one loop that produces and polls.
Figures bare_producer(const Work& work) {
  size_t delivered = 0;
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char text[256];
  for (const auto& [name, value] : std::vector<std::pair<const char*, const char*>>{
           {"bootstrap.servers", work.brokers.c_str()},
           {"enable.idempotence", "true"},
           {"acks", "all"},
           {"queue.buffering.max.messages", "100000"}}) {
    MR_ASSERT(rd_kafka_conf_set(conf, name, value, text, sizeof text) == RD_KAFKA_CONF_OK);
  }
  rd_kafka_conf_set_opaque(conf, &delivered);
  rd_kafka_conf_set_dr_msg_cb(conf, count_delivery);
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
  rd_kafka_topic_t* topic = rd_kafka_topic_new(client, work.topic.c_str(), nullptr);
  const Stopwatch watch(work.broker_pid);
  for (size_t i = 0; i < work.records; ++i) {
    const std::string& key = work.keys[i % work.keys.size()];
    while (rd_kafka_produce(topic, 0, RD_KAFKA_MSG_F_COPY, const_cast<char*>(work.value.data()),
                            work.value.size(), key.data(), key.size(), nullptr) != 0) {
      rd_kafka_poll(client, 10);
    }
    rd_kafka_poll(client, 0);
  }
  while (delivered < work.records) rd_kafka_poll(client, 10);
  const Figures figures = watch.end();
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(client);
  return figures;
}

io::Task<void> append_share(const Work& work, stream::Appender& appender, io::World world,
                            size_t& left) {
  while (left > 0) {
    const size_t count = std::min(left, records_per_append);
    left -= count;
    std::vector<stream::RecordView> records;
    for (size_t i = 0; i < count; ++i) {
      const std::string& key = work.keys[(left + i) % work.keys.size()];
      records.push_back({world.clock.wall(), as_bytes(key), as_bytes(work.value), {}});
    }
    const auto appended = co_await appender.append(std::move(records));
    MR_ASSERT(appended.has_value());
  }
}

io::Task<Figures> fill(const Work& work, stream::Appender& appender, io::World world,
                       size_t records) {
  const Stopwatch watch(work.broker_pid);
  io::TaskGroup tasks(world.loop);
  std::vector<size_t> left(producers, records / producers);
  for (size_t& share : left) {
    for (size_t i = 0; i < appends_at_once; ++i) {
      tasks.spawn(append_share(work, appender, world, share));
    }
  }
  co_await tasks.drain();
  co_return watch.end();
}

io::Task<void> engine_round(const Work& work, io::RealWorld& real, std::string topic,
                            size_t records, Figures& figures) {
  const auto log = telemetry::Logger::to_stderr("bench", telemetry::LogFormat::text,
                                                telemetry::Severity::warning);
  io::ThreadWorker worker(real.loop(), 1, "kafka");
  kafka::Options options;
  options.brokers = work.brokers;
  auto opened = kafka::KafkaLog::create({real.world(), real.loop(), worker, *log}, options);
  MR_ASSERT(opened.has_value());
  auto appender = co_await (*opened)->open_appender({topic, 0}, {});
  MR_ASSERT(appender.has_value());
  figures = co_await fill(work, **appender, real.world(), records);
  MR_ASSERT((co_await (*appender)->close()).has_value());
}

io::Task<void> embedded_round(const Work& work, io::RealWorld& real, size_t round,
                              Figures& figures) {
  auto appender = co_await log::open_partition_appender(
      real.world(), work.folder + "/" + std::to_string(round), {});
  MR_ASSERT(appender.has_value());
  figures = co_await fill(work, **appender, real.world(), work.records);
  figures.broker_cpu = 0;
  MR_ASSERT((co_await (*appender)->close()).has_value());
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void print_line(const char* name, const std::vector<Figures>& rounds, size_t records) {
  std::vector<double> rate;
  std::vector<double> per_cpu;
  std::vector<double> client;
  std::vector<double> broker;
  for (const Figures& one : rounds) {
    rate.push_back(one.per_second(records));
    per_cpu.push_back(one.per_cpu_second(records));
    client.push_back(one.client_cpu * 1e6 / static_cast<double>(records));
    broker.push_back(one.broker_cpu * 1e6 / static_cast<double>(records));
  }
  std::printf(
      "%-34s %10.0f records/s %10.0f records/CPU s   us/record: client %5.2f broker %6.2f\n", name,
      median(rate), median(per_cpu), median(client), median(broker));
}

void print_ratio(const char* name, double ratio, double goal) {
  std::printf("%-52s %6.2f  goal >= %g: %s\n", name, ratio, goal, ratio >= goal ? "met" : "MISSED");
}

template <typename Value>
double median_of(const std::vector<Figures>& rounds, Value value) {
  std::vector<double> values;
  for (const Figures& one : rounds) values.push_back(value(one));
  return median(values);
}

void run(const Work& work) {
  // A flush for every append takes the broker milliseconds each: fewer records tell as much.
  const size_t flushed_records = work.records / 20;
  std::vector<Figures> bare;
  std::vector<Figures> engine;
  std::vector<Figures> flushed;
  std::vector<Figures> embedded;
  bare_producer(work);  // the broker's compiler gets warm
  for (size_t round = 0; round < work.rounds; ++round) {
    bare.push_back(bare_producer(work));
    io::RealWorld real;
    Figures figures;
    real.run(engine_round(work, real, work.topic, work.records, figures));
    engine.push_back(figures);
    real.run(engine_round(work, real, work.flushed_topic, flushed_records, figures));
    flushed.push_back(figures);
    real.run(embedded_round(work, real, round, figures));
    embedded.push_back(figures);
  }
  print_line("librdkafka's own producer", bare, work.records);
  print_line("Kafka engine", engine, work.records);
  print_line("Kafka engine, flush at each append", flushed, flushed_records);
  print_line("embedded log, sync=always", embedded, work.records);
  const auto rate = [&](const Figures& one) { return one.per_second(work.records); };
  const auto per_cpu = [&](const Figures& one) { return one.per_cpu_second(work.records); };
  const auto flushed_per_cpu = [&](const Figures& one) {
    return one.per_cpu_second(flushed_records);
  };
  print_ratio("Kafka engine : librdkafka, records/s",
              median_of(engine, rate) / median_of(bare, rate), 0.5);
  print_ratio("embedded : Kafka, records/CPU s",
              median_of(embedded, per_cpu) / median_of(engine, per_cpu), 5);
  print_ratio("embedded : Kafka with flushes, records/CPU s",
              median_of(embedded, per_cpu) / median_of(flushed, flushed_per_cpu), 5);
}

}  // namespace
}  // namespace mr::main

int main(int count, char** arguments) {
  constexpr int arguments_required = 6;
  if (count < arguments_required) {
    std::fprintf(stderr, "start it by bench/kafka.sh\n");
    return 2;
  }
  mr::main::Work work;
  work.brokers = arguments[1];
  work.broker_pid = std::atoi(arguments[2]);
  work.topic = arguments[3];
  work.flushed_topic = arguments[4];
  work.folder = arguments[5];
  if (count > 6) work.records = static_cast<size_t>(std::atoll(arguments[6]));
  if (count > 7) work.rounds = static_cast<size_t>(std::atoll(arguments[7]));
  for (int i = 0; i < 1000; ++i) work.keys.push_back("phc_token:user-" + std::to_string(i));
  mr::main::run(work);
  return 0;
}
