#include "log/log_benchmark.h"

#include <algorithm>
#include <charconv>

#include "io/aligned_buffer.h"
#include "io/clock.h"
#include "io/disk.h"
#include "io/task_group.h"
#include "log/manifest.h"
#include "log/partition.h"
#include "log/segment_scan.h"
#include "log/wake_benchmark.h"

namespace mr::log {

namespace {

using io::Task;

constexpr size_t record_bytes = 1024;
constexpr size_t records_per_append = 256;
constexpr size_t producers = 4;
constexpr size_t appends_in_flight = 4;  // of each producer
constexpr int turns = 5;
constexpr size_t large_write_bytes = 1024 * 1024;
constexpr uint64_t bare_file_bytes = 64 * 1024 * 1024;
// Small enough that the files are used again during the warm-up.
constexpr uint64_t kept_bytes = 192 * 1024 * 1024;
constexpr size_t sealed_segments = 800;  // of 64 MiB: 50 GB
constexpr uint64_t sealed_segment_bytes = 64 * 1024 * 1024;

struct Latencies {
  std::vector<int64_t> micros;
  double at(double share) {
    if (micros.empty()) return 0;
    std::sort(micros.begin(), micros.end());
    return static_cast<double>(
        micros[static_cast<size_t>(share * static_cast<double>(micros.size() - 1))]);
  }
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

class Benchmark {
 public:
  Benchmark(io::World world, BenchmarkOptions options)
      : world_(world), options_(std::move(options)) {}

  Task<Result<std::vector<BenchmarkFigure>>> run();

 private:
  struct Bare {
    double megabytes_per_second = 0;
    Latencies latencies;
  };
  Task<Result<Bare>> bare_writes(size_t bytes, Millis duration);
  Task<void> produce(stream::Appender& appender, Instant end);
  Task<void> produce_for(stream::Appender& appender, Millis duration);
  Task<Result<void>> commit_alone(stream::Appender& appender, Millis duration,
                                  Latencies& latencies);
  Task<Result<void>> measure_appends();
  Task<Result<void>> measure_lone_commits();
  Task<Result<void>> measure_readers_wake_up();
  Task<Result<double>> processor_seconds();
  Task<Result<void>> measure_reading();
  Task<Result<void>> measure_recovery_scan();
  Task<Result<void>> measure_empty_log();
  Task<Result<void>> make_sealed_segments(io::Path at);
  Task<Result<void>> measure_large_log();
  Task<Result<void>> measure_memory();

  Instant now() const { return world_.clock.now(); }
  double seconds_since(Instant start) const {
    return static_cast<double>(now().micros - start.micros) / 1e6;
  }
  io::Path folder(const char* name) const { return options_.folder + "/" + name; }
  void add(std::string name, double value, std::string unit, double ratio = 0, double goal = 0,
           bool at_least = true) {
    figures_.push_back({std::move(name), value, std::move(unit), ratio, goal, at_least});
  }

