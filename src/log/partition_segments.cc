// The part of PartitionWriter that begins, prepares and seals segments.
#include <algorithm>

#include "base/assert.h"
#include "base/reached.h"
#include "io/random.h"
#include "log/batch_builder.h"
#include "log/blocks.h"
#include "log/partition_writer.h"
#include "log/retention.h"
#include "telemetry/log_line.h"

namespace mr::log {

// While it runs: whether the partition is well again; else failure_ says why not.
io::Task<bool> PartitionWriter::recover_from_failure() {
  MR_REACHED("log.writer.recovered");
  ++status_.recoveries;
  const auto recovered = co_await recover();
  if (recovered) co_return true;
  MR_REACHED("log.writer.recovery_failed");
  failure_ = recovered.error();
  co_return false;
}

// Learns from the disk what the partition holds; afterwards there is no open segment.
io::Task<Result<void>> PartitionWriter::recover() {
  while (preparing_ || clearing_ || trims_ > 0) co_await files_changed_.wait();
  preparing_ = true;
  auto recovered = co_await learn_from_disk();
  preparing_ = false;
  files_changed_.notify();
  co_return recovered;
}

io::Task<Result<void>> PartitionWriter::learn_from_disk() {
  segment_.reset();
  prepared_.reset();
  AppenderOptions options = options_;
  // What was acknowledged since the opening stays; an append that was reported as failed goes.
  if (opened_) {
    options.truncate_to = written_end_;
    options.known_durable_end = durable_end_;
  }
  MR_CO_TRY(Recovered found, co_await recover_partition(world_, folder_, options));
  manifest_ = std::move(found.manifest);
  carried_ = std::move(found.carried);
  if (opened_) tell_loss(found.end);
  durable_end_ = written_end_ = found.end;
  if (!opened_) published_end_ = durable_end_;
  position_ = 0;
  last_segment_bytes_ = 0;
  show_segment(found.tail_epoch, found.tail_bytes);
  show_end();
  failure_.reset();
  if (options_.logger != nullptr) {
    options_.logger->info("log partition opened", {{"partition", folder_},
                                                   {"first_offset", manifest_.first_offset.value},
                                                   {"next_offset", durable_end_.value},
                                                   {"segments", manifest_.segments.size()}});
  }
  co_return Result<void>{};
}

// With syncs at intervals a failed one may have lost what was answered.
void PartitionWriter::tell_loss(Offset found_end) {
  if (found_end >= written_end_) return;
  status_.lost_records += static_cast<uint64_t>(written_end_ - found_end);
  if (options_.logger == nullptr) return;
  options_.logger->error("records that were answered before their sync are lost",
                         {{"partition", folder_},
                          {"first_offset", found_end.value},
                          {"last_offset", written_end_.value - 1}});
}

uint64_t PartitionWriter::next_segment_bytes(uint64_t batch_bytes) const {
  const uint64_t most = direct_ ? options_.segment_bytes_max : options_.buffered_segment_bytes_max;
  const uint64_t grown =
      last_segment_bytes_ == 0 ? options_.first_segment_bytes : last_segment_bytes_ * 2;
  return block_ceiling(std::max(std::min(grown, most), batch_bytes));
}

// Makes sure that the open segment has room for a batch.
io::Task<Result<void>> PartitionWriter::ensure_segment(uint64_t batch_bytes) {
  if (segment_ && position_ + batch_bytes <= segment_->bytes &&
      !(position_ > 0 && world_.mischief("log.roll_early"))) {
    co_return Result<void>{};
  }
  co_return co_await begin_segment(next_segment_bytes(batch_bytes));
}

// Seals the open segment, if there is one, and begins the next, at least `bytes` long.
io::Task<Result<void>> PartitionWriter::begin_segment(uint64_t bytes) {
  while (preparing_) co_await files_changed_.wait();
  preparing_ = true;
  auto begun = co_await replace_segment(bytes);
  preparing_ = false;
  files_changed_.notify();
  co_return begun;
}

// The order is what recovery relies on: the new file's name and contents are durable before the
// manifest names it, and it gets its final name, which may be that of an abandoned file, only after
// that.
io::Task<Result<void>> PartitionWriter::replace_segment(uint64_t bytes) {
  MR_CO_CHECK(co_await sync_written());
  if (carried_) {
    bytes = std::max(
        bytes, block_ceiling(carried_->contents_bytes + batch_header_bytes) + io::direct_alignment);
  }
  if (!prepared_ || prepared_->bytes < bytes) MR_CO_CHECK(co_await prepare(bytes));
  if (expired_segments(manifest_, options_.retention, position_, world_.clock.wall()) > 0) {
    co_await look_at_consumers();  // one may have registered since the last look
  }
  Prepared ready = std::move(*prepared_);
  prepared_.reset();

  // From here on a failure leaves the disk in a state that only recovery knows.
  constexpr uint64_t mark_mask = 0x7FFFFFFF;
  const Offset base = carried_ ? carried_->records.front().offset : durable_end_;
  const SegmentUse use{manifest_.last_epoch + 1,
                       static_cast<int32_t>(world_.random.next() & mark_mask)};
  const io::Path fresh = fresh_segment_path(folder_, base, use.epoch);
  std::optional<OpenSegment> old;
  const uint64_t old_bytes = position_;
  if (segment_) {
    MR_REACHED("log.writer.rolled");
    seal_open_segment();
    old = std::move(segment_);
    segment_.reset();
  }
  std::vector<SegmentEntry> dropped = drop_removable();
  manifest_.last_epoch = use.epoch;
  manifest_.segments.push_back({.base = base,
                                .use = use,
                                .recycled = ready.recycled,
                                .deferred = options_.sync_interval > Millis{0}});
  uint64_t written = 0;
  auto done = co_await write_carried(*ready.file, use, written);
  if (done) done = co_await world_.disk.rename(folder_ + "/" + prepared_name, fresh);
  if (done) done = co_await world_.disk.sync_directory(folder_);
  if (done) done = co_await save_manifest();
  if (done) done = co_await world_.disk.rename(fresh, segment_path(folder_, base));
  if (!done) {
    MR_REACHED("log.writer.begin_failed");
    failure_ = done.error();
    co_return done;
  }
  segment_ = OpenSegment{std::move(ready.file), base, use, ready.bytes};
  position_ = written;
  max_timestamp_ = carried_ ? carried_->max_timestamp() : WallTime{-1};
  last_segment_bytes_ = ready.bytes;
  SegmentIndex old_index = index_.finish();
  index_ = SegmentIndexBuilder(base);
  if (carried_) {
    const auto& records = carried_->records;
    index_.add(records.back().offset, carried_->max_timestamp(), 0, written);
  }
  looked_ahead_ = false;
  carried_.reset();
  ++status_.segments;
  show_segment(use.epoch, position_);
  show_end();
  if (old) {
    ++trims_;
    tasks_.spawn(trim(std::move(*old), old_bytes, std::move(old_index)));
  }
  keep_removed(std::move(dropped));
  co_return Result<void>{};
}

io::Task<Result<void>> PartitionWriter::write_carried(io::File& file, SegmentUse use,
                                                      uint64_t& written) {
  if (!carried_) co_return Result<void>{};
  MR_REACHED("log.writer.carried_written");
  BatchBuilder builder;
  for (const stream::Record& record : carried_->records) {
    builder.add({record.timestamp, record.key, record.value, record.headers});
  }
  const ByteView batch =
      builder.finish(carried_->records.front().offset, use, io::direct_alignment);
  MR_CO_CHECK(co_await file.write_at(0, batch));
  if (file.caching() == io::Caching::buffered) MR_CO_CHECK(co_await file.sync_data());
  written = batch.size();
  co_return Result<void>{};
}

void PartitionWriter::seal_open_segment() {
  SegmentEntry& entry = manifest_.segments.back();
  if (position_ == 0) {
    manifest_.segments.pop_back();
    return;
  }
  entry.sealed = true;
  entry.sealed_bytes = position_;
  entry.end = durable_end_;
  entry.max_timestamp = max_timestamp_;
}

io::Task<Result<void>> PartitionWriter::save_manifest() {
  co_return co_await io::replace_file(world_.disk, folder_ + "/" + manifest_name,
                                      encode_manifest(manifest_));
}

// Makes the file that will be the next segment: zeros, really written, so that commits inside it
// change no metadata.
io::Task<Result<void>> PartitionWriter::prepare(uint64_t bytes) {
  MR_CO_TRY(const auto space, co_await world_.disk.space(folder_));
  if (space.free_bytes < bytes + reserved_bytes(space)) {
    MR_REACHED("log.writer.no_space_to_prepare");
    co_return fail(ErrorCode::no_space, folder_ + " has no space for a new segment");
  }
  const io::Path path = folder_ + "/" + prepared_name;
  prepared_.reset();
  const auto removed = co_await world_.disk.remove(path);
  if (!removed && removed.error().code() != ErrorCode::not_found) co_return removed;
  MR_CO_TRY(auto file,
            co_await world_.disk.open(
                path, {io::Access::read_write, io::Creation::must_not_exist, options_.caching}));
  const bool direct = file->caching() == io::Caching::direct;
  const auto extended = co_await file->preallocate(bytes);
  if (!extended) {
    MR_REACHED("log.writer.prepare_failed");
    file.reset();
    (void)co_await world_.disk.remove(path);
    co_return extended;
  }
  direct_ = direct;
  prepared_ = Prepared{std::move(file), bytes, false};
  co_return Result<void>{};
}

// Makes the next segment's file while there is time. A failure shows when the segment is needed: it
// is then prepared again.
io::Task<void> PartitionWriter::look_ahead() {
  if (options_.retention.limited()) co_await look_at_consumers();
  while (preparing_) co_await files_changed_.wait();
  if (prepared_ || closing_) co_return;
  preparing_ = true;
  (void)co_await prepare(next_segment_bytes(0));
  preparing_ = false;
  files_changed_.notify();
}

// Cuts the unused end off a sealed segment, so that it holds batches and nothing else, and writes
// its index.
io::Task<void> PartitionWriter::trim(OpenSegment sealed, uint64_t bytes, SegmentIndex index) {
  (void)co_await sealed.file->truncate(bytes);
  sealed.file.reset();
  --trims_;
  files_changed_.notify();
  (void)co_await save_segment_index(world_, folder_, sealed.base, std::move(index));
  const SegmentEntry* kept = manifest_.find(sealed.base);
  if (kept != nullptr && kept->base == sealed.base) co_return;
  // Removed meanwhile.
  (void)co_await world_.disk.remove(offset_index_path(folder_, sealed.base));
  (void)co_await world_.disk.remove(time_index_path(folder_, sealed.base));
}

uint64_t PartitionWriter::reserved_bytes(const io::DiskSpace& space) const {
  constexpr uint64_t reserved_share = 20;
  constexpr uint64_t reserved_bytes_most = 1'000'000'000;
  return options_.reserved_bytes.value_or(
      std::min(space.total_bytes / reserved_share, reserved_bytes_most));
}

// Room for what recovery on the buffered path writes, so that it does not need a disk with space.
// Without space now there is none; the next opening tries again.
io::Task<void> PartitionWriter::keep_spare() {
  const io::Path path = folder_ + "/" + spare_name;
  const io::OpenMode mode{io::Access::read_write, io::Creation::create_if_absent};
  const auto file = co_await world_.disk.open(path, mode);
  const auto space = co_await world_.disk.space(folder_);
  const uint64_t bytes = options_.buffered_segment_bytes_max;
  if (!file || !space || space->free_bytes < bytes + reserved_bytes(*space)) co_return;
  if (co_await (*file)->preallocate(bytes)) (void)co_await world_.disk.sync_directory(folder_);
}

io::Task<void> PartitionWriter::check_space() {
  checking_space_ = true;
  const auto space = co_await world_.disk.space(folder_);
  space_low_ = space && space->free_bytes < reserved_bytes(*space);
  space_checked_ = world_.clock.now();
  checking_space_ = false;
}

}  // namespace mr::log
