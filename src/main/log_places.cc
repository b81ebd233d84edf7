#include "main/log_places.h"

namespace mr::main {

io::Task<Result<std::unique_ptr<log::LogAppender>>> open_appender(ProcessRuntime& runtime,
                                                                  log::PartitionName name,
                                                                  log::AppenderOptions options) {
  options.segment_bytes_max = runtime.settings().bytes("log.segment_bytes");
  options.reserved_bytes = runtime.settings().bytes("log.reserved_bytes");
  options.logger = &runtime.log();
  auto opened = co_await log::EmbeddedLog::open_appender(
      runtime.world(), log::EmbeddedLog::partition_folder(runtime.directory().log(), name),
      options);
  if (!opened) co_return fail(opened.error().within("opening the topic " + name.topic));
  co_return std::move(*opened);
}

io::Task<Result<std::unique_ptr<stream::Reader>>> open_reader(ProcessRuntime& runtime,
                                                              log::PartitionName name) {
  co_return co_await log::EmbeddedLog::open_reader(
      runtime.world(), log::EmbeddedLog::partition_folder(runtime.directory().log(), name));
}

io::Task<Result<std::vector<stream::TopicPartition>>> LogTopics::list() {
  MR_CO_TRY(const auto names, co_await log::EmbeddedLog::list_partitions(world_, log_folder_));
  std::vector<stream::TopicPartition> topics;
  for (const log::PartitionName& name : names) topics.push_back({name.topic, name.number});
  co_return topics;
}

io::Task<Result<std::unique_ptr<stream::Reader>>> LogTopics::open_reader(
    stream::TopicPartition which) {
  co_return co_await log::EmbeddedLog::open_reader(
      world_, log::EmbeddedLog::partition_folder(log_folder_, {which.topic, which.partition}));
}

}  // namespace mr::main
