#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/world.h"
#include "log/options.h"
#include "stream/log.h"

namespace mr::log {

// The embedded log: each partition is a folder of segments below one log folder, with one writer
// process and any number of readers in any process.
class EmbeddedLog final : public stream::Log {
 public:
  // What differs between topics.
  struct TopicOptions {
    Retention retention;
    Millis sync_interval{0};
  };
  // `options` hold for every partition that is opened for appending; visibility and truncate_to
  // are those of the call.
  EmbeddedLog(io::World world, io::Path log_folder, AppenderOptions options)
      : world_(world), log_folder_(std::move(log_folder)), options_(options) {}

  // For one topic, in place of what the options say. Before its appender is opened.
  void set_topic(const std::string& topic, TopicOptions options) { topics_[topic] = options; }

  io::Task<Result<std::vector<stream::TopicPartition>>> list() override;
  io::Task<Result<std::unique_ptr<stream::Appender>>> open_appender(
      stream::TopicPartition which, stream::AppendOptions options) override;
  io::Task<Result<std::unique_ptr<stream::Reader>>> open_reader(
      stream::TopicPartition which) override;
  io::Task<Result<std::unique_ptr<stream::Consumer>>> register_consumer(
      stream::TopicPartition which, std::string name, Offset next) override;
  bool cuts_uncommitted() const override { return true; }

 private:
  io::World world_;
  io::Path log_folder_;
  AppenderOptions options_;
  std::map<std::string, TopicOptions> topics_;
};

}  // namespace mr::log
