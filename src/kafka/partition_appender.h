#pragma once

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "io/signal.h"
#include "io/task_group.h"
#include "io/world.h"
#include "kafka/handle.h"
#include "kafka/record_form.h"
#include "stream/log.h"

namespace mr::kafka {

// What the appenders of a log share: the producer, and the loop's doors.
class Producer final : public Handle::Listener {
 public:
  static Result<std::unique_ptr<Producer>> create(io::World world, io::EpollLoop& loop,
                                                  const Options& options, telemetry::Logger& log);

  // One append: its records that are not confirmed yet, and where they came to lie.
  struct Delivery {
    explicit Delivery(io::Loop& loop) : done(loop) {}
    size_t open = 0;
    size_t delivered = 0;
    int response = 0;  // the first failure
    Offset first;
    Offset last;
    io::Signal done;
  };

  // Hands one record to librdkafka, which keeps the key and headers; `value` and `delivery` must
  // live until the delivery is done. Yields librdkafka's response.
  int produce(rd_kafka_topic_s* topic, int32_t partition, const stream::RecordView& record,
              Delivery& delivery);
  // Makes everything that is not confirmed fail with `closed`, so that nobody waits for it.
  void purge();
  // Completes when librdkafka has given the producer up: every append fails from then on, and only
  // another producer helps. Yields what happened.
  io::Task<Error> failed();
  // Something waits, and no confirmation has come for this long.
  bool stuck_for(Millis time) const;

  Handle& handle() { return *handle_; }
  io::World& world() { return world_; }
  // Notified whenever confirmations have come.
  io::Signal& progress() { return progress_; }

 private:
  explicit Producer(io::World world) : world_(world), progress_(world.loop) {}
  void delivered(const rd_kafka_message_s& message) override;
  void arrived() override { progress_.notify(); }

  io::World world_;
  io::Signal progress_;
  size_t waiting_ = 0;     // records
  Instant last_progress_;  // or when the first record began to wait
  std::unique_ptr<Handle> handle_;
};

// Appends to one partition of a Kafka topic: idempotent, confirmed by all in-sync replicas. Records
// of an append may lie between those of other writers, so the range that it yields is not always
// dense; after an error some of them may be there. An append that fails with timed_out may have
// been written, and one that is tried again may be there twice.
class PartitionAppender final : public stream::Appender {
 public:
  struct Place {
    std::string topic;  // its name on the brokers
    int32_t partition = 0;
    Offset end;  // when it was opened
  };
  // Producer, options and form outlive the appender. `form` may be null.
  PartitionAppender(Producer& producer, const Options& options, Place place,
                    const RecordForm* form);
  ~PartitionAppender() override;

  io::Task<Result<stream::AppendedRange>> append(std::vector<stream::RecordView> records) override;
  Offset next_offset() const override { return next_; }
  void publish(Offset) override {}
  // Waits a moment for what is not confirmed, then gives it up.
  io::Task<Result<void>> close() override;
  stream::AppenderStatus status() const override;

 private:
  struct Formed;
  Result<size_t> measure(const std::vector<stream::RecordView>& records);
  io::Task<int> produce_all(const std::vector<stream::RecordView>& records,
                            Producer::Delivery& delivery);
  Error failure_of(int response);

  Producer& producer_;
  const Options& options_;
  Place place_;
  const RecordForm* form_;
  rd_kafka_topic_s* topic_ = nullptr;
  Offset next_;
  size_t queued_bytes_ = 0;
  size_t running_ = 0;
  bool closed_ = false;
  io::Signal idle_;
  stream::AppenderStatus status_;
};

}  // namespace mr::kafka