  io::World world_;
  BenchmarkOptions options_;
  std::vector<BenchmarkFigure> figures_;
};

// What the device allows: direct writes of one size, one after another, into written blocks.
Task<Result<Benchmark::Bare>> Benchmark::bare_writes(size_t bytes, Millis duration) {
  const io::OpenMode mode{io::Access::read_write, io::Creation::create_if_absent,
                          io::Caching::direct};
  MR_CO_TRY(const auto file, co_await world_.disk.open(folder("bare"), mode));
  MR_CO_CHECK(co_await file->preallocate(bare_file_bytes));
  io::AlignedBuffer buffer(io::AlignedBuffer::huge_page_bytes);  // as good as the log's own
  buffer.resize(bytes);
  std::fill_n(buffer.data(), bytes, uint8_t{0x5A});
  Bare bare;
  const Instant start = now();
  for (uint64_t at = 0; now() < start + duration; at = (at + bytes) % bare_file_bytes) {
    const Instant before = now();
    MR_CO_CHECK(co_await file->write_at(at, buffer.view()));
    bare.latencies.micros.push_back(now().micros - before.micros);
  }
  bare.megabytes_per_second =
      static_cast<double>(bytes * bare.latencies.micros.size()) / seconds_since(start) / 1e6;
  co_return bare;
}

// One of a producer's appends in flight: always the next as soon as one is durable.
Task<void> Benchmark::produce(stream::Appender& appender, Instant end) {
  const Bytes value(record_bytes, 'x');
  while (now() < end) {
    std::vector<stream::RecordView> records(records_per_append);
    for (auto& record : records) record = {world_.clock.wall(), {}, value, {}};
    if (!co_await appender.append(std::move(records))) co_return;
  }
}

Task<void> Benchmark::produce_for(stream::Appender& appender, Millis duration) {
  io::TaskGroup group(world_.loop);
  const Instant end = now() + duration;
  for (size_t i = 0; i < producers * appends_in_flight; ++i) group.spawn(produce(appender, end));
  co_await group.drain();
}

// Turns of the bare loop and of the log, so that whatever else runs on the machine meets both.
Task<Result<void>> Benchmark::measure_appends() {
  AppenderOptions options;
  options.retention.bytes_max = kept_bytes;
  MR_CO_TRY(const auto appender,
            co_await open_partition_appender(world_, folder("appends"), options));
  // Fills the log until its files are used again.
  for (int i = 0; i < 20 && appender->status().recycled_segments < 2; ++i) {
    co_await produce_for(*appender, Millis{500});
  }
  const stream::AppenderStatus from = appender->status();
  const Millis turn{options_.duration.count / turns};
  std::vector<double> bare_rates;
  std::vector<double> rates;
  std::vector<double> ratios;
  for (int i = 0; i < turns; ++i) {
    MR_CO_TRY(const Bare bare, co_await bare_writes(large_write_bytes, turn));
    const uint64_t before = appender->status().payload_bytes;
    const Instant start = now();
    co_await produce_for(*appender, turn);
    const auto bytes = static_cast<double>(appender->status().payload_bytes - before);
    rates.push_back(bytes / seconds_since(start) / 1e6);
    bare_rates.push_back(bare.megabytes_per_second);
    ratios.push_back(rates.back() / bare_rates.back());
  }
  const stream::AppenderStatus to = appender->status();
  MR_CO_CHECK(co_await appender->close());
  add("bare direct writes of 1 MiB", median(bare_rates), "MB/s");
  add("append, 4 producers, 1 KiB records, sync = always", median(rates), "MB/s", median(ratios),
      0.7);
  add("  best turn", *std::max_element(rates.begin(), rates.end()), "MB/s",
      *std::max_element(ratios.begin(), ratios.end()));
  add("  bytes in a commit",
      static_cast<double>(to.written_bytes - from.written_bytes) /
          static_cast<double>(std::max<uint64_t>(1, to.commits - from.commits)) / 1e3,
      "KB");
  add("  segments in a file used before",
      static_cast<double>(to.recycled_segments - from.recycled_segments) /
          static_cast<double>(std::max<uint64_t>(1, to.segments - from.segments)) * 100,
      "%");
  co_return Result<void>{};
}

Task<Result<void>> Benchmark::commit_alone(stream::Appender& appender, Millis duration,
                                           Latencies& latencies) {
  // Fills one block with its header and padding.
  const Bytes value(io::direct_alignment - 200, 'x');
  const Instant end = now() + duration;
  while (now() < end) {
    const Instant before = now();
    std::vector<stream::RecordView> records(1);
    records[0] = {world_.clock.wall(), {}, value, {}};
    MR_CO_CHECK(co_await appender.append(std::move(records)));
    latencies.micros.push_back(now().micros - before.micros);
  }
  co_return Result<void>{};
}

Task<Result<void>> Benchmark::measure_lone_commits() {
  MR_CO_TRY(const auto appender, co_await open_partition_appender(world_, folder("lone"), {}));
  Latencies lone;
  Latencies device;
  const Millis turn{options_.duration.count / turns};
  for (int i = 0; i < turns; ++i) {
    MR_CO_TRY(const Bare bare, co_await bare_writes(io::direct_alignment, turn));
    device.micros.insert(device.micros.end(), bare.latencies.micros.begin(),
                         bare.latencies.micros.end());
    MR_CO_CHECK(co_await commit_alone(*appender, turn, lone));
  }
  MR_CO_CHECK(co_await appender->close());
  for (const auto& [name, share] : {std::pair("p50", 0.5), std::pair("p99", 0.99)}) {
    const double least = device.at(share);
    const double ours = lone.at(share);
    add(std::string("bare direct write of 4 KiB, ") + name, least, "us");
    add(std::string("lone commit of 4 KiB, ") + name, ours, "us", ours / least, 1.5, false);
  }
  co_return Result<void>{};
}

Task<Result<void>> Benchmark::measure_readers_wake_up() {
  Latencies wake;
  MR_CO_TRY(wake.micros, co_await measure_wake_ups(world_, folder("wake"), options_.duration));
  constexpr double goal = 5'000;
  add("a tailing reader has a durable record, p50", wake.at(0.5), "us", 0, goal, false);
  add("a tailing reader has a durable record, p99", wake.at(0.99), "us", 0, goal, false);
  co_return Result<void>{};
}

// Seconds that all threads of this process have computed so far.
Task<Result<double>> Benchmark::processor_seconds() {
  MR_CO_TRY(const auto file, co_await world_.disk.open("/proc/self/stat", {}));
  Bytes bytes(4096);
  MR_CO_TRY(const size_t count, co_await file->read_at(0, bytes));
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), count);
  // After the program's name in parentheses: the 12th and 13th field, in hundredths.
  text.remove_prefix(std::min(text.rfind(')') + 1, text.size()));
  constexpr int user_field = 12;
  double hundredths = 0;
  for (int field = 1; field <= user_field + 1; ++field) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    double number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    if (field >= user_field) hundredths += number;
    text.remove_prefix(std::min(text.find(' '), text.size()));
  }
  co_return hundredths / 100;
}

