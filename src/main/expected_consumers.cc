#include "main/expected_consumers.h"

#include <algorithm>

#include "log/checkpoint_file.h"
#include "log/partition.h"
#include "main/loaded_topics.h"

namespace mr::main {

namespace {

io::Task<Result<void>> expect(io::World world, io::Path log_folder, stream::TopicPartition which,
                              std::string name) {
  log::CheckpointFiles notes(world,
                             log::consumers_folder(log::partition_folder(log_folder, which)));
  const auto present = co_await notes.load(name);
  // One that cannot be read holds everything back until its consumer replaces it.
  if (!present || *present) co_return Result<void>{};
  auto saved = co_await notes.save(name, {Offset(0)});
  if (!saved && saved.error().code() == ErrorCode::no_space) co_return Result<void>{};
  co_return saved;
}

bool has(const std::vector<std::string>& roles, std::string_view role) {
  return std::ranges::find(roles, role) != roles.end();
}

}  // namespace

io::Task<Result<void>> expect_consumers(io::World world, io::Path log_folder,
                                        std::vector<std::string> roles, int32_t captured,
                                        bool archive) {
  for (int32_t number = 0; number < captured && has(roles, "pipeline"); ++number) {
    MR_CO_CHECK(co_await expect(world, log_folder, {"captured", number}, "ingest"));
    if (archive) MR_CO_CHECK(co_await expect(world, log_folder, {"captured", number}, "archive"));
  }
  for (const LoadedTopic& loaded : loaded_topics) {
    if (!has(roles, "store")) break;
    MR_CO_CHECK(co_await expect(world, log_folder, {loaded.topic, 0}, "load"));
  }
  co_return Result<void>{};
}

std::vector<std::string> consumers_of(const std::string& topic) {
  if (topic == "captured") return {"ingest"};
  const auto found = std::ranges::find(loaded_topics, topic, &LoadedTopic::topic);
  if (found != loaded_topics.end()) return {"load"};
  return {};
}

}  // namespace mr::main
