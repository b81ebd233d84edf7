#include "log/partition_reader.h"

#include <algorithm>

#include "base/assert.h"
#include "base/reached.h"
#include "io/aligned_buffer.h"
#include "log/quarantine.h"

namespace mr::log {

namespace {

constexpr size_t chunk_bytes_min = 64 * 1024;
constexpr size_t seek_chunk_bytes = 256 * 1024;
// Memory that a reader keeps between reads.
constexpr size_t kept_buffers_max = 2;
constexpr uint64_t kept_buffer_bytes_max = 2 * 1024 * 1024;
// How often a read starts again because the writer changed the files under it.
constexpr int refreshes_max = 20;

}  // namespace

Offset PartitionReader::end_offset() const {
  return visible_end(*page_).end;
}

bool PartitionReader::stale() const {
  return !manifest_ || load_word(*page_, WatermarkWord::generation) != generation_;
}

// Reads the manifest again if the writer changed it, and lets go of files it may have replaced.
io::Task<Result<void>> PartitionReader::refresh() {
  if (!stale()) co_return Result<void>{};
  if (manifest_) MR_REACHED("log.reader.followed_writer");
  const auto generation = load_word(*page_, WatermarkWord::generation);
  MR_CO_TRY(auto manifest, co_await load_manifest(world_.disk, folder_));
  manifest_ = manifest ? std::move(*manifest) : Manifest{};
  generation_ = generation;
  segment_.reset();
  batch_.reset();
  chunk_ = {};
  co_return Result<void>{};
}

io::Task<Result<Offset>> PartitionReader::first_offset() {
  MR_CO_CHECK(co_await refresh());
  co_return manifest_->first_offset;
}

io::Task<Result<stream::ReadBatch>> PartitionReader::read(Offset from, size_t bytes_max,
                                                          Instant deadline) {
  suspected_.reset();
  for (int refreshes = 0;;) {
    const VisibleEnd visible = visible_end(*page_);
    if (from >= visible.end) {
      if (world_.clock.now() >= deadline) co_return stream::ReadBatch{};
      const auto word = static_cast<size_t>(visible.word);
      (void)co_await page_->wait_until_not(word, visible.stored, deadline);
      continue;
    }
    auto batch = co_await read_visible(from, visible.end, bytes_max);
    const bool whole = batch && !batch->damaged;
    if (whole) co_return batch;
    if (++refreshes > refreshes_max) {
      if (!batch || suspects(*batch->damaged)) co_return batch;
      co_return fail(ErrorCode::io_failed, folder_ + " changed each time it was read");
    }
    // What was not there may be there in the files of today; and a disk that fails now and then
    // shows no damage twice in the same place.
    MR_REACHED("log.reader.read_again");
    const bool retry = stale();
    const bool again = batch ? suspects(*batch->damaged) : refreshes > 1;
    generation_.reset();
    manifest_.reset();
    if (!retry && again) co_return batch;
    suspected_ = batch ? std::move(batch->damaged) : std::nullopt;
  }
}

// Whether the last look found the same range damaged.
bool PartitionReader::suspects(const stream::DamagedRange& range) const {
  return suspected_ && suspected_->from == range.from && suspected_->to == range.to;
}

io::Task<Result<stream::ReadBatch>> PartitionReader::read_visible(Offset from, Offset visible,
                                                                  size_t bytes_max) {
  MR_CO_CHECK(co_await refresh());
  stream::ReadBatch out;
  if (from < manifest_->first_offset) {
    // Retention was told to override its consumers, or the consumer is that of an older copy.
    out.damaged = {from, manifest_->first_offset,
                   "removed on request before they were read (log truncate-before --force, "
                   "log.retention_override, or files removed by hand)",
                   true};
    co_return out;
  }
  size_t bytes = 0;
  while (from < visible && (out.empty() || bytes < bytes_max)) {
    const size_t left = std::max<size_t>(bytes_max - std::min(bytes, bytes_max), 1);
    if (!batch_ || !batch_->holds(from)) {
      auto damage = co_await open_batch(from, left);
      // What was read already is handed out first; the next call meets the same again.
      if ((!damage || *damage) && !out.empty()) break;
      if (!damage) co_return fail(damage.error());
      if (*damage) {
        out.damaged = std::move(*damage);
        break;
      }
    }
    const size_t before = out.records.size();
    const auto added = batch_->cursor.read(from, visible, left, out.records);
    if (!added) {
      out.records.resize(before);
      if (out.empty()) out.damaged = unreadable(batch_->header, added.error());
      batch_.reset();
      break;
    }
    bytes += *added;
    const bool some = out.records.size() > before;
    if (some) out.memory.push_back(batch_->memory);
    from = batch_->cursor.finished() ? std::max(from, batch_->header.end_offset())
           : some                    ? out.records.back().offset + 1
                                     : visible;
  }
  co_return out;
}

// Opens the batch that holds `from`; or says that it cannot be read.
io::Task<Result<PartitionReader::Damage>> PartitionReader::open_batch(Offset from,
                                                                      size_t bytes_max) {
  batch_.reset();
  const auto placed = co_await position_at(from);
  if (!placed && placed.error().code() == ErrorCode::not_found) co_return missing_segment(from);
  MR_CO_CHECK(placed);
  MR_CO_TRY(const uint64_t end, co_await limit());
  std::optional<Checked> found;
  while (!found) {
    MR_CO_CHECK(co_await seek(from, end));
    MR_CO_TRY(found, co_await batch_here(end, bytes_max));
    if (found) break;
    MR_CO_TRY(stream::DamagedRange range, co_await damage_here(end));
    if (range.to > from) co_return Damage(std::move(range));
    // The cache shows more of it damaged than the device does: it ended below, and we are there.
    MR_REACHED("log.reader.damage_ended_below");
  }
  auto cursor = BatchCursor::open(found->bytes, found->header);
  if (!cursor) {
    if (cursor.error().code() == ErrorCode::unsupported) co_return fail(cursor.error());
    co_return Damage(unreadable(found->header, cursor.error()));
  }
  batch_bytes_ = found->header.total_bytes();
  position_ += batch_bytes_;
  next_ = found->header.end_offset();
  auto memory = cursor->memory() != nullptr ? cursor->memory() : std::move(found->memory);
  batch_.emplace(found->header, std::move(*cursor), std::move(memory));
  co_return Damage();
}

// Opens the segment that holds `from`, unless it is open.
io::Task<Result<void>> PartitionReader::position_at(Offset from) {
  MR_ASSERT(from >= manifest_->first_offset);  // what lies below was told as removed
  const SegmentEntry* entry = manifest_->find(from);
  // After a crash the page may still speak of more than a writer has found since.
  const bool beyond = entry != nullptr && entry->sealed && from >= entry->end;
  if (beyond) MR_REACHED("log.reader.page_ahead_of_manifest");
  if (entry == nullptr || beyond) {
    co_return fail(ErrorCode::corrupt,
                   folder_ + " has no segment for offset " + std::to_string(from.value) +
                       (manifest_->segments.empty() ? ": its manifest is missing or empty" : ""));
  }
  const bool open =
      segment_ && segment_->entry.base == entry->base && segment_->entry.use == entry->use;
  if (!open) {
    const SegmentEntry found = *entry;
    segment_.reset();
    chunk_ = {};
    MR_CO_TRY(auto file, co_await open_segment(world_.disk, folder_, found, io::Caching::buffered));
    segment_ = OpenSegment{found, std::make_unique<SalvagingFile>(std::move(file)), {}};
    position_ = 0;
    next_ = found.base;
  }
  if (from < next_) {
    position_ = 0;
    next_ = segment_->entry.base;
  }
  co_return Result<void>{};
}

// How far the open segment may be read: bytes below are durable.
io::Task<Result<uint64_t>> PartitionReader::limit() {
  if (segment_->entry.sealed) co_return segment_->entry.sealed_bytes;
  if (const auto durable = durable_tail(*page_, segment_->entry.use.epoch)) co_return *durable;
  // The writer went on to another segment after the manifest was read.
  MR_REACHED("log.reader.segment_changed");
  co_return fail(ErrorCode::corrupt, folder_ + " changed while it was read");
}

// The header at the present position, if a batch of this use begins there and ends by `limit`.
std::optional<BatchHeader> PartitionReader::header_at(ByteView bytes, uint64_t limit) const {
  const auto header = parse_batch_header(bytes);
  const bool valid = header && batch_belongs(*header, segment_->entry.use) &&
                     header->base_offset == next_ &&
                     header->total_bytes() <= limit - std::min(limit, position_);
  return valid ? header : std::nullopt;
}

// Moves past the batches below `from`.
io::Task<Result<void>> PartitionReader::seek(Offset from, uint64_t limit) {
  if (from == next_) co_return Result<void>{};
  MR_CO_CHECK(co_await jump(from, limit));
  FileWindow window(*segment_->file, seek_chunk_bytes);
  while (position_ + batch_header_bytes <= limit) {
    // Not by its header alone: the length of a damaged batch leads anywhere.
    MR_CO_TRY(const auto found,
              co_await find_next_batch(window, identity(), position_, limit, next_));
    if (!found || found->header.base_offset > next_) MR_REACHED("log.reader.sought_past_damage");
    if (!found || found->header.base_offset > from) break;
    position_ = found->position;
    next_ = found->header.base_offset;
    if (found->header.end_offset() > from) break;
    position_ += found->header.total_bytes();
    next_ = found->header.end_offset();
  }
  co_return Result<void>{};
}

// Fresh memory costs more than reading into it: the kernel clears each page.
std::shared_ptr<io::AlignedBuffer> PartitionReader::chunk_buffer(uint64_t bytes) {
  if (bytes <= kept_buffer_bytes_max) {
    for (const auto& buffer : buffers_) {
      if (buffer.use_count() == 1) return buffer;
    }
  }
  auto made = std::make_shared<io::AlignedBuffer>();
  if (bytes <= kept_buffer_bytes_max && buffers_.size() < kept_buffers_max) {
    buffers_.push_back(made);
  }
  return made;
}

// Reads up to `bytes` from the present position.
io::Task<Result<void>> PartitionReader::load_chunk(uint64_t bytes) {
  chunk_ = {};
  const auto memory = chunk_buffer(bytes);
  memory->resize(bytes);
  MR_CO_TRY(const size_t count, co_await segment_->file->read_at(position_, memory->bytes()));
  const ByteView view = memory->view().first(count);
  chunk_ = {memory, view, position_};
  co_return Result<void>{};
}

// The batch at the present position, checked; or nothing when it is damaged.
io::Task<Result<std::optional<PartitionReader::Checked>>> PartitionReader::batch_here(
    uint64_t limit, size_t bytes_max) {
  const uint64_t left = limit - std::min(limit, position_);
  auto header = header_at(chunk_.from(position_), limit);
  if (!header || chunk_.from(position_).size() < header->total_bytes()) {
    const uint64_t wanted = std::max({bytes_max, chunk_bytes_min, batch_bytes_});
    MR_CO_CHECK(co_await load_chunk(std::min<uint64_t>(left, wanted)));
    header = header_at(chunk_.from(position_), limit);
    if (header && chunk_.from(position_).size() < header->total_bytes()) {
      MR_CO_CHECK(co_await load_chunk(header->total_bytes()));
      header = header_at(chunk_.from(position_), limit);
    }
  }
  if (header) {
    const ByteView here = chunk_.from(position_);
    const ByteView whole = here.first(std::min(here.size(), header->total_bytes()));
    if (batch_checksum_matches(whole, *header)) {
      co_return Checked{*header, whole, chunk_.memory};
    }
  }
  co_return co_await batch_past_cache(limit);
}

io::Task<Result<std::unique_ptr<SalvagingFile>>> PartitionReader::open_past_cache() {
  const io::Path path = segment_path(folder_, segment_->entry.base);
  MR_CO_TRY(auto file, co_await world_.disk.open(path, {.caching = io::Caching::direct}));
  co_return std::make_unique<SalvagingFile>(std::move(file));
}

// What the device holds where the page cache showed no valid batch.
io::Task<Result<std::optional<PartitionReader::Checked>>> PartitionReader::batch_past_cache(
    uint64_t limit) {
  chunk_ = {};
  MR_CO_TRY(const auto file, co_await open_past_cache());
  FileWindow window(*file, seek_chunk_bytes);
  MR_CO_TRY(ByteView bytes, co_await window.view(position_, batch_header_bytes));
  const auto header = header_at(bytes, limit);
  if (!header) co_return std::optional<Checked>();
  MR_CO_TRY(bytes, co_await window.view(position_, header->total_bytes()));
  if (bytes.size() < header->total_bytes()) co_return std::optional<Checked>();
  bytes = bytes.first(header->total_bytes());
  if (!batch_checksum_matches(bytes, *header)) co_return std::optional<Checked>();
  MR_REACHED("log.reader.whole_past_cache");
  auto memory = std::make_shared<const Bytes>(bytes.begin(), bytes.end());
  chunk_ = {memory, ByteView(*memory), position_};
  co_return Checked{*header, ByteView(*memory), std::move(memory)};
}

// The range that is damaged at the present position: up to the next whole batch of the segment, or
// to its end. Its bytes are kept in quarantine once that is certain.
io::Task<Result<stream::DamagedRange>> PartitionReader::damage_here(uint64_t limit) {
  MR_REACHED("log.reader.damaged");
  const SegmentEntry& entry = segment_->entry;
  MR_CO_TRY(const auto file, co_await open_past_cache());
  FileWindow window(*file, seek_chunk_bytes);
  MR_CO_TRY(const auto later,
            co_await find_next_batch(window, identity(), position_, limit, next_ + 1));
  const Offset end = later ? later->header.base_offset : entry.sealed ? entry.end : end_offset();
  const uint64_t damage_end = later ? later->position : limit;
  const bool unread = file->unreadable_in(position_, damage_end);
  if (unread) {
    MR_CO_CHECK(co_await file->check_disk(world_.disk, folder_ + "/" + manifest_name));
  }
  const char* what = unread ? " cannot be read" : " is damaged";
  stream::DamagedRange range{
      next_, end,
      segment_path(folder_, entry.base) + what + " at byte " + std::to_string(position_)};
  if (suspects(range)) {
    const DamagedBytes damaged{next_, end, position_, damage_end};
    co_await quarantine(world_, folder_, *file, damaged, options_.logger);
  }
  if (later) {
    position_ = later->position;
    next_ = later->header.base_offset;
  }
  co_return range;
}

// What the file of a segment that the manifest names should hold; it is gone.
PartitionReader::Damage PartitionReader::missing_segment(Offset from) const {
  MR_REACHED("log.reader.segment_missing");
  const SegmentEntry* entry = manifest_->find(from);
  MR_ASSERT(entry != nullptr);
  return stream::DamagedRange{from, entry->sealed ? entry->end : end_offset(),
                              segment_path(folder_, entry->base) + " is missing"};
}

// A batch whose checksum matches, and whose records still cannot be had.
stream::DamagedRange PartitionReader::unreadable(const BatchHeader& header,
                                                 const Error& why) const {
  return {header.base_offset, header.end_offset(),
          segment_path(folder_, segment_->entry.base) + ": " + why.message()};
}

}  // namespace mr::log