// Again and again, so that everything is in the page cache.
Task<Result<void>> Benchmark::measure_reading() {
  double bytes = 0;
  Instant start;
  double processor = 0;
  for (int pass = 0; pass == 0 || now() < start + options_.duration; ++pass) {
    MR_CO_TRY(const auto reader, co_await open_partition_reader(world_, folder("appends")));
    MR_CO_TRY(Offset next, co_await reader->first_offset());
    if (pass <= 1) {
      bytes = 0;
      start = now();
      MR_CO_TRY(processor, co_await processor_seconds());
    }
    while (next < reader->end_offset()) {
      MR_CO_TRY(const auto batch, co_await reader->read(next, large_write_bytes, now()));
      if (batch.empty()) co_return fail(ErrorCode::failed, "the log ends early");
      next = batch.records.back().offset + 1;
      for (const auto& record : batch.records) bytes += static_cast<double>(record.value.size());
    }
  }
  const double seconds = seconds_since(start);
  MR_CO_TRY(const double processor_end, co_await processor_seconds());
  constexpr double goal = 2'000;
  add("read from the page cache, CRC checked, per core",
      bytes / std::max(processor_end - processor, 0.01) / 1e6, "MB/s", 0, goal);
  add("  by the clock", bytes / seconds / 1e6, "MB/s");
  co_return Result<void>{};
}

Task<Result<void>> Benchmark::measure_recovery_scan() {
  MR_CO_TRY(const auto manifest, co_await load_manifest(world_.disk, folder("appends")));
  double bytes = 0;
  const Instant start = now();
  for (const SegmentEntry& entry : manifest->segments) {
    const io::OpenMode mode{.caching = io::Caching::direct};
    MR_CO_TRY(const auto file,
              co_await world_.disk.open(segment_path(folder("appends"), entry.base), mode));
    MR_CO_TRY(
        const auto scan,
        co_await scan_segment(*file, {entry.base, entry.use, true, entry.recycled}, entry.base));
    bytes += static_cast<double>(scan.valid_bytes);
  }
  constexpr double goal = 800;
  add("recovery scan past the page cache", bytes / seconds_since(start) / 1e6, "MB/s", 0, goal);
  co_return Result<void>{};
}

Task<Result<void>> Benchmark::measure_empty_log() {
  const Instant start = now();
  MR_CO_TRY(const auto appender, co_await open_partition_appender(world_, folder("empty"), {}));
  const double opened = seconds_since(start) * 1e3;
  std::vector<stream::RecordView> records(1);
  records[0].value = as_bytes("x");
  MR_CO_CHECK(co_await appender->append(std::move(records)));
  constexpr double goal = 40;
  add("a new empty log is ready", opened, "ms", 0, goal, false);
  add("  and its first record is durable", seconds_since(start) * 1e3, "ms");
  co_return co_await appender->close();
}

