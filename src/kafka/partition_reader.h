#pragma once

#include <memory>
#include <string>

#include "io/signal.h"
#include "io/worker.h"
#include "io/world.h"
#include "kafka/handle.h"
#include "kafka/record_form.h"
#include "kafka/watermarks.h"
#include "stream/stream.h"

namespace mr::kafka {

// Reads one partition of a Kafka topic from any offset, without a consumer group: positions are
// kept by whoever reads. Each reader has a client of its own, started with the first read. Offsets
// may have gaps (compaction, transactions of other writers).
class PartitionReader final : public stream::Reader, Handle::Listener {
 public:
  struct Doors {
    io::World world;
    io::EpollLoop& loop;
    io::Worker& worker;  // for calls that block
    const Options& options;
    telemetry::Logger& log;
  };
  // `control` asks the brokers for watermarks; `form` may be null. All outlive the reader.
  PartitionReader(Doors doors, rd_kafka_s* control, std::string topic, int32_t partition,
                  const RecordForm* form);
  ~PartitionReader() override;

  // Brokers that do not answer are waited for until the deadline: then the batch is empty. Offsets
  // that the brokers have removed are told as damaged, an error only after what came before it. So
  // is a batch whose checksum is wrong, each time: to find its end takes seconds.
  io::Task<Result<stream::ReadBatch>> read(Offset from, size_t bytes_max,
                                           Instant deadline) override;
  io::Task<Result<Offset>> first_offset() override;
  Offset end_offset() const override;
  io::Task<Result<Offset>> find_time(WallTime time) override;

  // Asks for the end once, so that end_offset() knows it before the first read.
  io::Task<Result<void>> open();

 private:
  struct Client;
  class EndClient;
  struct Fetched;
  // What ended the reading.
  struct Failure {
    int response = 0;  // librdkafka's; 0 when nothing did
    Offset at;
    std::string words;
  };
  void delivered(const rd_kafka_message_s&) override {}
  void arrived() override { arrived_.notify(); }
  Result<void> start(Offset from);
  void stop();
  void fetch(Fetched& into, Offset from, size_t bytes_max);
  io::Task<Result<stream::ReadBatch>> failed_at(Offset from);
  io::Task<Result<bool>> is_damaged_at(Offset at, Offset base);
  io::Task<Result<Offset>> end_of_damage(Offset from, Offset base);
  io::Task<Result<stream::ReadBatch>> damaged_at(Offset from, Failure failure);
  stream::ReadBatch batch_of(std::shared_ptr<Fetched> fetched) const;
  stream::ReadBatch kept_from(Offset from) const;

  Doors doors_;
  rd_kafka_s* control_;
  std::string topic_;
  int32_t partition_;
  const RecordForm* form_;
  std::shared_ptr<Client> client_;
  Offset position_;  // what the client hands out next
  Failure failure_;  // at position_, until a read without records tells it
  Watermarks marks_;
  // The last batch: its reader may come back for the rest of it.
  std::vector<stream::Record> kept_;
  std::vector<std::shared_ptr<const void>> kept_memory_;
  io::Signal arrived_;
};

}  // namespace mr::kafka
