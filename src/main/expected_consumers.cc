#include "main/expected_consumers.h"

#include <algorithm>

#include "event/lane.h"
#include "ingest/outbox_drainer.h"
#include "log/checkpoint_file.h"
#include "log/manifest.h"
#include "log/partition.h"
#include "main/loaded_topics.h"
#include "state/sqlite_state_store.h"

namespace mr::main {

namespace {

// One consumer: where it must be noted at least.
struct Expected {
  stream::TopicPartition which;
  std::string name;
  Offset passed;     // by its own state
  bool runs = true;  // without having passed anything it is noted only then
};

io::Task<Result<void>> note(io::World world, io::Path log_folder, Expected consumer) {
  if (!consumer.runs && consumer.passed == Offset(0)) co_return Result<void>{};
  log::CheckpointFiles notes(
      world, log::consumers_folder(log::partition_folder(log_folder, consumer.which)));
  const auto present = co_await notes.load(consumer.name);
  // One that cannot be read holds everything back; a consumer's own state is better.
  if (!present && consumer.passed == Offset(0)) co_return Result<void>{};
  if (present && *present && (*present)->next >= consumer.passed) co_return Result<void>{};
  auto saved = co_await notes.save(consumer.name, {consumer.passed});
  if (!saved && saved.error().code() == ErrorCode::no_space) co_return Result<void>{};
  co_return saved;
}

bool has(const std::vector<std::string>& roles, std::string_view role) {
  return std::ranges::find(roles, role) != roles.end();
}

// How many partitions a lane must have, by ingest's positions in them.
int32_t partitions_of(event::Lane lane, const std::vector<state::Position>& ingested,
                      int32_t at_least) {
  const auto knows = [&](int32_t number) {
    const std::string name = ingest::position_name(event::topic_of(lane), number);
    return std::ranges::find(ingested, name, &state::Position::name) != ingested.end();
  };
  int32_t count = at_least;
  while (knows(count)) ++count;
  return count;
}

// What ingest's state says; empty when there is none yet, or none that can be read: that is the
// pipeline's to report, and what is captured meanwhile waits for it.
io::Task<Result<std::vector<state::Position>>> ingest_positions(io::World world, io::Worker& worker,
                                                                io::Path database) {
  const std::vector<state::Position> none;
  const auto present = co_await world.disk.open(database, {});
  if (!present && present.error().code() == ErrorCode::not_found) co_return none;
  const auto state = co_await state::SqliteStateStore::open(worker, database);
  if (!state && state.error().code() == ErrorCode::unsupported) co_return fail(state.error());
  if (!state) co_return none;
  co_return (co_await (*state)->positions()).value_or(none);
}

io::Task<Result<Offset>> archived_end(io::World world, io::Path archive,
                                      stream::TopicPartition which) {
  if (archive.empty()) co_return Offset(0);
  const auto manifest =
      co_await log::load_manifest(world.disk, log::partition_folder(archive, which));
  // The archiver says what is wrong with it.
  const bool any = manifest && *manifest && !(*manifest)->segments.empty();
  co_return any ? (*manifest)->segments.back().end : Offset(0);
}

}  // namespace

io::Task<Result<void>> expect_consumers(io::World world, io::Worker& worker,
                                        DataDirectory directory, ExpectedConsumers expected) {
  const bool ingests = has(expected.roles, "pipeline");
  MR_CO_TRY(const auto ingested, co_await ingest_positions(world, worker, directory.state()));
  for (const event::Lane lane : event::all_lanes) {
    const std::string topic(event::topic_of(lane));
    const int32_t count = partitions_of(lane, ingested, expected.captured);
    for (int32_t number = 0; number < count; ++number) {
      const stream::TopicPartition which{topic, number};
      const Offset passed = state::position_of(ingested, ingest::position_name(topic, number));
      MR_CO_CHECK(co_await note(world, directory.log(),
                                {which, consumers_of(topic).front(), passed, ingests}));
      if (expected.archive.empty() || lane == event::Lane::replay) continue;
      MR_CO_TRY(const Offset archived, co_await archived_end(world, expected.archive, which));
      MR_CO_CHECK(co_await note(world, directory.log(), {which, "archive", archived, ingests}));
    }
  }
  const auto loaded_positions = log::open_checkpoints(world, directory.load());
  for (const LoadedTopic& loaded : loaded_topics) {
    // One that is damaged is the store process's to report.
    const auto loaded_to = co_await loaded_positions->load(position_name(loaded));
    const Offset passed = loaded_to && *loaded_to ? (*loaded_to)->next : Offset(0);
    MR_CO_CHECK(co_await note(world, directory.log(),
                              {{loaded.topic, 0}, "load", passed, has(expected.roles, "store")}));
  }
  co_return Result<void>{};
}

std::vector<std::string> consumers_of(const std::string& topic) {
  const auto lane = event::lane_of_topic(topic);
  if (lane == event::Lane::replay) return {"replay"};
  if (lane && std::ranges::find(event::ingested_lanes, *lane) != event::ingested_lanes.end()) {
    return {"ingest"};
  }
  const auto found = std::ranges::find(loaded_topics, topic, &LoadedTopic::topic);
  if (found != loaded_topics.end()) return {"load"};
  return {};
}

}  // namespace mr::main
