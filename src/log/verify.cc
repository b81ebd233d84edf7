#include "log/verify.h"

#include "log/consumer_note.h"
#include "log/manifest.h"
#include "log/partition.h"
#include "log/salvage.h"
#include "log/segment_scan.h"
#include "log/watermark.h"

namespace mr::log {

namespace {

constexpr size_t window_bytes = 4 * 1024 * 1024;

// Where the segments are and how far each may be read.
struct Extent {
  SegmentEntry entry;
  uint64_t bytes = 0;
  Offset end;
};

io::Task<Result<std::vector<Extent>>> load_extents(io::World world, io::Path folder) {
  MR_CO_TRY(const Manifest manifest, co_await load_written_manifest(world.disk, folder));
  MR_CO_TRY(const auto page, co_await world.disk.map_shared(folder + "/" + watermark_name));
  const auto visible = load_word(*page, WatermarkWord::end);
  std::vector<Extent> extents;
  for (const SegmentEntry& entry : manifest.segments) {
    Extent extent{entry, entry.sealed_bytes, entry.end};
    if (!entry.sealed) {
      const auto durable = durable_tail(*page, entry.use.epoch);
      if (!durable) continue;  // the next opening finds out what it holds
      extent.bytes = *durable;
      extent.end = std::max(entry.base, Offset(static_cast<int64_t>(visible.value_or(0))));
    }
    extents.push_back(extent);
  }
  co_return extents;
}

// One segment. A class, so that its steps share what they work on.
class SegmentCheck {
 public:
  SegmentCheck(io::Disk& disk, io::Path folder, SalvagingFile& file, const Extent& extent,
               VerifyReport& report, Progress* progress)
      : disk_(disk),
        path_(segment_path(folder, extent.entry.base)),
        manifest_(folder + "/" + manifest_name),
        file_(file),
        window_(file, window_bytes),
        extent_(extent),
        report_(report),
        progress_(progress),
        next_(extent.entry.base) {}

  io::Task<Result<void>> run();

 private:
  io::Task<Result<bool>> check_batch();
  io::Task<Result<void>> skip_damage();
  void find(Offset from, Offset to, std::string what) {
    report_.findings.push_back({path_, position_, from, to, std::move(what)});
  }

