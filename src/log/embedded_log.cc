#include "log/embedded_log.h"

#include "log/consumer_note.h"
#include "log/partition.h"

namespace mr::log {

io::Task<Result<std::vector<stream::TopicPartition>>> EmbeddedLog::list() {
  co_return co_await list_partitions(world_, log_folder_);
}

io::Task<Result<std::unique_ptr<stream::Appender>>> EmbeddedLog::open_appender(
    stream::TopicPartition which, stream::AppendOptions options) {
  AppenderOptions all = options_;
  all.visibility = options.visibility;
  all.truncate_to = options.truncate_to;
  if (const auto own = topics_.find(which.topic); own != topics_.end()) {
    all.retention = own->second.retention;
    all.sync_interval = own->second.sync_interval;
  }
  auto opened = co_await open_partition_appender(world_, partition_folder(log_folder_, which), all);
  if (!opened) co_return fail(opened.error().within("opening the topic " + which.topic));
  co_return std::move(*opened);
}

io::Task<Result<std::unique_ptr<stream::Reader>>> EmbeddedLog::open_reader(
    stream::TopicPartition which) {
  co_return co_await open_partition_reader(world_, partition_folder(log_folder_, which),
                                           {options_.logger});
}

io::Task<Result<std::unique_ptr<stream::Consumer>>> EmbeddedLog::register_consumer(
    stream::TopicPartition which, std::string name, Offset next) {
  const io::Path folder = consumers_folder(partition_folder(log_folder_, which));
  auto note = std::make_unique<ConsumerNote>(world_, folder, std::move(name));
  MR_CO_CHECK(co_await note->open(next));
  co_return note;
}

}  // namespace mr::log
