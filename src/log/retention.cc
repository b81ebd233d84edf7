#include "log/retention.h"

#include <algorithm>

#include "io/clock.h"
#include "io/disk.h"
#include "log/consumer_note.h"
#include "log/watermark.h"

namespace mr::log {

namespace {

constexpr Millis ask_again_interval{500};

// Without a writer: the caller holds the lock.
io::Task<Result<Offset>> remove_sealed(io::World world, io::Path folder, Offset offset,
                                       io::SharedPage& page) {
  MR_CO_TRY(Manifest manifest, co_await load_written_manifest(world.disk, folder));
  Offset sealed_end = manifest.first_offset;
  size_t whole = 0;
  for (const SegmentEntry& entry : manifest.segments) {
    if (!entry.sealed) break;
    sealed_end = entry.end;
    if (entry.end <= offset) ++whole;
  }
  const Offset first = std::max(manifest.first_offset, std::min(offset, sealed_end));
  if (first == manifest.first_offset) co_return first;
  const std::vector<SegmentEntry> dropped = drop_segments(manifest, whole);
  manifest.first_offset = first;
  MR_CO_CHECK(co_await io::replace_file(world.disk, folder + "/" + manifest_name,
                                        encode_manifest(manifest)));
  const uint64_t generation = load_word(page, WatermarkWord::generation).value_or(0);
  store_word(page, WatermarkWord::generation, generation + 1);
  // Others may have asked the writer that is gone.
  page.publish(static_cast<size_t>(WatermarkWord::first),
               encode_word(WatermarkWord::first, static_cast<uint64_t>(first.value)));
  for (const SegmentEntry& entry : dropped) {
    MR_CO_CHECK(co_await remove_segment_files(world, folder, entry.base));
  }
  co_return first;
}

// Whether nobody needs what lies below the offset any more.
io::Task<Result<void>> check_finished(io::World world, io::Path folder, RemoveBefore what) {
  MR_CO_TRY(const auto consumers, co_await list_consumers(world, folder));
  for (const RegisteredConsumer& consumer : consumers) {
    std::erase(what.expected, consumer.name);
    if (consumer.next >= what.offset) continue;
    co_return fail(ErrorCode::busy, "the consumer " + consumer.name + " of " + folder +
                                        " has only finished what lies below offset " +
                                        std::to_string(consumer.next.value));
  }
  if (what.expected.empty()) co_return Result<void>{};
  co_return fail(ErrorCode::busy, "the consumer " + what.expected.front() + " of " + folder +
                                      " has not begun: it would miss what is removed");
}

}  // namespace

io::Task<Result<SlowestConsumer>> slowest_consumer(io::World world, io::Path partition_folder) {
  MR_CO_TRY(const auto consumers, co_await list_consumers(world, partition_folder));
  SlowestConsumer slowest;
  for (const RegisteredConsumer& consumer : consumers) {
    if (!slowest.next || consumer.next < *slowest.next) slowest = {consumer.next, consumer.name};
  }
  co_return slowest;
}

size_t expired_segments(const Manifest& manifest, const Retention& retention, uint64_t open_bytes,
                        WallTime now) {
  if (!retention.limited()) return 0;
  uint64_t total = open_bytes;
  for (const SegmentEntry& entry : manifest.segments) {
    if (entry.sealed) total += entry.sealed_bytes;
  }
  size_t count = 0;
  for (const SegmentEntry& entry : manifest.segments) {
    const bool much = retention.bytes_max > 0 && total > retention.bytes_max;
    const bool old = retention.age_max > Millis{0} && now - entry.max_timestamp > retention.age_max;
    if (!entry.sealed || (!much && !old)) break;
    total -= entry.sealed_bytes;
    ++count;
  }
  return count;
}

std::vector<SegmentEntry> drop_segments(Manifest& manifest, size_t count) {
  const auto end = manifest.segments.begin() + static_cast<ptrdiff_t>(count);
  std::vector<SegmentEntry> dropped(manifest.segments.begin(), end);
  manifest.segments.erase(manifest.segments.begin(), end);
  if (!dropped.empty()) {
    manifest.first_offset = std::max(manifest.first_offset, dropped.back().end);
  }
  return dropped;
}

io::Task<Result<void>> remove_segment_files(io::World world, io::Path folder, Offset base) {
  const io::Path path = segment_path(folder, base);
  const io::Path stem = path.substr(0, path.size() - std::string_view(".log").size());
  // The segment last: without it the others mean nothing, and the next opening removes them.
  for (const char* ending : {".index", ".timeindex", ".log"}) {
    const auto removed = co_await world.disk.remove(stem + ending);
    if (!removed && removed.error().code() != ErrorCode::not_found) co_return removed;
  }
  co_return Result<void>{};
}

io::Task<Result<Offset>> remove_before(io::World world, io::Path folder, RemoveBefore what) {
  MR_CO_TRY(const Manifest manifest, co_await load_written_manifest(world.disk, folder));
  if (what.offset <= manifest.first_offset) co_return manifest.first_offset;
  MR_CO_TRY(const auto page, co_await world.disk.map_shared(folder + "/" + watermark_name));
  const auto end = load_word(*page, WatermarkWord::end);
  if (!end || what.offset > Offset(static_cast<int64_t>(*end))) {
    co_return fail(ErrorCode::invalid_input, folder + " ends at offset " +
                                                 std::to_string(end.value_or(0)) + ", below " +
                                                 std::to_string(what.offset.value));
  }
  if (!what.force) MR_CO_CHECK(co_await check_finished(world, folder, what));
  constexpr auto first_word = static_cast<size_t>(WatermarkWord::first);
  for (;;) {
    // Each time anew: a writer may end without having seen the request, and the next one clears it.
    const auto lock = co_await world.disk.lock(folder + "/" + lock_name);
    if (lock) co_return co_await remove_sealed(world, folder, what.offset, *page);
    if (lock.error().code() != ErrorCode::busy) co_return fail(lock.error());
    store_word(*page, WatermarkWord::remove_below, static_cast<uint64_t>(what.offset.value));
    const uint64_t seen = page->load(first_word);
    const Offset first(static_cast<int64_t>(decode_word(WatermarkWord::first, seen).value_or(0)));
    const Instant now = world.clock.now();
    if (first >= what.offset || now >= what.deadline) co_return first;
    const Instant again = std::min(what.deadline, now + ask_again_interval);
    (void)co_await page->wait_until_not(first_word, seen, again);
  }
}

}  // namespace mr::log
