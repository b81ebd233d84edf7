#include "log/partition.h"

#include <algorithm>

#include "codec/integer.h"
#include "log/checkpoint_file.h"
#include "log/partition_reader.h"
#include "log/partition_writer.h"

namespace mr::log {

io::Task<Result<std::unique_ptr<stream::Appender>>> open_partition_appender(
    io::World world, io::Path folder, AppenderOptions options) {
  auto writer = std::make_unique<PartitionWriter>(world, std::move(folder), options);
  MR_CO_CHECK(co_await writer->open());
  co_return writer;
}

io::Task<Result<std::unique_ptr<stream::Reader>>> open_partition_reader(io::World world,
                                                                        io::Path folder,
                                                                        ReaderOptions options) {
  MR_CO_CHECK(co_await world.disk.make_folders(folder));
  MR_CO_TRY(auto page, co_await world.disk.map_shared(folder + "/" + watermark_name));
  co_return std::make_unique<PartitionReader>(world, std::move(folder), std::move(page), options);
}

io::Task<Result<std::vector<stream::TopicPartition>>> list_partitions(io::World world,
                                                                      io::Path log_folder) {
  std::vector<stream::TopicPartition> found;
  const auto topics = co_await world.disk.list(log_folder);
  if (!topics) {
    if (topics.error().code() == ErrorCode::not_found) co_return found;
    co_return fail(topics.error());
  }
  for (const std::string& topic : *topics) {
    const auto numbers = co_await world.disk.list(log_folder + "/" + topic);
    if (!numbers) continue;  // a file beside the topics
    for (const std::string& text : *numbers) {
      const auto number = codec::parse_integer<int32_t>(text);
      if (number && *number >= 0) found.push_back({topic, *number});
    }
  }
  std::sort(found.begin(), found.end());
  co_return found;
}

std::unique_ptr<stream::Checkpoints> open_checkpoints(io::World world, io::Path folder) {
  return std::make_unique<CheckpointFiles>(world, std::move(folder));
}

io::Path partition_folder(const io::Path& log_folder, const stream::TopicPartition& which) {
  return log_folder + "/" + which.topic + "/" + std::to_string(which.partition);
}

io::Path consumers_folder(const io::Path& partition_folder) {
  return partition_folder + "/consumers";
}

}  // namespace mr::log
