#pragma once

#include <memory>
#include <string>
#include <vector>

#include "stream/stream.h"

namespace mr::stream {

// One partition of a topic by its place.
struct TopicPartition {
  std::string topic;
  int partition = 0;
};

// All topics of a log, for those that look at them by name (tail, status).
class Topics {
 public:
  virtual ~Topics() = default;
  // By name, then partition.
  virtual io::Task<Result<std::vector<TopicPartition>>> list() = 0;
  virtual io::Task<Result<std::unique_ptr<Reader>>> open_reader(TopicPartition which) = 0;
};

}  // namespace mr::stream
