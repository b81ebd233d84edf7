// How fast the log appends, reads and recovers on this machine's disk, beside a bare loop of
// direct writes of the same size. Usage: mr_log_bench [FOLDER [SECONDS]]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "io/aligned_buffer.h"
#include "io/real_world.h"
#include "log/manifest.h"
#include "log/partition.h"
#include "log/segment_scan.h"

namespace mr::log {
namespace {

using io::Task;

constexpr size_t record_bytes = 1024;

struct Bench {
  io::World world;
  io::Path folder;
  int64_t seconds;
};

void print_latencies(const char* name, std::vector<int64_t>& micros) {
  std::sort(micros.begin(), micros.end());
  const auto at = [&](double share) {
    return micros[static_cast<size_t>(share * static_cast<double>(micros.size() - 1))];
  };
  std::printf("%-44s %8zu  p50 %6lld us  p99 %6lld us  p99.9 %6lld us\n", name, micros.size(),
              static_cast<long long>(at(0.5)), static_cast<long long>(at(0.99)),
              static_cast<long long>(at(0.999)));
}

void print_rate(const char* name, double bytes, int64_t micros, double records) {
  const double seconds = static_cast<double>(micros) / 1e6;
  std::printf("%-44s %8.1f MB/s  %10.0f records/s\n", name, bytes / seconds / 1e6,
              records / seconds);
}

// What the device allows: direct writes of one size, one after another, into really written zeros.
Task<Result<void>> bare_loop(Bench bench, size_t bytes) {
  constexpr uint64_t file_bytes = 64 * 1024 * 1024;
  const io::OpenMode mode{io::Access::read_write, io::Creation::create_if_absent,
                          io::Caching::direct};
  MR_CO_TRY(const auto file, co_await bench.world.disk.open(bench.folder + "/bare", mode));
  MR_CO_CHECK(co_await file->preallocate(file_bytes));
  io::AlignedBuffer buffer;
  buffer.append_zeros(bytes);
  std::vector<int64_t> micros;
  const Instant start = bench.world.clock.now();
  const Instant end = start + Millis{bench.seconds * 1000};
  for (uint64_t at = 0; bench.world.clock.now() < end; at = (at + bytes) % file_bytes) {
    const Instant before = bench.world.clock.now();
    MR_CO_CHECK(co_await file->write_at(at, buffer.view()));
    micros.push_back(bench.world.clock.now().micros - before.micros);
  }
  const std::string name = "bare direct writes of " + std::to_string(bytes / 1024) + " KiB";
  const auto total = static_cast<double>(bytes) * static_cast<double>(micros.size());
  print_rate(name.c_str(), total, bench.world.clock.now().micros - start.micros, 0);
  print_latencies("", micros);
  co_return Result<void>{};
}

std::vector<stream::RecordView> make_records(const Bytes& value, size_t count, WallTime now) {
  std::vector<stream::RecordView> records(count);
  for (auto& record : records) record = {now, as_bytes("token:distinct"), value, {}};
  return records;
}

Task<void> append_until(Bench bench, stream::Appender& appender, size_t count, Instant end,
                        std::vector<int64_t>& micros) {
  const Bytes value(record_bytes, 'x');
  while (bench.world.clock.now() < end) {
    const Instant before = bench.world.clock.now();
    const auto done =
        co_await appender.append(make_records(value, count, bench.world.clock.wall()));
    if (!done) {
      std::printf("append: %s\n", done.error().message().c_str());
      co_return;
    }
    micros.push_back(bench.world.clock.now().micros - before.micros);
  }
}

Task<Result<void>> append(Bench bench, const char* name, int tasks, size_t count,
                          io::Caching caching) {
  AppenderOptions options;
  options.caching = caching;
  const io::Path folder = bench.folder + "/log/" + std::to_string(tasks) + "-" +
                          std::to_string(count) +
                          (caching == io::Caching::direct ? "-direct" : "-buffered");
  MR_CO_TRY(const auto appender, co_await open_partition_appender(bench.world, folder, options));
  std::vector<int64_t> micros;
  const Instant start = bench.world.clock.now();
  {
    io::TaskGroup group(bench.world.loop);
    for (int i = 0; i < tasks; ++i) {
      group.spawn(
          append_until(bench, *appender, count, start + Millis{bench.seconds * 1000}, micros));
    }
    co_await group.drain();
  }
  const stream::AppenderStatus status = appender->status();
  print_rate(name, static_cast<double>(status.payload_bytes),
             bench.world.clock.now().micros - start.micros, static_cast<double>(status.records));
  print_latencies("", micros);
  std::printf(
      "%-44s %8.1f KB a commit, %.3f bytes written a payload byte\n", "",
      static_cast<double>(status.written_bytes) / static_cast<double>(status.commits) / 1e3,
      static_cast<double>(status.written_bytes) / static_cast<double>(status.payload_bytes));
  MR_CO_CHECK(co_await appender->close());

  MR_CO_TRY(const auto reader, co_await open_partition_reader(bench.world, folder));
  const Instant read_start = bench.world.clock.now();
  double bytes = 0;
  double records = 0;
  for (Offset next(0); next < reader->end_offset();) {
    MR_CO_TRY(const auto batch, co_await reader->read(next, 1024 * 1024, io::no_deadline));
    next = batch.records.back().offset + 1;
    records += static_cast<double>(batch.records.size());
    for (const auto& record : batch.records) bytes += static_cast<double>(record.value.size());
  }
  print_rate("  read back", bytes, bench.world.clock.now().micros - read_start.micros, records);

  MR_CO_TRY(const auto manifest, co_await load_manifest(bench.world.disk, folder));
  double scanned = 0;
  const Instant scan_start = bench.world.clock.now();
  for (const SegmentEntry& entry : manifest->segments) {
    const io::OpenMode mode{.caching = caching};
    MR_CO_TRY(const auto file,
              co_await bench.world.disk.open(segment_path(folder, entry.base), mode));
    MR_CO_TRY(const auto scan,
              co_await scan_segment(*file, {entry.base, entry.use, true}, entry.base));
    scanned += static_cast<double>(scan.valid_bytes);
  }
  print_rate("  recovery scan", scanned, bench.world.clock.now().micros - scan_start.micros, 0);
  co_return Result<void>{};
}

Task<Result<void>> run(Bench bench) {
  MR_CO_CHECK(co_await bench.world.disk.make_folders(bench.folder));
  MR_CO_CHECK(co_await bare_loop(bench, 4096));
  MR_CO_CHECK(co_await bare_loop(bench, 1024 * 1024));
  for (const io::Caching caching : {io::Caching::direct, io::Caching::buffered}) {
    const bool direct = caching == io::Caching::direct;
    MR_CO_CHECK(co_await append(
        bench, direct ? "direct: lone 1 KiB appends" : "buffered: lone 1 KiB", 1, 1, caching));
    MR_CO_CHECK(co_await append(
        bench, direct ? "direct: 64 tasks of 1 record" : "buffered: 64 of 1", 64, 1, caching));
    MR_CO_CHECK(co_await append(bench,
                                direct ? "direct: 64 tasks of 100 records" : "buffered: 64 of 100",
                                64, 100, caching));
  }
  co_return Result<void>{};
}

Task<void> report(Bench bench) {
  const auto done = co_await run(bench);
  if (!done) std::printf("failed: %s\n", done.error().message().c_str());
}

}  // namespace
}  // namespace mr::log

int main(int argc, char** argv) {
  mr::io::RealWorld world;
  const std::string folder = argc > 1 ? argv[1] : "log_bench.data";
  const int64_t seconds = argc > 2 ? std::atoi(argv[2]) : 2;
  world.run(mr::log::report({world.world(), folder, seconds}));
  return 0;
}
