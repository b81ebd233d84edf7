#include "log/consumer_note.h"

#include "log/partition.h"

namespace mr::log {

namespace {

constexpr Millis write_interval{1000};

}  // namespace

io::Task<Result<void>> ConsumerNote::open(Offset next) {
  MR_CO_CHECK(co_await files_.save(name_, {next, {}}));
  written_ = next;
  written_at_ = world_.clock.now();
  co_return Result<void>{};
}

io::Task<Result<void>> ConsumerNote::finished(Offset next) {
  if (next <= written_ || world_.clock.now() - written_at_ < write_interval) {
    co_return Result<void>{};
  }
  co_return co_await open(next);
}

io::Task<Result<std::vector<RegisteredConsumer>>> list_consumers(io::World world,
                                                                 io::Path partition_folder) {
  CheckpointFiles notes(world, consumers_folder(partition_folder));
  MR_CO_TRY(const auto names, co_await notes.names());
  std::vector<RegisteredConsumer> consumers;
  for (const std::string& name : names) {
    MR_CO_TRY(const auto note, co_await notes.load(name));
    if (note) consumers.push_back({name, note->next});
  }
  co_return consumers;
}

}  // namespace mr::log
