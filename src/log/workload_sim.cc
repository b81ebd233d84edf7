#include "log/workload_sim.h"

#include <algorithm>

#include "io/task_group.h"
#include "log/checkpoint_file.h"
#include "log/embedded_log.h"
#include "log/manifest.h"
#include "log/partition.h"

namespace mr::log {

namespace {

using io::Task;

constexpr const char* folder = sim_partition_folder;
constexpr const char* positions_folder = "positions";
constexpr int tries_max = 20;

AppenderOptions options_of(const Setting& setting) {
  AppenderOptions options;
  options.first_segment_bytes = 16 * 1024;
  options.segment_bytes_max = 64 * 1024;
  options.buffered_segment_bytes_max = 32 * 1024;
  options.reserved_bytes = setting.scenario.full_disk != 0 ? 40 * 1024 : 0;
  options.bugs = setting.bugs.log;
  if (setting.scenario.compression != 0) options.compression = Codec::lz4;
  options.retention.bytes_max = static_cast<uint64_t>(setting.scenario.retention_bytes);
  if (setting.scenario.commit_bytes > 0) {
    options.commit_bytes = static_cast<size_t>(setting.scenario.commit_bytes);
  }
  if (setting.scenario.queue_bytes > 0) {
    options.queue_bytes_max = static_cast<size_t>(setting.scenario.queue_bytes);
  }
  options.sync_interval = Millis{setting.scenario.sync_interval};
  if (setting.scenario.publish != 0) {
    options.visibility = stream::Visibility::on_publish;
    options.truncate_to = Offset(setting.model.committed);
  }
  return options;
}

const std::string& make_value(const Setting& setting) {
  // Mostly small, sometimes several blocks.
  const auto most = static_cast<uint64_t>(setting.scenario.value_bytes_max);
  return setting.model.make_value(setting.random.below(setting.random.one_in(3) ? most : 300));
}

// An append was answered.
Task<void> note_answer(const Setting& setting, io::World world, stream::Appender& appender,
                       std::vector<std::string> values, stream::AppendedRange range,
                       int64_t known_end) {
  Model& model = setting.model;
  if (setting.scenario.sync_interval > 0) {
    if (appender.status().lost_records > 0) {
      model.lose_from(range.first.value, 0);
      known_end = 0;
    }
    for (int64_t at = range.first.value; at <= range.last.value; ++at) {
      model.answered_at[at] = world.clock.now().micros;
    }
  }
  for (size_t k = 0; k < values.size(); ++k) {
    model.acknowledge(range.first.value + static_cast<int64_t>(k), values[k], known_end);
  }
  if (setting.scenario.publish != 0 && !setting.random.one_in(4)) {
    co_await world.clock.sleep(Millis{static_cast<int64_t>(setting.random.below(3))});
    // Mostly all of it; now and then only its head.
    const auto count = static_cast<uint64_t>(range.last - range.first) + 1;
    const uint64_t kept = setting.random.one_in(3) ? setting.random.between(1, count) : count;
    model.committed = range.first.value + static_cast<int64_t>(kept);
    appender.publish(Offset(model.committed));
  }
}

Task<void> produce(const Setting& setting, io::World world, stream::Appender& appender) {
  bool some = false;
  for (int done = 0; done < setting.scenario.appends; ++done) {
    const auto most = static_cast<uint64_t>(setting.scenario.records_max);
    std::vector<std::string> values(setting.random.between(1, most));
    std::vector<stream::RecordView> records(values.size());
    for (size_t k = 0; k < values.size(); ++k) {
      values[k] = make_value(setting);
      records[k] = {world.clock.wall(), as_bytes("key"), as_bytes(values[k]), {}};
    }
    const int64_t known_end = setting.model.acknowledged_end();
    const auto range = co_await appender.append(records);
    if (range) {
      some = true;
      co_await note_answer(setting, world, appender, std::move(values), *range, known_end);
    } else if (range.error().code() == ErrorCode::busy && setting.scenario.queue_bytes > 0) {
      --done;  // as a client does, later
      co_await world.clock.sleep(Millis{1});
    } else if (setting.calm && setting.scenario.full_disk == 0) {
      setting.model.fail("V1: an append failed without faults: " + range.error().message());
    } else if (range.error().code() == ErrorCode::no_space) {
      // What a server says with Retry-After.
      co_await world.clock.sleep(Millis{setting.random.one_in(2) ? 150 : 1});
    }
    if (setting.random.one_in(3)) co_await world.clock.sleep(Millis{1});
  }
  if (setting.calm && !some) setting.model.fail("V1: there is space again, no append succeeded");
}

using Times = std::vector<std::pair<int64_t, int64_t>>;  // offset and time of each record

// Reads one batch and hands its records to the model; yields the next position. A fault may strike
// a read: the position then stays.
Task<Result<int64_t>> read_some(const Setting& setting, io::World world, stream::Reader& reader,
                                int64_t next, size_t bytes, Instant deadline,
                                Model::Consumer* consumer = nullptr, Times* times = nullptr) {
  MR_CO_TRY(const auto batch, co_await reader.read(Offset(next), bytes, deadline));
  if (batch.damaged) {
    MR_CO_TRY(const Offset first, co_await reader.first_offset());
    if (batch.damaged->to <= first) {
      // Retention went past the position: right for those who did not register.
      setting.model.report_removed(batch.damaged->to.value, consumer != nullptr);
      co_return std::max(next, batch.damaged->to.value);
    }
    setting.model.report_damaged(batch.damaged->from.value, batch.damaged->to.value);
    const bool here = batch.damaged->from.value <= next && next < batch.damaged->to.value;
    if (!here) {
      setting.model.fail("D1: the damage reported is not where it was asked for");
      co_return fail(ErrorCode::corrupt, setting.model.failure);
    }
    co_return std::max(next, batch.damaged->to.value);
  }
  for (const auto& record : batch.records) {
    if (record.offset.value != next) setting.model.fail("L3: a reader saw a gap");
    setting.model.read(record.offset.value, as_text(record.value));
    if (consumer != nullptr) consumer->delivered.insert(next);
    if (times != nullptr) times->emplace_back(next, record.timestamp.millis);
    ++next;
  }
  co_return next;
}

// The first visible record at or after a time; exact while no clock jumped and nothing is damaged.
Task<void> check_time(const Setting& setting, io::World world, stream::Reader& reader,
                      Times times) {
  const bool ordered = std::is_sorted(
      times.begin(), times.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (times.empty() || !ordered || !setting.model.rotten.empty()) co_return;
  const auto [offset, wanted] = times[setting.random.below(times.size())];
  const auto found = co_await reader.find_time(WallTime{wanted});
  const auto kept = co_await reader.first_offset();
  // Retention may have removed the beginning meanwhile.
  if (!found || !kept || kept->value != times.front().first) co_return;
  const auto first = std::find_if(times.begin(), times.end(),
                                  [wanted](const auto& one) { return one.second >= wanted; });
  if (found->value != first->first) {
    setting.model.fail("T1: time " + std::to_string(wanted) + " is at offset " +
                       std::to_string(first->first) + ", found at " + std::to_string(found->value));
  }
}

// Reads everything once and compares it with the model.
Task<void> check_all(const Setting& setting, io::World world) {
  Model& model = setting.model;
  const auto reader = co_await open_partition_reader(world, folder);
  if (!reader) {
    if (setting.calm) model.fail("V1: no reader: " + reader.error().message());
    co_return;
  }
  const int64_t end = (*reader)->end_offset().value;
  const auto first = co_await (*reader)->first_offset();
  if (!first) {
    if (setting.calm) model.fail("V1: no first offset: " + first.error().message());
    co_return;
  }
  if (first->value > model.finished) {
    model.fail("R1: " + std::to_string(first->value) + " is the first offset, a consumer needs " +
               std::to_string(model.finished));
  }
  int failed = 0;
  Times times;
  for (int64_t next = first->value; next < end;) {
    const auto after = co_await read_some(setting, world, **reader, next, 20'000, world.clock.now(),
                                          nullptr, &times);
    if (after) {
      next = *after;
      continue;
    }
    if (setting.calm) model.fail("L1: reading failed: " + after.error().message());
    if (setting.calm || ++failed > tries_max) co_return;
  }
  co_await check_time(setting, world, **reader, std::move(times));
  if (setting.scenario.publish == 0) {
    model.check_end(end);
  } else if (end != model.committed) {
    model.fail("P1: " + std::to_string(end) + " records are visible, " +
               std::to_string(model.committed) + " are committed");
  }
}

// A registered consumer of the writer's own process that only says how far it has come.
Task<void> let_go(const Setting& setting, io::World world, stream::Consumer& consumer) {
  Model& model = setting.model;
  for (int i = 0; i < 3 * setting.scenario.appends; ++i) {
    co_await world.clock.sleep(Millis{setting.random.one_in(6) ? 700 : 1});
    if (model.acknowledged.empty() || !setting.random.one_in(3)) continue;
    // From the call on the log may let go of it.
    model.finished = std::max(model.finished, model.acknowledged_end());
    (void)co_await consumer.finished(Offset(model.finished));
  }
}

// The disk becomes fuller and emptier while it is used.
Task<void> change_space(const Setting& setting, io::World world) {
  for (int i = 0; i < 3; ++i) {
    co_await world.clock.sleep(Millis{static_cast<int64_t>(setting.random.below(200))});
    setting.storage.set_capacity(setting.random.one_in(2) ? 4 << 20
                                                          : setting.random.below(400'000));
  }
}

Task<void> produce_all(const Setting& setting, io::World world, stream::Appender& appender) {
  // Retention waits for those who are registered, so they are there before the producers.
  EmbeddedLog log(world, "log", {});
  std::unique_ptr<stream::Consumer> consumer;
  const bool own = setting.scenario.retention_bytes > 0 && setting.scenario.consumers == 0;
  if (own) {
    auto registered =
        co_await log.register_consumer({"topic", 0}, "consumer", Offset(setting.model.finished));
    if (!registered) co_return;
    consumer = std::move(*registered);
  }
  for (int tries = 0; setting.scenario.consumers > 0 && !setting.model.registered; ++tries) {
    if (tries > tries_max && !setting.calm) co_return;
    co_await world.clock.sleep(Millis{10});
  }
  io::TaskGroup group(world.loop);
  for (int i = 0; i < setting.scenario.producers; ++i) {
    group.spawn(produce(setting, world, appender));
  }
  if (own) group.spawn(let_go(setting, world, *consumer));
  if (setting.scenario.full_disk != 0 && !setting.calm) {
    group.spawn(change_space(setting, world));
  }
  co_await group.drain();
}

// Without faults everything that was acknowledged reaches every consumer within a bound.
Task<void> await_consumers(const Setting& setting, io::World world) {
  constexpr int waits_max = 1000;
  const int64_t end =
      setting.scenario.publish != 0 ? setting.model.committed : setting.model.acknowledged_end();
  const auto behind = [&] {
    return std::any_of(setting.model.consumers.begin(), setting.model.consumers.end(),
                       [end](const auto& one) { return one.second.saved < end; });
  };
  for (int waits = 0; behind() && waits < waits_max; ++waits) {
    co_await world.clock.sleep(Millis{10});
  }
  for (const auto& [name, consumer] : setting.model.consumers) {
    if (setting.scenario.publish == 0) setting.model.check_delivered(name, consumer);
    if (consumer.saved < end) {
      setting.model.fail("C2: the consumer " + name + " stays at " +
                         std::to_string(consumer.saved) + " of " + std::to_string(end));
    }
  }
}

// Positions that are written where the old ones stand: a planted bug.
class OverwrittenCheckpoints final : public stream::Checkpoints {
 public:
  explicit OverwrittenCheckpoints(io::World world)
      : world_(world), files_(world, positions_folder) {}

  Task<Result<std::optional<stream::Checkpoint>>> load(std::string name) override {
    co_return co_await files_.load(std::move(name));
  }
  Task<Result<void>> save(std::string name, stream::Checkpoint checkpoint) override {
    const io::OpenMode mode{io::Access::read_write, io::Creation::create_if_absent};
    MR_CO_CHECK(co_await world_.disk.make_folders(positions_folder));
    MR_CO_TRY(const auto file,
              co_await world_.disk.open(std::string(positions_folder) + "/" + name + ".checkpoint",
                                        mode));
    const Bytes bytes = encode_checkpoint(checkpoint);
    MR_CO_CHECK(co_await file->write_at(0, bytes));
    MR_CO_CHECK(co_await file->sync_data());
    co_return co_await world_.disk.sync_directory(positions_folder);
  }

 private:
  io::World world_;
  CheckpointFiles files_;
};

// What all consumers have saved, durably.
int64_t saved_by_all(const Model& model) {
  int64_t least = INT64_MAX;
  for (const auto& [name, consumer] : model.consumers) least = std::min(least, consumer.saved);
  return least;
}

// The position that the consumer's checkpoint holds.
Task<int64_t> load_position(const Setting& setting, io::World world, stream::Checkpoints& positions,
                            std::string name) {
  Model::Consumer& consumer = setting.model.consumers[name];
  for (;;) {
    const auto loaded = co_await positions.load(name);
    if (loaded) {
      const int64_t next = *loaded ? (*loaded)->next.value : 0;
      setting.model.load_position(consumer, next);
      // A save whose answer was lost in a crash counts like any other from here on.
      consumer.saved = next;
      setting.model.finished = std::max(setting.model.finished, saved_by_all(setting.model));
      co_return next;
    }
    if (loaded.error().code() == ErrorCode::corrupt) {
      setting.model.fail("C1: the position of " + name + " cannot be read");
    }
    co_await world.clock.sleep(Millis{5});
  }
}

}  // namespace

Task<void> consume(const Setting& setting, io::World world, std::string name) {
  Model& model = setting.model;
  Model::Consumer& me = model.consumers[name];
  std::unique_ptr<stream::Checkpoints> positions = open_checkpoints(world, positions_folder);
  if (setting.bugs.overwrite_checkpoints) {
    positions = std::make_unique<OverwrittenCheckpoints>(world);
  }
  int64_t next = co_await load_position(setting, world, *positions, name);
  EmbeddedLog log(world, "log", {});
  auto note = co_await log.register_consumer({"topic", 0}, name, Offset(next));
  auto reader = co_await open_partition_reader(world, folder);
  while (!note || !reader) {
    co_await world.clock.sleep(Millis{5});
    if (!note) note = co_await log.register_consumer({"topic", 0}, name, Offset(next));
    if (!reader) reader = co_await open_partition_reader(world, folder);
  }
  model.registered = true;
  for (;;) {
    const auto after =
        co_await read_some(setting, world, **reader, next, 4000, io::no_deadline, &me);
    if (!model.failure.empty()) co_return;
    if (!after) {
      co_await world.clock.sleep(Millis{5});
      continue;
    }
    next = *after;
    me.attempted = std::max(me.attempted, next);
    if (!co_await positions->save(name, {Offset(next), {}})) continue;
    me.saved = std::max(me.saved, next);
    model.finished = std::max(model.finished, saved_by_all(model));
    (void)co_await (*note)->finished(Offset(me.saved));
  }
}

Task<void> tail(const Setting& setting, io::World world) {
  auto reader = co_await open_partition_reader(world, folder);
  if (!reader) co_return;
  for (int64_t next = 0;;) {
    const auto after = co_await read_some(setting, world, **reader, next, 5000, io::no_deadline);
    if (!setting.model.failure.empty()) co_return;
    if (after) next = *after;
    if (!after) co_await world.clock.sleep(Millis{5});
  }
}

Task<bool> live(const Setting& setting, io::World world) {
  Model& model = setting.model;
  auto appender = co_await open_partition_appender(world, folder, options_of(setting));
  for (int tries = 0; !appender && !setting.calm && tries < tries_max; ++tries) {
    co_await world.clock.sleep(Millis{10});
    appender = co_await open_partition_appender(world, folder, options_of(setting));
  }
  if (!appender) {
    if (setting.calm) model.fail("V1: the log does not open: " + appender.error().message());
    co_return true;
  }
  if (setting.scenario.publish != 0) model.cut_uncommitted();
  if (setting.scenario.sync_interval > 0) {
    model.lose_from((*appender)->next_offset().value, setting.scenario.sync_interval * 1000);
    model.power_lost = model.stopped = false;
    model.sync_failed = setting.sync_may_fail;
  }
  co_await check_all(setting, world);
  co_await produce_all(setting, world, **appender);
  if (setting.calm) co_await await_consumers(setting, world);
  const auto closed = co_await (*appender)->close();
  if (!closed && setting.calm && setting.scenario.full_disk == 0) {
    model.fail("V1: closing failed: " + closed.error().message());
  }
  co_return true;
}

namespace {

// The whole batches of a segment, from its beginning to the first that is not.
struct PlacedBatch {
  uint64_t position = 0;
  BatchHeader header;
};
std::vector<PlacedBatch> whole_batches(ByteView segment, SegmentUse use) {
  std::vector<PlacedBatch> batches;
  for (uint64_t position = 0; position < segment.size();) {
    const ByteView left = segment.subspan(position);
    const auto header = parse_batch_header(left);
    if (!header || !batch_belongs(*header, use) || header->total_bytes() > left.size() ||
        !batch_checksum_matches(left.first(header->total_bytes()), *header)) {
      break;
    }
    batches.push_back({position, *header});
    position += header->total_bytes();
  }
  return batches;
}

}  // namespace

void rot(const Setting& setting, bool only_cache) {
  const auto bytes = setting.storage.contents(std::string(folder) + "/" + manifest_name);
  const auto manifest = bytes ? decode_manifest(*bytes, manifest_name) : fail(bytes.error());
  if (!manifest || manifest->segments.empty()) return;
  const SegmentEntry& entry = manifest->segments[setting.random.below(manifest->segments.size())];
  const io::Path path = segment_path(folder, entry.base);
  const auto segment = setting.storage.contents(path);
  if (!segment) return;
  std::vector<PlacedBatch> batches = whole_batches(*segment, entry.use);
  while (entry.sealed && !batches.empty() && batches.back().position >= entry.sealed_bytes) {
    batches.pop_back();
  }
  // Nobody can tell the last commit, when it rots, from one that never ended.
  if (!entry.sealed && !batches.empty()) batches.pop_back();
  // Without direct files there is no way past the cache.
  const bool can = !only_cache || (entry.sealed && setting.scenario.direct != 0);
  if (batches.empty() || !can) return;
  const auto [position, header] = batches[setting.random.below(batches.size())];
  const uint64_t at = position + setting.random.below(header.total_bytes());
  if (only_cache) {
    setting.storage.damage_cache(path, at);
    return;
  }
  // Recovery stops at a sector of the open segment that cannot be read, readers where they cannot
  // tell it from a lost disk.
  const bool direct = setting.scenario.direct != 0;
  if (direct && entry.sealed && setting.random.one_in(3)) {
    setting.storage.make_unreadable(path, at);
  } else {
    setting.storage.flip_bit(path, at, static_cast<unsigned>(setting.random.below(8)));
  }
  setting.model.rotten[header.base_offset.value] = header.end_offset().value;
}

}  // namespace mr::log
