#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/signal.h"
#include "io/worker.h"
#include "io/world.h"
#include "kafka/partition_appender.h"
#include "kafka/topic_admin.h"
#include "stream/log.h"

namespace mr::kafka {

// The log on Apache Kafka: each of our topics is one of theirs (options.h). A Kafka log cannot be
// cut and hides nothing that was written, so readers meet records again that their writer wrote
// again after a crash. Belongs to one loop.
class KafkaLog final : public stream::Log {
 public:
  struct Doors {
    io::World world;
    io::EpollLoop& loop;
    io::Worker& worker;  // for calls that block for seconds
    telemetry::Logger& log;
  };
  // Starts a client; no broker needs to answer. Errors: invalid_input (a property that librdkafka
  // does not take).
  static Result<std::unique_ptr<KafkaLog>> create(Doors doors, Options options);

  // Sees that the topic is there with that partition, or makes it when options allow. Errors:
  // not_found, unauthorized (with what to do), timed_out (only without wait_for_brokers), closed.
  io::Task<Result<void>> ensure_topic(std::string topic, int32_t partition);

  // Why brokers that are there take no connection (TLS, credentials), as far as is known; else
  // empty.
  const std::string& connection_refused() const { return producer_->handle().connection_refused(); }

  io::Task<Result<std::vector<stream::TopicPartition>>> list() override;
  // Several processes may append to one partition of a Kafka topic. A topic that was made with
  // fewer partitions than asked for is refused, except that `dead_letters` wraps around.
  io::Task<Result<std::unique_ptr<stream::Appender>>> open_appender(
      stream::TopicPartition which, stream::AppendOptions options) override;
  io::Task<Result<std::unique_ptr<stream::Reader>>> open_reader(
      stream::TopicPartition which) override;
  // A note that nobody needs: the brokers' retention knows no consumers, so `finished` does
  // nothing.
  io::Task<Result<std::unique_ptr<stream::Consumer>>> register_consumer(
      stream::TopicPartition which, std::string name, Offset next) override;
  bool cuts_uncommitted() const override { return false; }

  // Completes when nothing can be appended any more until the log is opened anew, and yields why.
  io::Task<Error> failed() { return producer_->failed(); }

  // For a process that is to end: what waits for brokers fails with `closed`, and so do appends
  // when no confirmation has come for a while. Never completes.
  io::Task<void> stop();

 private:
  KafkaLog(Doors doors, Options options);
  io::Task<Result<TopicSizes>> sizes(bool wait);
  io::Task<Result<void>> make_missing(std::string topic, std::string name);
  const RecordForm* form_of(const std::string& topic) const;

  Doors doors_;
  Options options_;
  std::unique_ptr<Producer> producer_;
  TopicSizes sizes_;      // of topics that were looked at
  Instant silent_until_;  // nobody answered a moment ago: who does not wait is told so at once
  bool stopping_ = false;
  io::Signal stopped_;
};

}  // namespace mr::kafka
