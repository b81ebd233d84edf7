#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "io/task_group.h"
#include "stream/stream.h"

namespace mr::stream {

// Where some of the records of one append came to lie.
struct PartitionRange {
  int32_t partition = 0;
  AppendedRange range;
};

// Writes a topic of one or more partitions: each record goes where Kafka's partitioner puts its
// key, so that records of one key stay in order; records without a key go together to one
// partition, another one each time. Belongs to one loop.
class TopicAppender {
 public:
  // `partitions` in the order of their numbers, from 0, without gaps; at least one. The topic
  // appender owns them.
  TopicAppender(io::Loop& loop, std::vector<std::unique_ptr<Appender>> partitions);

  // Appends the records; completes when all are durable, in whichever partitions, and yields where
  // they are, by partition. Records of the same partition keep their order and are dense. Errors
  // as of Appender::append, the first by partition; with several partitions the others may have
  // kept their share: who sends everything again doubles that share, unless repeats are dropped
  // later (ingest does, by uuid).
  io::Task<Result<std::vector<PartitionRange>>> append(std::vector<RecordView> records);

  size_t partition_count() const { return partitions_.size(); }
  // One past the last record of each partition, added up.
  int64_t records_end() const;
  // Of all partitions together; `failure` is the first one's.
  AppenderStatus status() const;
  // Closes all partitions; the first error wins, after all were asked.
  io::Task<Result<void>> close();

 private:
  struct Share;
  int32_t place(const RecordView& record, int32_t keyless) const;
  io::Task<void> append_share(Share& share);

  io::Loop& loop_;
  std::vector<std::unique_ptr<Appender>> partitions_;
  int32_t next_keyless_ = 0;
};

}  // namespace mr::stream
