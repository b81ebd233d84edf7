#include "log/recovery.h"

#include <algorithm>

#include "base/reached.h"
#include "log/consumer_note.h"
#include "log/segment_index.h"
#include "log/segment_scan.h"
#include "telemetry/log_line.h"

namespace mr::log {

namespace {

constexpr size_t copy_chunk_bytes = 1024 * 1024;

bool has_name(const std::vector<std::string>& names, const io::Path& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  return std::binary_search(names.begin(), names.end(), name);
}

constexpr size_t name_digits = 20;

// Whether the name is one that this engine gives to segments or to files on their way to be one.
bool is_engine_file(const std::string& name) {
  if (name == prepared_name || name.ends_with(".new")) return true;
  const bool digits =
      name.size() > name_digits && std::all_of(name.begin(), name.begin() + name_digits,
                                               [](char c) { return c >= '0' && c <= '9'; });
  const std::string ending = digits ? name.substr(name_digits) : std::string();
  return ending.starts_with(".log") || ending == ".index" || ending == ".timeindex";
}

// One opening after a crash. A class, so that the steps share what they work on.
class Recovery {
 public:
  Recovery(io::World world, io::Path folder, AppenderOptions options)
      : world_(world), folder_(std::move(folder)), options_(options) {}

  io::Task<Result<Recovered>> run();

 private:
  io::Task<Result<void>> load();
  io::Task<Result<void>> tidy_names();
  io::Task<Result<void>> seal_tail();
  io::Task<Result<void>> keep_torn(io::File& file, SegmentEntry entry, SegmentScan& scan);
  io::Task<Result<void>> copy_tail(SegmentEntry entry, uint64_t bytes);
  io::Task<Result<void>> copy_bytes(io::Path source, io::Path target, uint64_t bytes);
  io::Task<Result<void>> find_tail_end(SegmentEntry& entry);
  io::Task<Result<void>> keep_what_was_known();
  void keep_up_to(Offset durable, const std::string& known_by);
  io::Task<std::vector<RegisteredConsumer>> readable_consumers();
  io::Task<Result<void>> cut();
  io::Task<Result<void>> carry(SegmentEntry entry, uint64_t position, Offset base);
  void report(const SegmentEntry& entry, const SegmentScan& scan);
  SegmentIdentity identity(const SegmentEntry& entry) const {
    return {entry.base,     entry.use,      !options_.bugs.skip_checksum,
            entry.recycled, entry.deferred, !options_.bugs.ignore_epoch};
  }

