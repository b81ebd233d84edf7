#include <algorithm>
#include <cstdio>

#include "event/timestamp.h"
#include "io/clock.h"
#include "log/manifest.h"
#include "log/partition.h"
#include "log/segment_file.h"
#include "main/commands.h"
#include "main/log_command.h"
#include "main/log_commands.h"
#include "serve/tail.h"

namespace mr::main {

namespace {

constexpr size_t read_bytes = 1024 * 1024;

// `dump`: the records of partitions, or of one segment file.
class LogDump final : public LogCommand {
 public:
  using LogCommand::LogCommand;
  io::Task<Result<int>> dump();

 private:
  io::Task<Result<int>> dump_partition(stream::TopicPartition which);
  io::Task<Result<int>> dump_file();
  io::Task<Result<Offset>> first_wanted(stream::Reader& reader);
  void show_record(const stream::TopicPartition& which, const stream::Record& record) const;
};

void LogDump::show_record(const stream::TopicPartition& which, const stream::Record& record) const {
  const std::string line = serve::record_line(which, record);
  print((command_.json ? line : readable_record(line)) + "\n");
}

// Where a dump begins.
io::Task<Result<Offset>> LogDump::first_wanted(stream::Reader& reader) {
  MR_CO_TRY(const Offset first, co_await reader.first_offset());
  Offset wanted = std::max(first, Offset(command_.log.from));
  if (!command_.log.from_time.empty()) {
    const auto time = event::parse_timestamp(command_.log.from_time);
    if (!time) {
      co_return fail(ErrorCode::invalid_input, "--from-time: \"" + command_.log.from_time +
                                                   "\" is no time (write 2026-01-31T12:00:00Z)");
    }
    MR_CO_TRY(const Offset found, co_await reader.find_time(*time));
    wanted = std::max(wanted, found);
  }
  co_return wanted;
}

io::Task<Result<int>> LogDump::dump_partition(stream::TopicPartition which) {
  const io::Path folder = log::partition_folder(folder_, which);
  // A reader takes what has no manifest for a partition that begins.
  const auto written = co_await log::load_written_manifest(world_.disk, folder);
  if (!written && written.error().code() == ErrorCode::not_found) co_return 0;
  if (!written) {
    std::fputs(trouble_text(which, written.error()).c_str(), stderr);
    co_return 1;
  }
  MR_CO_TRY(const auto reader, co_await log::open_partition_reader(world_, folder));
  MR_CO_TRY(Offset at, co_await first_wanted(*reader));
  long long left = command_.log.limit;
  bool damaged = false;
  while (at < reader->end_offset() && left != 0) {
    MR_CO_TRY(const auto batch, co_await reader->read(at, read_bytes, world_.clock.now()));
    if (batch.damaged) {
      print(serve::damage_line(which, *batch.damaged) + "\n");
      at = batch.damaged->to;
      damaged = true;
      continue;
    }
    if (batch.empty()) break;
    for (const stream::Record& record : batch.records) {
      if (left-- == 0) co_return damaged ? 1 : 0;
      show_record(which, record);
    }
    at = batch.records.back().offset + 1;
  }
  co_return damaged ? 1 : 0;
}

io::Task<Result<int>> LogDump::dump_file() {
  MR_CO_TRY(const auto file, co_await log::SegmentFile::open(world_, command_.log.topic));
  long long left = command_.log.limit;
  bool damaged = false;
  while (left != 0) {
    MR_CO_TRY(const auto batch, co_await file->next());
    if (!batch) break;
    if (!batch->whole) {
      damaged = true;
      print(serve::damage_line({command_.log.topic, 0},
                               {batch->header.base_offset, batch->header.end_offset(),
                                "wrong checksum at byte " + std::to_string(batch->position)}) +
            "\n");
    }
    for (const stream::Record& record : batch->records) {
      if (record.offset.value < command_.log.from || left == 0) continue;
      --left;
      show_record({command_.log.topic, 0}, record);
    }
  }
  co_return damaged ? 1 : 0;
}

io::Task<Result<int>> LogDump::dump() {
  if (command_.log.topic.ends_with(segment_ending)) co_return co_await dump_file();
  MR_CO_TRY(const auto partitions, co_await chosen());
  int outcome = 0;
  for (const stream::TopicPartition& which : partitions) {
    const auto dumped = co_await dump_partition(which);
    const int code = dumped ? *dumped : report(dumped.error().within(place_of(which)));
    outcome = std::max(outcome, code);
  }
  co_return outcome;
}

}  // namespace

int run_log_dump(const Command& command) {
  LogDump log(command);
  return log.run(log.dump());
}

}  // namespace mr::main
