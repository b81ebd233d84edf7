#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace mr::kafka {

class RecordForm;

// A property of librdkafka and its value.
using Property = std::pair<std::string, std::string>;

struct Options {
  // HOST:PORT of some brokers, separated by commas.
  std::string brokers;
  // What our topics are called on the brokers: prefix + (topic_names, or else default_topic_name).
  std::string topic_prefix;
  std::map<std::string, std::string, std::less<>> topic_names;
  // Handed to librdkafka as they are, after our own: TLS, SASL and whatever else it knows.
  std::vector<Property> properties;
  // Whether missing topics are created, with how many partitions (default 1).
  bool create_topics = true;
  std::map<std::string, int32_t, std::less<>> partitions;
  // How topics' records look on the brokers; a topic without one is passed as it is. Not owned.
  std::map<std::string, const RecordForm*, std::less<>> forms;

  // An append whose brokers have not confirmed it after this long fails with timed_out; 0: never.
  Millis append_timeout{10'000};
  // Opening waits for brokers that do not answer; otherwise it goes on after open_timeout, and a
  // topic that is missing or denied shows at the first append or read.
  bool wait_for_brokers = true;
  Millis open_timeout{5'000};
  // Appends that are not confirmed; more are refused with busy.
  size_t queue_bytes_max = 64u * 1024 * 1024;
  // One record's key, value and headers as they go to the brokers; more is too_large.
  size_t record_bytes_max = 8u * 1024 * 1024;
  // Read ahead of a reader, at most about this much.
  size_t read_ahead_bytes = 8u * 1024 * 1024;
};

// The name that the reference gives our topic (contract: ingestion 5.1); ours, when it has none.
std::string_view default_topic_name(std::string_view topic);
// All topics that have a default name.
std::vector<std::string_view> known_topics();

// The name of our topic on the brokers.
std::string topic_name(const Options& options, std::string_view topic);

// Reads `name=value` pairs separated by semicolons, or by line feeds where there is one. Errors:
// invalid_input naming the part.
Result<std::vector<Property>> parse_pairs(std::string_view text);

}  // namespace mr::kafka
