#include "main/load_positions.h"

#include "log/checkpoint_file.h"
#include "log/partition.h"
#include "main/loaded_topics.h"

namespace mr::main {

namespace {

io::Task<Result<void>> forget(io::World world, DataDirectory directory, LoadedTopic loaded,
                              telemetry::Logger& log) {
  log::CheckpointFiles positions(world, directory.load());
  const auto saved = co_await positions.load(position_name(loaded));
  if (saved && !*saved) co_return Result<void>{};
  log.error("the warehouse is gone: its table is loaded again from what the log still holds",
            {{"table", loaded.table},
             {"loaded_before", saved && *saved ? (*saved)->next.value : int64_t{0}}});
  co_return co_await positions.remove(position_name(loaded));
}

io::Task<Result<void>> take_from_note(io::World world, DataDirectory directory, LoadedTopic loaded,
                                      telemetry::Logger& log) {
  log::CheckpointFiles positions(world, directory.load());
  const auto saved = co_await positions.load(position_name(loaded));
  if (!saved || *saved) co_return Result<void>{};  // one that is damaged is the store's to report
  log::CheckpointFiles notes(
      world, log::consumers_folder(log::partition_folder(directory.log(), {loaded.topic, 0})));
  const auto note = co_await notes.load("load");
  if (!note || !*note || (*note)->next == Offset(0)) co_return Result<void>{};
  log.error(
      "how far a table was loaded is gone: taken from the log's note, which may be about a "
      "second older; rows of that time are stored twice",
      {{"table", loaded.table}, {"next_offset", (*note)->next.value}});
  co_return co_await positions.save(position_name(loaded), {(*note)->next});
}

}  // namespace

io::Task<Result<void>> repair_load_positions(io::World world, DataDirectory directory,
                                             telemetry::Logger& log) {
  const auto files = co_await world.disk.list(directory.warehouse());
  const bool gone = files ? files->empty() : files.error().code() == ErrorCode::not_found;
  for (const LoadedTopic& loaded : loaded_topics) {
    MR_CO_CHECK(gone ? co_await forget(world, directory, loaded, log)
                     : co_await take_from_note(world, directory, loaded, log));
  }
  co_return Result<void>{};
}

}  // namespace mr::main
