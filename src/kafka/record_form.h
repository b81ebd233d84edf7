#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "stream/stream.h"

namespace mr::kafka {

// A record that owns its parts; the timestamp stays that of the record it was made from.
struct FormedRecord {
  std::string key;
  std::string value;
  std::vector<std::pair<std::string, std::string>> headers;
};

// How a topic's records look on the brokers where that is not how we keep them. Given to KafkaLog
// by main/, because the forms belong to the domain. Implementations have no state.
class RecordForm {
 public:
  virtual ~RecordForm() = default;

  // The record as it goes to the brokers. Errors: invalid_input (it cannot be written so).
  virtual Result<FormedRecord> to_brokers(const stream::RecordView& record) const = 0;
  // The way back. A record that someone else wrote and that cannot be read is passed on as it is,
  // so that its reader accounts for it.
  virtual Result<FormedRecord> from_brokers(const stream::Record& record) const = 0;
};

}  // namespace mr::kafka
