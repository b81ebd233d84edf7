#include "log/describe.h"

#include "io/clock.h"
#include "log/partition.h"
#include "log/watermark.h"

namespace mr::log {

namespace {

constexpr size_t one_record_bytes = 1;

// The time of the record at `at`, if it can be read.
io::Task<std::optional<WallTime>> time_at(io::World world, io::Path folder, Offset at) {
  const auto reader = co_await open_partition_reader(world, folder);
  if (!reader) co_return std::nullopt;
  const auto batch = co_await (*reader)->read(at, one_record_bytes, world.clock.now());
  if (!batch || batch->empty()) co_return std::nullopt;
  co_return batch->records.front().timestamp;
}

// Whether the segment's file is gone although the manifest still names it.
io::Task<Result<bool>> is_missing(io::World world, io::Path folder, SegmentEntry entry) {
  const auto file = co_await open_segment(world.disk, folder, entry, io::Caching::buffered);
  if (file || file.error().code() != ErrorCode::not_found) co_return false;
  // Retention may have removed it since the manifest was read.
  MR_CO_TRY(const Manifest now, co_await load_written_manifest(world.disk, folder));
  const SegmentEntry* still = now.find(entry.base);
  co_return still != nullptr && still->base == entry.base && still->use == entry.use;
}

}  // namespace

io::Task<Result<PartitionDescription>> describe_partition(io::World world, io::Path log_folder,
                                                          stream::TopicPartition which) {
  const io::Path folder = partition_folder(log_folder, which);
  PartitionDescription found{.which = which};
  MR_CO_TRY(const Manifest manifest, co_await load_written_manifest(world.disk, folder));
  found.first = manifest.first_offset;
  found.end = manifest.segments.empty() ? found.first : manifest.segments.back().end;
  MR_CO_TRY(const auto page, co_await world.disk.map_shared(folder + "/" + watermark_name));
  if (const auto end = load_word(*page, WatermarkWord::end)) {
    found.end = std::max(found.end, Offset(static_cast<int64_t>(*end)));
  }
  for (const SegmentEntry& entry : manifest.segments) {
    SegmentDescription segment{entry, entry.end, entry.sealed_bytes};
    if (!entry.sealed) {
      segment.end = std::max(found.end, entry.base);
      segment.bytes = durable_tail(*page, entry.use.epoch).value_or(0);
    } else {
      found.newest = std::max(found.newest.value_or(entry.max_timestamp), entry.max_timestamp);
    }
    MR_CO_TRY(segment.missing, co_await is_missing(world, folder, entry));
    found.bytes += segment.bytes;
    found.segments.push_back(segment);
  }
  if (found.first < found.end) {
    found.oldest = co_await time_at(world, folder, found.first);
    const auto last = co_await time_at(world, folder, found.end + -1);
    if (last) found.newest = std::max(found.newest.value_or(*last), *last);
  }
  MR_CO_TRY(found.consumers, co_await look_at_consumers(world, folder));
  const auto lock = co_await world.disk.lock(folder + "/" + lock_name);
  found.writer_runs = !lock && lock.error().code() == ErrorCode::busy;
  co_return found;
}

}  // namespace mr::log
