// The part of PartitionWriter that lets old segments go and uses their files again.
#include <algorithm>

#include "base/reached.h"
#include "log/blocks.h"
#include "log/partition_writer.h"
#include "log/retention.h"
#include "telemetry/log_line.h"

namespace mr::log {

namespace {

constexpr Millis housekeeping_interval{1000};
constexpr Millis held_log_interval{60'000};

}  // namespace

// Looks now and then, so that an idle topic also lets go of what has become old, and that others
// can ask for a removal.
io::Task<void> PartitionWriter::housekeeping() {
  while (!closing_) {
    co_await close_asked_.wait_until(world_.clock, world_.clock.now() + housekeeping_interval);
    meters_.show(status());
    if (closing_) break;
    const auto asked = load_word(*page_, WatermarkWord::remove_below);
    requested_ = std::max(requested_,
                          std::min(visible_end(), Offset(static_cast<int64_t>(asked.value_or(0)))));
    if (expired_segments(manifest_, options_.retention, position_, world_.clock.wall()) > 0) {
      co_await look_at_consumers();
    }
    if (closing_) break;
    if (removable_segments() > 0 || requested_ > manifest_.first_offset) {
      removal_due_ = true;
      work_.notify();
    }
  }
}

// Learns how far the registered consumers have come. What cannot be read holds everything back.
io::Task<void> PartitionWriter::look_at_consumers() {
  const auto slowest = co_await slowest_consumer(world_, folder_);
  finished_by_all_ = slowest ? slowest->next.value_or(Offset(INT64_MAX)) : Offset(0);
  slowest_consumer_ = slowest ? slowest->name : std::string();
  if (!slowest && options_.logger != nullptr) {
    options_.logger->error("retention waits: a consumer's note cannot be read",
                           {{"partition", folder_}, {"error", slowest.error().message()}});
  }
}

// How many of the oldest segments may go now.
size_t PartitionWriter::removable_segments() {
  const auto& segments = manifest_.segments;
  const size_t expired =
      expired_segments(manifest_, options_.retention, position_, world_.clock.wall());
  const bool patient = !options_.retention.override_consumers;
  const auto may_go = [&](const SegmentEntry& entry) {
    // What is not visible yet may still be cut by its writer.
    if (!entry.sealed || entry.end > visible_end()) return false;
    return entry.end <= requested_ || !patient || entry.end <= finished_by_all_;
  };
  size_t count = 0;
  while (count < segments.size() && (count < expired || segments[count].end <= requested_) &&
         may_go(segments[count])) {
    ++count;
  }
  note_held(expired - std::min(expired, count));
  return count;
}

void PartitionWriter::note_held(size_t segments) {
  if (segments > 0) MR_REACHED("log.writer.held_for_consumer");
  status_.held_segments = segments;
  const Instant now = world_.clock.now();
  const bool recently = held_logged_ && now < *held_logged_ + held_log_interval;
  const bool looked = finished_by_all_ > Offset(0) || !slowest_consumer_.empty();
  if (segments == 0 || options_.logger == nullptr || recently || !looked) return;
  held_logged_ = now;
  options_.logger->warning("old log segments are kept for a consumer that has not finished them",
                           {{"partition", folder_},
                            {"consumer", slowest_consumer_},
                            {"finished", finished_by_all_.value},
                            {"segments", segments}});
}

// Takes what may go out of the manifest; once that is durable, keep_removed() gets the result.
std::vector<SegmentEntry> PartitionWriter::drop_removable() {
  std::vector<SegmentEntry> dropped = drop_segments(manifest_, removable_segments());
  Offset sealed_end = manifest_.first_offset;
  for (const SegmentEntry& entry : manifest_.segments) {
    if (entry.sealed) sealed_end = entry.end;
  }
  manifest_.first_offset = std::max(manifest_.first_offset, std::min(requested_, sealed_end));
  return dropped;
}

// The durable manifest no longer names these segments: counts them and lets their files go.
void PartitionWriter::keep_removed(std::vector<SegmentEntry> dropped) {
  if (!dropped.empty()) MR_REACHED("log.writer.removed");
  for (const SegmentEntry& entry : dropped) {
    ++status_.removed_segments;
    status_.removed_bytes += entry.sealed_bytes;
    const bool needed = entry.end > finished_by_all_ && entry.end > requested_;
    if (needed) ++status_.overridden_segments;
    if (needed && options_.logger != nullptr) {
      options_.logger->error("retention removed what a consumer had not finished",
                             {{"partition", folder_},
                              {"consumer", slowest_consumer_},
                              {"finished", finished_by_all_.value},
                              {"first_offset", entry.base.value},
                              {"last_offset", entry.end.value - 1}});
    }
    removed_.push_back(entry);
  }
  if (!removed_.empty() && !clearing_) {
    clearing_ = true;
    tasks_.spawn(clear_removed());
  }
}

// Between two commits: lets go what may go now. A failure changes nothing; the next look tries
// again.
io::Task<void> PartitionWriter::remove_between_commits() {
  const bool inside_open = segment_ && position_ > 0 && requested_ > segment_->base;
  if (inside_open) (void)co_await begin_segment(next_segment_bytes(0));
  if (failure_) co_return;
  co_await look_at_consumers();  // one may have registered since the last look
  const Manifest before = manifest_;
  std::vector<SegmentEntry> dropped = drop_removable();
  if (dropped.empty() && manifest_.first_offset == before.first_offset) co_return;
  auto saved = co_await save_manifest();
  if (!saved && saved.error().code() == ErrorCode::no_space && prepared_ && !preparing_) {
    // The room that the new manifest needs, so that a full disk can become less full.
    prepared_.reset();
    (void)co_await world_.disk.remove(folder_ + "/" + prepared_name);
    saved = co_await save_manifest();
  }
  if (!saved) {
    MR_REACHED("log.writer.removal_failed");
    manifest_ = before;
    if (options_.logger == nullptr) co_return;
    options_.logger->warning("old log segments could not be removed",
                             {{"partition", folder_}, {"error", saved.error().message()}});
    co_return;
  }
  show_first();
  if (options_.logger != nullptr && !dropped.empty()) {
    options_.logger->info("old log segments were removed",
                          {{"partition", folder_},
                           {"segments", dropped.size()},
                           {"first_offset", manifest_.first_offset.value}});
  }
  keep_removed(std::move(dropped));
}

// The files of removed segments: one becomes the next segment where none is prepared, the others
// go.
io::Task<void> PartitionWriter::clear_removed() {
  while (trims_ > 0) co_await files_changed_.wait();
  while (!removed_.empty()) {
    const SegmentEntry entry = removed_.front();
    removed_.erase(removed_.begin());
    bool used = false;
    if (!prepared_ && !preparing_ && recyclable(entry)) {
      preparing_ = true;
      used = co_await recycle(entry);
      if (used) MR_REACHED("log.writer.recycled");
      preparing_ = false;
      files_changed_.notify();
    }
    // What stays behind is removed by the next opening.
    if (!used) (void)co_await remove_segment_files(world_, folder_, entry.base);
  }
  clearing_ = false;
  files_changed_.notify();
}

// Only files of about the full size: less would have to be written again.
bool PartitionWriter::recyclable(const SegmentEntry& entry) const {
  const uint64_t wanted = next_segment_bytes(0);
  return entry.sealed_bytes >= wanted / 4 * 3 ||
         (entry.sealed_bytes > 0 && world_.mischief("log.recycle_small"));
}

// Makes a removed segment's file the next one: its blocks are written already, so that nothing
// competes with commits. Everything in it was acknowledged, and belongs to another epoch and mark
// than what will be written. Until it is renamed it is a file that no manifest explains.
io::Task<bool> PartitionWriter::recycle(SegmentEntry entry) {
  const io::Path path = segment_path(folder_, entry.base);
  const io::Path prepared = folder_ + "/" + prepared_name;
  // Whoever still shows the file to others by a mapping holds this lock: then it is left to them.
  const auto unused = co_await world_.disk.lock(path);
  if (!unused) co_return false;
  if (!co_await world_.disk.rename(path, prepared)) co_return false;
  // Its index files went with its name.
  (void)co_await remove_segment_files(world_, folder_, entry.base);
  const io::OpenMode mode{io::Access::read_write, io::Creation::must_exist, options_.caching};
  auto file = co_await world_.disk.open(prepared, mode);
  uint64_t bytes = next_segment_bytes(0);
  if (file) {
    const auto size = co_await (*file)->size();
    Result<void> ready = size ? Result<void>{} : fail(size.error());
    if (ready && *size < bytes) ready = co_await extend_recycled(**file, *size, bytes);
    if (ready) {
      prepared_ = Prepared{std::move(*file), std::max(bytes, block_floor(*size)), true};
      ++status_.recycled_segments;
      co_return true;
    }
    file->reset();
  }
  (void)co_await world_.disk.remove(prepared);
  co_return true;
}

// The end that was cut off when the segment was sealed.
io::Task<Result<void>> PartitionWriter::extend_recycled(io::File& file, uint64_t size,
                                                        uint64_t bytes) {
  MR_CO_TRY(const auto space, co_await world_.disk.space(folder_));
  if (space.free_bytes < bytes - size + reserved_bytes(space)) {
    co_return fail(ErrorCode::no_space, folder_ + " has no space for a new segment");
  }
  co_return co_await file.preallocate(bytes);
}

}  // namespace mr::log
