#include "log/consumer_note.h"

#include "log/partition.h"

namespace mr::log {

namespace {

constexpr Millis write_interval{1000};

}  // namespace

io::Task<Result<void>> ConsumerNote::open(Offset next) {
  const auto saved = co_await write(next);
  if (saved || saved.error().code() != ErrorCode::no_space) co_return saved;
  const auto older = co_await files_.load(name_);
  if (!older || !*older || (*older)->next > next) co_return saved;
  written_ = (*older)->next;
  co_return Result<void>{};
}

io::Task<Result<void>> ConsumerNote::write(Offset next) {
  MR_CO_CHECK(co_await files_.save(name_, {next, {}}));
  written_ = next;
  written_at_ = world_.clock.now();
  co_return Result<void>{};
}

io::Task<Result<void>> ConsumerNote::finished(Offset next) {
  if (next <= written_ || world_.clock.now() - written_at_ < write_interval) {
    co_return Result<void>{};
  }
  co_return co_await write(next);
}

io::Task<Result<ConsumerList>> look_at_consumers(io::World world, io::Path partition_folder) {
  CheckpointFiles notes(world, consumers_folder(partition_folder));
  MR_CO_TRY(const auto names, co_await notes.names());
  ConsumerList found;
  for (const std::string& name : names) {
    const auto note = co_await notes.load(name);
    if (!note) {
      found.unreadable.push_back({name, note.error()});
    } else if (*note) {
      found.consumers.push_back({name, (*note)->next});
    }
  }
  co_return found;
}

io::Task<Result<std::vector<RegisteredConsumer>>> list_consumers(io::World world,
                                                                 io::Path partition_folder) {
  MR_CO_TRY(auto found, co_await look_at_consumers(world, std::move(partition_folder)));
  if (!found.unreadable.empty()) co_return fail(found.unreadable.front().error);
  co_return std::move(found.consumers);
}

}  // namespace mr::log
