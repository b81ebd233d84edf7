#include "log/archive.h"

#include <algorithm>

#include "base/reached.h"
#include "io/random.h"
#include "log/blocks.h"
#include "log/watermark.h"
#include "telemetry/log_line.h"

namespace mr::log {

namespace {

constexpr Millis look_interval{5'000};

}  // namespace

io::Task<Result<void>> Archiver::open(std::unique_ptr<stream::Reader> reader, stream::Log& log,
                                      stream::TopicPartition which) {
  reader_ = std::move(reader);
  MR_CO_CHECK(co_await world_.disk.make_folders(archive_));
  MR_CO_TRY(lock_, co_await world_.disk.lock(archive_ + "/" + lock_name));
  MR_CO_TRY(page_, co_await world_.disk.map_shared(archive_ + "/" + watermark_name));
  begin_watermark(*page_);
  MR_CO_TRY(auto manifest, co_await load_manifest(world_.disk, archive_));
  if (manifest) manifest_ = std::move(*manifest);
  MR_CO_TRY(const Offset first, co_await reader_->first_offset());
  if (manifest_.segments.empty()) {
    manifest_.first_offset = first;
  } else if (end() < first) {
    MR_CO_CHECK(co_await pass_gap(first));
  }
  show();
  MR_CO_TRY(consumer_,
            co_await log.register_consumer(std::move(which), "archive", std::max(first, end())));
  co_return Result<void>{};
}

// The archive's own readers learn by its page, as those of any partition do.
void Archiver::show() const {
  store_word(*page_, WatermarkWord::first, static_cast<uint64_t>(manifest_.first_offset.value));
  store_word(*page_, WatermarkWord::generation, static_cast<uint64_t>(manifest_.last_epoch));
  page_->publish(static_cast<size_t>(WatermarkWord::end),
                 encode_word(WatermarkWord::end, static_cast<uint64_t>(end().value)));
}

io::Task<Result<void>> Archiver::archive_sealed() {
  MR_CO_TRY(const auto source, co_await load_manifest(world_.disk, source_));
  if (!source) co_return Result<void>{};
  for (const SegmentEntry& entry : source->segments) {
    if (!entry.sealed || entry.end > reader_->end_offset() || stopping_) break;
    if (entry.end <= end()) continue;
    MR_CO_CHECK(co_await archive_segment(entry));
    status_.source_bytes += entry.sealed_bytes;
  }
  co_return co_await consumer_->finished(std::max(manifest_.first_offset, end()));
}

io::Task<Result<void>> Archiver::archive_segment(SegmentEntry source) {
  constexpr uint64_t mark_mask = 0x7FFFFFFF;
  Making making;
  making.entry.base = manifest_.segments.empty() ? manifest_.first_offset : end();
  making.entry.use = {manifest_.last_epoch + 1,
                      static_cast<int32_t>(world_.random.next() & mark_mask)};
  making.entry.max_timestamp = WallTime{-1};
  making.index = SegmentIndexBuilder(making.entry.base);
  const io::Path fresh = fresh_segment_path(archive_, making.entry.base, making.entry.use.epoch);
  const io::OpenMode mode{io::Access::read_write, io::Creation::create_if_absent};
  MR_CO_TRY(making.file, co_await world_.disk.open(fresh, mode));
  MR_CO_CHECK(co_await making.file->truncate(0));
  MR_CO_CHECK(co_await fill(making, source.end));
  if (stopping_) co_return Result<void>{};
  making.entry.sealed = true;
  making.entry.sealed_bytes = making.position;
  making.entry.end = source.end;
  MR_CO_CHECK(co_await making.file->sync_data());
  MR_CO_CHECK(co_await world_.disk.rename(fresh, segment_path(archive_, making.entry.base)));
  MR_CO_CHECK(co_await world_.disk.sync_directory(archive_));
  co_return co_await publish(making);
}

// Everything from the segment's base to `end`, batch by batch.
io::Task<Result<void>> Archiver::fill(Making& making, Offset end) {
  for (Offset next = making.entry.base; next < end && !stopping_;) {
    MR_CO_TRY(const auto read, co_await reader_->read(next, batch_bytes, world_.clock.now()));
    if (read.damaged) {
      skip_damage(making, *read.damaged);
      next = std::min(read.damaged->to, end);
      continue;
    }
    if (read.empty()) {
      co_return fail(ErrorCode::failed,
                     source_ + " shows no record at offset " + std::to_string(next.value));
    }
    for (const stream::Record& record : read.records) {
      if (record.offset >= end) break;
      if (making.batch.empty()) making.batch_base = record.offset;
      making.batch.add({record.timestamp, record.key, record.value, record.headers});
      next = record.offset + 1;
    }
    MR_CO_CHECK(co_await write_batch(making));
  }
  co_return Result<void>{};
}

io::Task<Result<void>> Archiver::write_batch(Making& making) {
  const int32_t count = making.batch.record_count();
  const ByteView batch = making.batch.finish(making.batch_base, making.entry.use, 1, Codec::zstd);
  MR_CO_CHECK(co_await making.file->write_at(making.position, batch));
  const WallTime latest = making.batch.max_timestamp();
  making.index.add(making.batch_base + (count - 1), latest, making.position, batch.size());
  making.entry.max_timestamp = std::max(making.entry.max_timestamp, latest);
  making.position += batch.size();
  making.batch.clear();
  status_.records += static_cast<uint64_t>(count);
  co_return Result<void>{};
}

// What cannot be read cannot be archived: it is counted, and a gap remains. The next batch begins
// at a block boundary, where readers look for it.
void Archiver::skip_damage(Making& making, const stream::DamagedRange& damaged) {
  MR_REACHED("log.archive.damage");
  making.position = block_ceiling(making.position + 1);
  status_.damaged_records += static_cast<uint64_t>(damaged.to - damaged.from);
  if (logger_ == nullptr) return;
  logger_->error("damaged records are missing in the archive",
                 {{"archive", archive_},
                  {"first_offset", damaged.from.value},
                  {"last_offset", damaged.to.value - 1},
                  {"reason", damaged.reason}});
}

// The log begins above the archive's end: its files were lost, or removed on request. What lies
// between is damaged in the archive, as it would be in a log.
io::Task<Result<void>> Archiver::pass_gap(Offset first) {
  MR_REACHED("log.archive.gap");
  const Offset begin = end();
  Manifest next = manifest_;
  ++next.last_epoch;
  next.segments.back().end = first;
  MR_CO_CHECK(co_await save(std::move(next)));
  status_.damaged_records += static_cast<uint64_t>(first - begin);
  if (logger_ == nullptr) co_return Result<void>{};
  logger_->error(
      "records are missing in the archive: the log begins above its end",
      {{"archive", archive_}, {"first_offset", begin.value}, {"last_offset", first.value - 1}});
  co_return Result<void>{};
}

io::Task<Result<void>> Archiver::save(Manifest next) {
  MR_CO_CHECK(co_await io::replace_file(world_.disk, archive_ + "/" + manifest_name,
                                        encode_manifest(next)));
  manifest_ = std::move(next);
  co_return Result<void>{};
}

io::Task<Result<void>> Archiver::publish(Making& making) {
  Manifest next = manifest_;
  next.last_epoch = making.entry.use.epoch;
  next.segments.push_back(making.entry);
  MR_CO_CHECK(co_await save(std::move(next)));
  ++status_.segments;
  status_.archived_bytes += making.position;
  // It only saves time: readers build a missing one.
  (void)co_await save_segment_index(world_, archive_, making.entry.base, making.index.finish());
  show();
  co_return co_await consumer_->finished(making.entry.end);
}

io::Task<void> Archiver::run() {
  while (!stopping_) {
    const auto done = co_await archive_sealed();
    if (!done && logger_ != nullptr) {
      logger_->error("archiving failed and will be tried again",
                     {{"archive", archive_}, {"error", done.error().message()}});
    }
    if (stopping_) break;
    co_await stop_asked_.wait_until(world_.clock, world_.clock.now() + look_interval);
  }
}

void Archiver::stop() {
  stopping_ = true;
  stop_asked_.notify();
}

}  // namespace mr::log
