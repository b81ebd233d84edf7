#include "log/partition_copy.h"

#include <algorithm>

#include "log/checkpoint_file.h"
#include "log/manifest.h"
#include "log/partition.h"
#include "log/segment_scan.h"
#include "log/watermark.h"

namespace mr::log {

namespace {

constexpr size_t chunk_bytes = 1024 * 1024;
// How often the manifest and the page are read again because the writer changed both meanwhile.
constexpr int looks_max = 100;

// What there is to copy at one moment: all sealed segments and how much of the open one is durable.
struct Moment {
  Manifest manifest;
  uint64_t tail_bytes = 0;
};

io::Task<Result<Moment>> look(io::World world, io::Path folder) {
  MR_CO_TRY(const auto page, co_await world.disk.map_shared(folder + "/" + watermark_name));
  for (int i = 0; i < looks_max; ++i) {
    const uint64_t generation = page->load(static_cast<size_t>(WatermarkWord::generation));
    MR_CO_TRY(auto manifest, co_await load_written_manifest(world.disk, folder));
    Moment moment{std::move(manifest), 0};
    const auto& segments = moment.manifest.segments;
    if (segments.empty() || segments.back().sealed) co_return moment;
    // Without a writer the page may be of another time, after a power loss even of the same
    // segment.
    const auto no_writer = co_await world.disk.lock(folder + "/" + lock_name);
    const auto durable = durable_tail(*page, segments.back().use.epoch);
    if (!no_writer && durable) {
      moment.tail_bytes = *durable;
      co_return moment;
    }
    // The file itself tells, by its batches.
    if (no_writer || generation == page->load(static_cast<size_t>(WatermarkWord::generation))) {
      auto file = co_await open_segment(world.disk, folder, segments.back(), io::Caching::direct);
      if (!file) co_return fail(ErrorCode::corrupt, file.error().message());
      const SegmentIdentity identity{segments.back().base, segments.back().use, true};
      MR_CO_TRY(const auto scan, co_await scan_segment(**file, identity, identity.base));
      moment.tail_bytes = scan.valid_bytes;
      co_return moment;
    }
  }
  co_return fail(ErrorCode::busy, folder + " changes too often to be copied");
}

io::Task<Result<void>> copy_bytes(io::World world, io::File& source, io::Path to, uint64_t bytes,
                                  Progress* progress) {
  MR_CO_TRY(const auto target,
            co_await world.disk.open(to, {io::Access::read_write, io::Creation::must_not_exist}));
  Bytes chunk;
  for (uint64_t at = 0; at < bytes; at += chunk.size()) {
    chunk.resize(std::min<uint64_t>(chunk_bytes, bytes - at));
    MR_CO_TRY(const size_t count, co_await source.read_at(at, chunk));
    if (count < chunk.size())
      co_return fail(ErrorCode::corrupt, "the source of " + to + " is shorter than it was");
    MR_CO_CHECK(co_await target->write_at(at, chunk));
    if (progress != nullptr) progress->advanced(count);
  }
  co_return co_await target->sync_data();
}

// Copies one segment's first `bytes` and makes its entry a sealed one.
io::Task<Result<void>> copy_segment(io::World world, io::Path from, io::Path to, uint64_t bytes,
                                    SegmentEntry& entry, CopiedPartition& copied,
                                    Progress* progress) {
  const io::Path target = segment_path(to, entry.base);
  auto source = co_await open_segment(world.disk, from, entry, io::Caching::buffered);
  if (!source && source.error().code() == ErrorCode::not_found && entry.sealed) {
    // The copy misses it as the source does.
    copied.damaged.push_back(
        {entry.base, entry.end, segment_path(from, entry.base) + " is missing"});
    co_return Result<void>{};
  }
  if (!source) {
    // A segment that the manifest names is missing: that is no "not written yet".
    const bool missing = source.error().code() == ErrorCode::not_found;
    co_return fail(missing ? ErrorCode::corrupt : source.error().code(), source.error().message());
  }
  MR_CO_CHECK(co_await copy_bytes(world, **source, target, bytes, progress));
  MR_CO_TRY(const auto file, co_await world.disk.open(target, {}));
  const SegmentIdentity identity{entry.base, entry.use, true};
  MR_CO_TRY(const auto scan, co_await scan_segment(*file, identity, entry.base));
  for (const Hole& hole : scan.holes) {
    copied.damaged.push_back(
        {hole.from, hole.to,
         segment_path(from, entry.base) + " at byte " + std::to_string(hole.position)});
  }
  if (!entry.sealed) {
    entry.end = scan.end;
    entry.max_timestamp = scan.max_timestamp;
  } else if (scan.end < entry.end) {
    copied.damaged.push_back(
        {scan.end, entry.end,
         segment_path(from, entry.base) + " at byte " + std::to_string(scan.valid_bytes)});
  }
  entry.sealed = true;
  entry.sealed_bytes = bytes;
  entry.recycled = false;
  co_return Result<void>{};
}

}  // namespace

io::Task<Result<void>> hold_for_copy(io::World world, io::Path partition_folder) {
  CheckpointFiles notes(world, consumers_folder(partition_folder));
  co_return co_await notes.save(copy_consumer, {Offset(0)});
}

io::Task<Result<void>> drop_copy_note(io::World world, io::Path partition_folder) {
  CheckpointFiles notes(world, consumers_folder(partition_folder));
  co_return co_await notes.remove(copy_consumer);
}

io::Task<Result<CopiedPartition>> copy_partition(io::World world, io::Path from, io::Path to,
                                                 Progress* progress) {
  MR_CO_CHECK(co_await world.disk.make_folders(to));
  const auto present = co_await load_manifest(world.disk, to);
  if (present && *present) co_return fail(ErrorCode::already_exists, to + " holds a partition");
  MR_CO_TRY(Moment moment, co_await look(world, from));
  std::vector<SegmentEntry> kept;
  const Offset first = moment.manifest.first_offset;
  CopiedPartition copied{first, first, 0, {}};
  for (SegmentEntry entry : moment.manifest.segments) {
    const uint64_t bytes = entry.sealed ? entry.sealed_bytes : moment.tail_bytes;
    if (bytes == 0 && entry.end <= entry.base) continue;
    MR_CO_CHECK(co_await copy_segment(world, from, to, bytes, entry, copied, progress));
    kept.push_back(entry);
    copied.end = entry.end;
    copied.bytes += bytes;
  }
  moment.manifest.segments = std::move(kept);
  MR_CO_CHECK(co_await io::replace_file(world.disk, to + "/" + manifest_name,
                                        encode_manifest(moment.manifest)));
  co_return copied;
}

}  // namespace mr::log
