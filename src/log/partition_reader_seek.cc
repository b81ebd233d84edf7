// The part of PartitionReader that finds an offset or a time by a sealed segment's index.
#include <algorithm>

#include "base/reached.h"
#include "log/partition_reader.h"

namespace mr::log {

namespace {

constexpr size_t walk_chunk_bytes = 256 * 1024;
// How often a search starts again because the writer changed the files under it.
constexpr int attempts_max = 3;

}  // namespace

// Makes sure that the open segment, a sealed one, has its index.
io::Task<Result<void>> PartitionReader::use_index() {
  if (segment_->index) co_return Result<void>{};
  segment_->index = co_await load_segment_index(world_, folder_, segment_->entry);
  if (!segment_->index) co_return co_await rebuild_index();
  co_return Result<void>{};
}

io::Task<Result<void>> PartitionReader::rebuild_index() {
  MR_REACHED("log.reader.index_rebuilt");
  MR_CO_TRY(segment_->index, co_await build_segment_index(*segment_->file, segment_->entry));
  // It only saves time: without it the next reader walks the segment once more.
  (void)co_await save_segment_index(world_, folder_, segment_->entry.base, *segment_->index);
  co_return Result<void>{};
}

// Goes to the last batch that the index names at or below `from`, if that is ahead. An index that
// names a place where no such batch begins is wrong, and built again.
io::Task<Result<void>> PartitionReader::jump(Offset from, uint64_t limit) {
  if (!segment_->entry.sealed) co_return Result<void>{};
  for (const bool again : {false, true}) {
    MR_CO_CHECK(co_await use_index());
    const auto* entry = segment_->index->batch_at_or_below(segment_->entry.base, from);
    if (entry == nullptr || static_cast<uint64_t>(entry->position) <= position_) break;
    const auto position = static_cast<uint64_t>(entry->position);
    const Offset last = segment_->entry.base + entry->relative_offset;
    FileWindow window(*segment_->file, batch_header_bytes);
    MR_CO_TRY(const ByteView bytes, co_await window.view(position, batch_header_bytes));
    const auto header = parse_batch_header(bytes);
    const bool fits = header && batch_belongs(*header, segment_->entry.use) &&
                      header->end_offset() == last + 1 &&
                      header->total_bytes() <= limit - std::min(limit, position);
    if (fits) {
      position_ = position;
      next_ = header->base_offset;
      break;
    }
    if (!again) MR_CO_CHECK(co_await rebuild_index());
  }
  co_return Result<void>{};
}

// Moves past whole batches of the open segment whose records are all older than `time`.
io::Task<Result<void>> PartitionReader::seek_time(WallTime time, uint64_t limit) {
  FileWindow window(*segment_->file, walk_chunk_bytes);
  while (position_ + batch_header_bytes <= limit) {
    // Not by its header alone: the time in a damaged one says nothing.
    MR_CO_TRY(const auto found,
              co_await find_next_batch(window, identity(), position_, limit, next_));
    // Damage counts as the place: reading there reports it.
    const bool here = found && found->header.base_offset == next_;
    if (!here || found->header.max_timestamp >= time) break;
    position_ = found->position + found->header.total_bytes();
    next_ = found->header.end_offset();
  }
  co_return Result<void>{};
}

// Goes to the last batch up to which all records are older than `time` by a sealed segment's index,
// if that is ahead. An entry that its batch contradicts makes the index be built again.
io::Task<Result<void>> PartitionReader::skip_older(WallTime time, uint64_t limit) {
  if (!segment_->entry.sealed) co_return Result<void>{};
  const uint64_t start = position_;
  const Offset start_offset = next_;
  for (const bool again : {false, true}) {
    MR_CO_CHECK(co_await use_index());
    const auto* entry = segment_->index->older_than(time);
    if (entry == nullptr) break;
    const Offset last = segment_->entry.base + entry->relative_offset;
    const int64_t timestamp = entry->timestamp;
    if (last < next_) break;
    MR_CO_CHECK(co_await seek(last, limit));
    FileWindow window(*segment_->file, batch_header_bytes);
    MR_CO_TRY(const ByteView bytes, co_await window.view(position_, batch_header_bytes));
    const auto header = header_at(bytes, limit);
    if (header && header->end_offset() == last + 1 && header->max_timestamp.millis == timestamp) {
      break;
    }
    position_ = start;
    next_ = start_offset;
    if (!again) MR_CO_CHECK(co_await rebuild_index());
  }
  co_return Result<void>{};
}

io::Task<Result<Offset>> PartitionReader::find_time_now(WallTime time) {
  constexpr size_t step_bytes = 64 * 1024;
  MR_CO_CHECK(co_await refresh());
  Offset next = manifest_->first_offset;
  for (const SegmentEntry& entry : manifest_->segments) {
    if (!entry.sealed || entry.max_timestamp >= time) break;
    next = entry.end;
  }
  while (next < end_offset()) {
    batch_.reset();
    const auto placed = co_await position_at(next);
    // As damage below: the place.
    if (!placed && placed.error().code() == ErrorCode::not_found) co_return next;
    MR_CO_CHECK(placed);
    MR_CO_TRY(const uint64_t end, co_await limit());
    MR_CO_CHECK(co_await seek(next, end));
    MR_CO_CHECK(co_await skip_older(time, end));
    MR_CO_CHECK(co_await seek_time(time, end));
    if (position_ + batch_header_bytes > end) {
      if (!segment_->entry.sealed) break;
      next = std::max(next, segment_->entry.end);
      continue;
    }
    next = std::max(next, next_);
    MR_CO_TRY(const auto batch, co_await read(next, step_bytes, world_.clock.now()));
    if (batch.damaged) co_return std::max(next, batch.damaged->from);
    if (batch.empty()) break;
    for (const stream::Record& record : batch.records) {
      if (record.timestamp >= time) co_return record.offset;
    }
    next = batch.records.back().offset + 1;
  }
  co_return end_offset();
}

io::Task<Result<Offset>> PartitionReader::find_time(WallTime time) {
  for (int attempt = 1;; ++attempt) {
    auto found = co_await find_time_now(time);
    if (found || attempt == attempts_max) co_return found;
    // What was not there may be there in the files of today.
    generation_.reset();
    manifest_.reset();
  }
}

}  // namespace mr::log