  io::Disk& disk_;
  io::Path path_;
  io::Path manifest_;
  SalvagingFile& file_;
  FileWindow window_;
  const Extent& extent_;
  VerifyReport& report_;
  Progress* progress_;
  uint64_t position_ = 0;
  Offset next_;
};

io::Task<Result<void>> SegmentCheck::run() {
  while (position_ < extent_.bytes) {
    const uint64_t before = position_;
    MR_CO_TRY(const bool good, co_await check_batch());
    if (!good) MR_CO_CHECK(co_await skip_damage());
    report_.bytes += position_ - before;
    if (progress_ != nullptr) progress_->advanced(position_ - before);
  }
  if (extent_.entry.sealed && next_ < extent_.end) {
    find(next_, extent_.end, "the segment ends before its last offset");
  }
  co_return Result<void>{};
}

// Whether a good batch begins here; goes past it then.
io::Task<Result<bool>> SegmentCheck::check_batch() {
  MR_CO_TRY(ByteView bytes, co_await window_.view(position_, batch_header_bytes));
  const auto header = parse_batch_header(bytes);
  if (!header || !batch_belongs(*header, extent_.entry.use) || header->base_offset != next_ ||
      header->total_bytes() > extent_.bytes - position_) {
    co_return false;
  }
  MR_CO_TRY(bytes, co_await window_.view(position_, header->total_bytes()));
  if (bytes.size() < header->total_bytes()) co_return false;
  bytes = bytes.first(header->total_bytes());
  if (!batch_checksum_matches(bytes, *header)) co_return false;
  const auto decoded = decode_batch(bytes, *header, header->base_offset, header->end_offset());
  if (!decoded) {
    find(next_, header->end_offset(),
         "the checksum holds, the records do not: " + decoded.error().message());
  } else {
    report_.records += decoded->records.size();
  }
  ++report_.batches;
  position_ += header->total_bytes();
  next_ = header->end_offset();
  co_return true;
}

io::Task<Result<void>> SegmentCheck::skip_damage() {
  const SegmentIdentity identity{extent_.entry.base, extent_.entry.use, true};
  MR_CO_TRY(const auto later,
            co_await find_next_batch(window_, identity, position_, extent_.bytes, next_ + 1));
  const Offset to = later ? later->header.base_offset : std::max(extent_.end, next_);
  const uint64_t end = later ? later->position : extent_.bytes;
  const bool unread = file_.unreadable_in(position_, end);
  if (unread && file_.caching() == io::Caching::direct) {
    MR_CO_CHECK(co_await file_.check_disk(disk_, manifest_));
  }
  find(next_, to, unread ? "no batch that can be read" : "no valid batch");
  position_ = end;
  next_ = to;
  co_return Result<void>{};
}

// Whether the segment is still one of the partition's.
io::Task<Result<bool>> still_there(io::World world, io::Path folder, const SegmentEntry& entry) {
  MR_CO_TRY(const auto manifest, co_await load_manifest(world.disk, folder));
  const SegmentEntry* found = manifest ? manifest->find(entry.base) : nullptr;
  co_return found != nullptr && found->base == entry.base && found->use == entry.use;
}

io::Task<Result<void>> check_segment(io::World world, io::Path folder, Extent extent,
                                     VerifyReport& report, Progress* progress) {
  const io::Path path = segment_path(folder, extent.entry.base);
  const size_t findings = report.findings.size();
  auto file = co_await open_segment(world.disk, folder, extent.entry, io::Caching::direct);
  Result<void> checked;
  if (file) {
    SalvagingFile readable(std::move(*file));
    SegmentCheck check(world.disk, folder, readable, extent, report, progress);
    checked = co_await check.run();
  } else {
    checked = fail(file.error());
  }
  const bool clean = checked && report.findings.size() == findings;
  if (!clean) {
    // Retention may have taken the file, or given it to another segment, under our eyes.
    MR_CO_TRY(const bool there, co_await still_there(world, folder, extent.entry));
    if (!there) {
      report.findings.resize(findings);
      co_return Result<void>{};
    }
  }
  if (!checked && checked.error().code() == ErrorCode::not_found) {
    report.findings.push_back(
        {path, 0, extent.entry.base, extent.end, "the segment's file is missing"});
    co_return Result<void>{};
  }
  ++report.segments;
  co_return checked;
}

io::Task<Result<void>> check_notes(io::World world, io::Path folder, VerifyReport& report) {
  MR_CO_TRY(const auto notes, co_await look_at_consumers(world, folder));
  for (const UnreadableNote& note : notes.unreadable) {
    report.findings.push_back({checkpoint_path(consumers_folder(folder), note.name), 0, Offset(0),
                               Offset(0), "the consumer's note cannot be read"});
  }
  co_return Result<void>{};
}

}  // namespace

io::Task<Result<uint64_t>> bytes_to_verify(io::World world, io::Path folder) {
  MR_CO_TRY(const auto extents, co_await load_extents(world, folder));
  uint64_t bytes = 0;
  for (const Extent& extent : extents) bytes += extent.bytes;
  co_return bytes;
}

io::Task<Result<VerifyReport>> verify_partition(io::World world, io::Path folder,
                                                Progress* progress) {
  MR_CO_TRY(const auto extents, co_await load_extents(world, folder));
  VerifyReport report;
  MR_CO_CHECK(co_await check_notes(world, folder, report));
  if (extents.empty()) co_return report;
  report.first = extents.front().entry.base;
  report.end = report.first;
  for (const Extent& extent : extents) {
    if (extent.entry.base != report.end) {
      report.findings.push_back({folder + "/" + manifest_name, 0, report.end, extent.entry.base,
                                 "the manifest has no segment for these offsets"});
    }
    report.end = extent.end;
    MR_CO_CHECK(co_await check_segment(world, folder, extent, report, progress));
  }
  co_return report;
}

}  // namespace mr::log