  io::World world_;
  io::Path folder_;
  AppenderOptions options_;
  Recovered found_;
};

io::Task<Result<Recovered>> Recovery::run() {
  MR_CO_CHECK(co_await load());
  MR_CO_CHECK(co_await tidy_names());
  MR_CO_CHECK(co_await seal_tail());
  if (options_.truncate_to && !options_.bugs.accept_beyond_cut) MR_CO_CHECK(co_await cut());
  co_return std::move(found_);
}

io::Task<Result<void>> Recovery::load() {
  auto manifest = co_await load_written_manifest(world_.disk, folder_);
  if (!manifest && manifest.error().code() != ErrorCode::not_found) {
    co_return fail(manifest.error());
  }
  if (manifest) found_.manifest = std::move(*manifest);
  co_return Result<void>{};
}

// Finishes renames that the manifest has already decided, and removes files that it does not know.
io::Task<Result<void>> Recovery::tidy_names() {
  MR_CO_CHECK(co_await world_.disk.sync_directory(folder_));
  MR_CO_TRY(auto names, co_await world_.disk.list(folder_));
  std::vector<std::string> kept;
  for (const SegmentEntry& entry : found_.manifest.segments) {
    const io::Path path = segment_path(folder_, entry.base);
    const io::Path fresh = fresh_segment_path(folder_, entry.base, entry.use.epoch);
    if (has_name(names, fresh)) {
      MR_REACHED("log.recovery.rename_finished");
      MR_CO_CHECK(co_await world_.disk.rename(fresh, path));
      std::erase(names, fresh.substr(fresh.rfind('/') + 1));
    }
    const std::string name = path.substr(path.rfind('/') + 1);
    kept.push_back(name.substr(0, name_digits) + ".index");
    kept.push_back(name);
    kept.push_back(name.substr(0, name_digits) + ".timeindex");
  }
  for (const std::string& name : names) {
    if (!is_engine_file(name) || std::binary_search(kept.begin(), kept.end(), name)) continue;
    MR_REACHED("log.recovery.file_removed");
    const auto removed = co_await world_.disk.remove(folder_ + "/" + name);
    // A reader may have just given its new index the final name.
    const bool gone = !removed && removed.error().code() == ErrorCode::not_found;
    if (!removed && !gone) co_return removed;
  }
  co_return Result<void>{};
}

void Recovery::report(const SegmentEntry& entry, const SegmentScan& scan) {
  if (!scan.holes.empty()) MR_REACHED("log.recovery.hole");
  if (scan.torn) MR_REACHED("log.recovery.torn_tail");
  if (options_.logger == nullptr) return;
  for (const Hole& hole : scan.holes) {
    options_.logger->error("a damaged range was found in a log segment",
                           {{"partition", folder_},
                            {"segment", entry.base.value},
                            {"first_offset", hole.from.value},
                            {"last_offset", hole.to.value - 1},
                            {"position", hole.position}});
  }
  if (scan.torn) {
    options_.logger->info("an unfinished commit was cut from the log",
                          {{"partition", folder_},
                           {"segment", entry.base.value},
                           {"next_offset", scan.end.value},
                           {"position", scan.valid_bytes}});
  }
}

// Seals the last segment where it ends.
io::Task<Result<void>> Recovery::seal_tail() {
  auto& segments = found_.manifest.segments;
  if (!segments.empty() && !segments.back().sealed) {
    MR_CO_CHECK(co_await find_tail_end(segments.back()));
  } else if (!segments.empty()) {
    MR_REACHED("log.recovery.tail_sealed");
  }
  found_.end = segments.empty() ? found_.manifest.first_offset : segments.back().end;
  MR_CO_CHECK(co_await keep_what_was_known());
  if (segments.empty()) co_return Result<void>{};
  found_.tail_epoch = segments.back().use.epoch;
  found_.tail_bytes = segments.back().sealed_bytes;
  if (segments.back().end == segments.back().base) {
    MR_REACHED("log.recovery.tail_empty");
    segments.pop_back();
  }
  co_return Result<void>{};
}

// Finds where the open segment ends, and makes that durable.
io::Task<Result<void>> Recovery::find_tail_end(SegmentEntry& entry) {
  entry.sealed = true;
  entry.end = entry.base;
  auto opened = co_await world_.disk.open(
      segment_path(folder_, entry.base),
      {io::Access::read_write, io::Creation::must_exist, options_.caching});
  if (!opened && opened.error().code() == ErrorCode::not_found) {
    MR_REACHED("log.recovery.tail_missing");
    ++found_.holes;
    if (options_.logger != nullptr) {
      options_.logger->error("the last segment's file is missing: its records are lost",
                             {{"partition", folder_}, {"first_offset", entry.base.value}});
    }
    co_return Result<void>{};
  }
  MR_CO_TRY(auto file, std::move(opened));
  MR_CO_TRY(SegmentScan scan, co_await scan_segment(*file, identity(entry), entry.base));
  report(entry, scan);
  if (options_.bugs.keep_torn_tail) MR_CO_CHECK(co_await keep_torn(*file, entry, scan));
  found_.holes += scan.holes.size();
  if (scan.valid_bytes > 0 && !options_.bugs.serve_tail_unflushed) {
    if (file->caching() == io::Caching::direct) {
      MR_REACHED("log.recovery.tail_flushed");
      MR_CO_CHECK(co_await file->sync_data());
    } else if (options_.bugs.trust_page_cache) {
      MR_CO_CHECK(co_await file->sync_data());
    } else {
      MR_REACHED("log.recovery.tail_copied");
      file.reset();
      MR_CO_CHECK(co_await copy_tail(entry, scan.valid_bytes));
    }
  }
  entry.sealed_bytes = scan.valid_bytes;
  entry.end = scan.end;
  entry.max_timestamp = scan.max_timestamp;
  co_return Result<void>{};
}

// The planted bug keep_torn_tail.
io::Task<Result<void>> Recovery::keep_torn(io::File& file, SegmentEntry entry, SegmentScan& scan) {
  FileWindow window(file, io::direct_alignment);
  MR_CO_TRY(const ByteView start, co_await window.view(scan.valid_bytes, batch_header_bytes));
  const auto header = parse_batch_header(start);
  if (header && batch_belongs(*header, entry.use) && header->base_offset == scan.end) {
    scan.valid_bytes += header->total_bytes();
    scan.end = header->end_offset();
  }
  co_return Result<void>{};
}

// The buffered path: what the cache shows may be lost already, so it is written anew, elsewhere; on
// a full disk into the file that was kept for that.
io::Task<Result<void>> Recovery::copy_tail(SegmentEntry entry, uint64_t bytes) {
  const io::Path path = segment_path(folder_, entry.base);
  const bool in_place = options_.bugs.repair_in_place;
  const io::Path fresh = in_place ? path : path + ".new";
  auto copied = co_await copy_bytes(path, fresh, bytes);
  if (!copied && copied.error().code() == ErrorCode::no_space && !in_place) {
    if (co_await world_.disk.rename(folder_ + "/" + spare_name, fresh)) {
      MR_REACHED("log.recovery.spare_used");
      copied = co_await copy_bytes(path, fresh, bytes);
    }
  }
  MR_CO_CHECK(std::move(copied));
  // The source may have changed between the scan and the copy, if the cache dropped pages.
  MR_CO_TRY(const auto written, co_await world_.disk.open(fresh, {}));
  MR_CO_TRY(const SegmentScan scan, co_await scan_segment(*written, identity(entry), entry.base));
  if (scan.valid_bytes != bytes && !in_place) {
    MR_REACHED("log.recovery.source_changed");
    co_return fail(ErrorCode::io_failed, path + " changed while it was copied");
  }
  if (!in_place) MR_CO_CHECK(co_await world_.disk.rename(fresh, path));
  co_return co_await world_.disk.sync_directory(folder_);
}

// Writes over whatever the target holds, so that blocks which it has are used.
io::Task<Result<void>> Recovery::copy_bytes(io::Path source, io::Path target, uint64_t bytes) {
  const io::OpenMode mode{io::Access::read_write, io::Creation::create_if_absent};
  MR_CO_TRY(const auto from, co_await world_.disk.open(source, {}));
  MR_CO_TRY(const auto to, co_await world_.disk.open(target, mode));
  Bytes chunk(copy_chunk_bytes);
  for (uint64_t at = 0; at < bytes; at += chunk.size()) {
    chunk.resize(std::min<uint64_t>(copy_chunk_bytes, bytes - at));
    MR_CO_TRY(const size_t count, co_await from->read_at(at, chunk));
    if (count < chunk.size()) co_return fail(ErrorCode::io_failed, source + " became shorter");
    MR_CO_CHECK(co_await to->write_at(at, chunk));
  }
  if (target != source) MR_CO_CHECK(co_await to->truncate(bytes));
  co_return co_await to->sync_data();
}

// Where the log ends below what someone knows to have been durable, acknowledged records are lost,
// up to the whole partition with its folder. Their offsets are not given again, or a consumer would
// take new records for old ones and pass over them; they are damaged, and readers say so.
io::Task<Result<void>> Recovery::keep_what_was_known() {
  if (options_.known_durable_end) {
    keep_up_to(*options_.known_durable_end, "the log's writer");
    co_return Result<void>{};
  }
  const auto consumers = co_await readable_consumers();
  if (!options_.truncate_to) {
    for (const RegisteredConsumer& consumer : consumers) {
      if (consumer.next > found_.end) MR_REACHED("log.recovery.end_below_consumer");
      keep_up_to(consumer.next, "consumer " + consumer.name);
    }
    co_return Result<void>{};
  }
  // Consumers see only what was committed.
  for (const RegisteredConsumer& consumer : consumers) {
    if (consumer.next <= *options_.truncate_to) continue;
    co_return fail(ErrorCode::corrupt,
                   folder_ + ": consumer " + consumer.name + " has read up to offset " +
                       std::to_string(consumer.next.value) + ", above the committed offset " +
                       std::to_string(options_.truncate_to->value) +
                       ": state.db was lost or is older than the log; put both back from the same "
                       "backup (captured events are kept meanwhile)");
  }
  if (*options_.truncate_to > found_.end) MR_REACHED("log.recovery.end_below_commit");
  keep_up_to(*options_.truncate_to, "the state that was committed with it");
  co_return Result<void>{};
}

void Recovery::keep_up_to(Offset durable, const std::string& known_by) {
  if (durable <= found_.end) return;
  if (options_.logger != nullptr) {
    options_.logger->error(
        "the log ends below what was durable: records were lost, and any above them that "
        "nobody had read yet",
        {{"partition", folder_},
         {"known_by", known_by},
         {"first_offset", found_.end.value},
         {"last_offset", durable.value - 1}});
  }
  found_.end = durable;
  ++found_.holes;
  Manifest& manifest = found_.manifest;
  (manifest.segments.empty() ? manifest.first_offset : manifest.segments.back().end) = durable;
}

// A note that cannot be read says nothing: its consumer writes it anew, and until then retention
// removes nothing.
io::Task<std::vector<RegisteredConsumer>> Recovery::readable_consumers() {
  auto found = co_await look_at_consumers(world_, folder_);
  if (!found) co_return std::vector<RegisteredConsumer>{};
  for (const UnreadableNote& note : found->unreadable) {
    if (options_.logger == nullptr) break;
    options_.logger->error("a consumer's note cannot be read",
                           {{"partition", folder_}, {"error", note.error.message()}});
  }
  co_return std::move(found->consumers);
}

io::Task<Result<void>> Recovery::cut() {
  const Offset at = *options_.truncate_to;
  if (at == found_.end) co_return Result<void>{};
  // An append whose sync failed is not there, and was reported as failed.
  if (at > found_.end) co_return Result<void>{};
  if (at < found_.manifest.first_offset) {
    co_return fail(ErrorCode::corrupt,
                   folder_ + " begins above the committed offset " + std::to_string(at.value));
  }
  if (options_.logger != nullptr) {
    options_.logger->info("uncommitted records were cut from the log",
                          {{"partition", folder_},
                           {"first_offset", at.value},
                           {"last_offset", found_.end.value - 1}});
  }
  auto& segments = found_.manifest.segments;
  while (!segments.empty() && segments.back().base >= at) {
    MR_REACHED("log.recovery.cut_segment");
    segments.pop_back();
  }
  found_.end = at;
  if (segments.empty() || segments.back().end <= at) co_return Result<void>{};
  MR_REACHED("log.recovery.cut_inside_segment");
  SegmentEntry& entry = segments.back();
  const auto file =
      co_await world_.disk.open(segment_path(folder_, entry.base), {.caching = options_.caching});
  if (!file && file.error().code() == ErrorCode::not_found) {
    entry.end = at;  // all of it is damaged, up to there
    co_return Result<void>{};
  }
  if (!file) co_return fail(file.error());
  MR_CO_TRY(const SegmentScan scan, co_await scan_segment(**file, identity(entry), at));
  const bool damaged = at > scan.end || std::ranges::any_of(scan.holes, [at](const Hole& hole) {
                         return hole.from < at && at < hole.to;
                       });
  if (damaged) {
    MR_REACHED("log.recovery.cut_inside_damage");
    report(entry, scan);
  } else if (scan.cut_base < at) {
    MR_REACHED("log.recovery.cut_inside_batch");
    MR_CO_CHECK(co_await carry(entry, scan.cut_position, scan.cut_base));
  }
  // The index may name batches behind the cut; readers build it again.
  (void)co_await world_.disk.remove(offset_index_path(folder_, entry.base));
  (void)co_await world_.disk.remove(time_index_path(folder_, entry.base));
  entry.sealed_bytes = scan.cut_position;
  entry.end = damaged ? at : scan.cut_base;
  found_.tail_epoch = entry.use.epoch;
  found_.tail_bytes = found_.carried ? found_.carried->batch_end : entry.sealed_bytes;
  if (entry.end == entry.base) segments.pop_back();
  co_return Result<void>{};
}

// Reads the batch through which the cut goes and keeps its records below the cut.
io::Task<Result<void>> Recovery::carry(SegmentEntry entry, uint64_t position, Offset base) {
  MR_CO_TRY(const auto file, co_await world_.disk.open(segment_path(folder_, entry.base), {}));
  Bytes start(batch_header_bytes);
  MR_CO_TRY(const size_t head, co_await file->read_at(position, start));
  const auto header = parse_batch_header(ByteView(start).first(head));
  auto batch = std::make_shared<Bytes>(header ? header->total_bytes() : 0);
  MR_CO_TRY(const size_t count, co_await file->read_at(position, *batch));
  batch->resize(count);
  if (!header || header->base_offset != base || !batch_checksum_matches(*batch, *header)) {
    co_return fail(ErrorCode::corrupt,
                   folder_ + " is damaged at offset " + std::to_string(base.value));
  }
  MR_CO_TRY(DecodedBatch decoded, decode_batch(*batch, *header, base, found_.end));
  Carried carried;
  carried.records = std::move(decoded.records);
  carried.memory = {std::move(batch), std::move(decoded.memory)};
  carried.contents_bytes = decoded.contents_bytes;
  carried.batch_end = position + header->total_bytes();
  found_.carried = std::move(carried);
  co_return Result<void>{};
}

}  // namespace

WallTime Carried::max_timestamp() const {
  WallTime latest = records.front().timestamp;
  for (const stream::Record& record : records) latest = std::max(latest, record.timestamp);
  return latest;
}

io::Task<Result<Recovered>> recover_partition(io::World world, io::Path folder,
                                              AppenderOptions options) {
  Recovery recovery(world, std::move(folder), options);
  co_return co_await recovery.run();
}

}  // namespace mr::log