// Sealed segments as files without blocks, in the manifest of a partition that has none yet.
Task<Result<void>> Benchmark::make_sealed_segments(io::Path at) {
  MR_CO_CHECK(co_await world_.disk.make_folders(at));
  Manifest manifest;
  constexpr int64_t records = 60'000;
  for (size_t i = 0; i < sealed_segments; ++i) {
    const Offset base(static_cast<int64_t>(i) * records);
    const auto epoch = static_cast<int32_t>(i + 1);
    manifest.segments.push_back(
        {base, {epoch, 1}, true, sealed_segment_bytes, base + records, world_.clock.wall()});
    manifest.last_epoch = epoch;
    const io::OpenMode mode{io::Access::read_write, io::Creation::create_if_absent};
    MR_CO_TRY(const auto file, co_await world_.disk.open(segment_path(at, base), mode));
    MR_CO_CHECK(co_await file->truncate(sealed_segment_bytes));
  }
  co_return co_await io::replace_file(world_.disk, at + "/" + manifest_name,
                                      encode_manifest(manifest));
}

// A log of 50 GB whose writer was killed: the last segment, nearly full, is open.
Task<Result<void>> Benchmark::measure_large_log() {
  const io::Path at = folder("large");
  AppenderOptions options;
  options.first_segment_bytes = options.segment_bytes_max;
  MR_CO_CHECK(co_await make_sealed_segments(at));
  {
    MR_CO_TRY(const auto appender, co_await open_partition_appender(world_, at, options));
    const Bytes value(record_bytes, 'x');
    while (appender->status().written_bytes < sealed_segment_bytes / 8 * 7) {
      std::vector<stream::RecordView> records(4 * records_per_append);
      for (auto& record : records) record = {world_.clock.wall(), {}, value, {}};
      MR_CO_CHECK(co_await appender->append(std::move(records)));
    }
    MR_CO_CHECK(co_await appender->close());
  }
  MR_CO_TRY(auto manifest, co_await load_manifest(world_.disk, at));
  manifest->segments.back().sealed = false;
  MR_CO_CHECK(
      co_await io::replace_file(world_.disk, at + "/" + manifest_name, encode_manifest(*manifest)));
  const Instant start = now();
  MR_CO_TRY(const auto appender, co_await open_partition_appender(world_, at, {}));
  constexpr double goal = 1'000;
  add("a log of 50 GB opens after a crash", seconds_since(start) * 1e3, "ms", 0, goal, false);
  co_return co_await appender->close();
}

// What the kernel says of this process, after everything above.
Task<Result<void>> Benchmark::measure_memory() {
  MR_CO_TRY(const auto file, co_await world_.disk.open("/proc/self/status", {}));
  Bytes text(16 * 1024);
  MR_CO_TRY(const size_t count, co_await file->read_at(0, text));
  const std::string_view status(reinterpret_cast<const char*>(text.data()), count);
  for (const auto& [line, name] : {std::pair("VmRSS:", "resident memory of the process, now"),
                                   std::pair("VmHWM:", "  at most")}) {
    const size_t found = status.find(line);
    if (found == std::string_view::npos) continue;
    const size_t digit = status.find_first_of("0123456789", found);
    double kilobytes = 0;
    std::from_chars(status.data() + digit, status.data() + status.size(), kilobytes);
    constexpr double goal = 64;
    add(name, kilobytes * 1024 / 1e6, "MB", 0, std::string_view(line) == "VmRSS:" ? goal : 0,
        false);
  }
  co_return Result<void>{};
}

Task<Result<std::vector<BenchmarkFigure>>> Benchmark::run() {
  MR_CO_CHECK(co_await world_.disk.make_folders(options_.folder));
  MR_CO_CHECK(co_await measure_appends());
  MR_CO_CHECK(co_await measure_lone_commits());
  MR_CO_CHECK(co_await measure_readers_wake_up());
  MR_CO_CHECK(co_await measure_reading());
  MR_CO_CHECK(co_await measure_recovery_scan());
  MR_CO_CHECK(co_await measure_empty_log());
  MR_CO_CHECK(co_await measure_large_log());
  MR_CO_CHECK(co_await measure_memory());
  co_return std::move(figures_);
}

}  // namespace

bool BenchmarkFigure::met() const {
  if (goal == 0) return true;
  const double measured = ratio > 0 ? ratio : value;
  return at_least ? measured >= goal : measured <= goal;
}

Task<Result<std::vector<BenchmarkFigure>>> run_benchmark(io::World world,
                                                         BenchmarkOptions options) {
  Benchmark benchmark(world, std::move(options));
  co_return co_await benchmark.run();
}

}  // namespace mr::log
