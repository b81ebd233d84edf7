#include "main/log_commands.h"

#include <cstdio>
#include <optional>
#include <vector>

#include "codec/json_object.h"
#include "event/timestamp.h"
#include "io/clock.h"
#include "io/real_world.h"
#include "log/describe.h"
#include "log/partition.h"
#include "log/retention.h"
#include "log/segment_file.h"
#include "log/verify.h"
#include "main/commands.h"
#include "main/data_directory.h"
#include "main/progress_bar.h"
#include "main/text_table.h"
#include "serve/tail.h"

namespace mr::main {

namespace {

constexpr size_t read_bytes = 1024 * 1024;
// How long a running writer may take to remove what it was asked to.
constexpr Millis removal_wait{10'000};

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

std::string place_of(const stream::TopicPartition& which) {
  return which.topic + "/" + std::to_string(which.partition);
}

std::string text_of(const std::optional<WallTime>& time) {
  return time ? event::format_rfc3339(*time) : "-";
}

void set_number(json::Object& object, const char* name, int64_t number) {
  object.set(name, std::to_string(number));
}

std::string joined(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) {
    if (out.size() > 1) out += ",";
    out += item;
  }
  return out + "]";
}

// One command at work: the real doors and the log folder of --data.
class LogCommand {
 public:
  explicit LogCommand(const Command& command)
      : command_(command),
        world_(real_.world()),
        folder_(DataDirectory(command.server.data).log()) {}

  // Runs the task and yields the exit code; a failure is reported.
  int run(io::Task<Result<int>> task) {
    const Result<int> result = real_.result_of(std::move(task));
    return result ? *result : report(result.error());
  }

  io::Task<Result<int>> list();
  io::Task<Result<int>> describe();
  io::Task<Result<int>> dump();
  io::Task<Result<int>> verify();
  io::Task<Result<int>> truncate_before();

 private:
  io::Task<Result<std::vector<stream::TopicPartition>>> chosen();
  io::Task<Result<int>> dump_partition(stream::TopicPartition which);
  io::Task<Result<int>> dump_file();
  io::Task<Result<Offset>> first_wanted(stream::Reader& reader);
  void show_record(const stream::TopicPartition& which, const stream::Record& record) const;

  const Command& command_;
  io::RealWorld real_;
  io::World world_;
  io::Path folder_;
};

json::Object description_json(const log::PartitionDescription& found) {
  json::Object object;
  object.set_text("topic", found.which.topic);
  set_number(object, "partition", found.which.partition);
  set_number(object, "first", found.first.value);
  set_number(object, "end", found.end.value);
  set_number(object, "records", found.end - found.first);
  set_number(object, "segments", static_cast<int64_t>(found.segments.size()));
  set_number(object, "bytes", static_cast<int64_t>(found.bytes));
  if (found.oldest) object.set_text("oldest", text_of(found.oldest));
  if (found.newest) object.set_text("newest", text_of(found.newest));
  object.set("writer_runs", found.writer_runs ? "true" : "false");
  std::vector<std::string> consumers;
  for (const log::RegisteredConsumer& consumer : found.consumers) {
    json::Object one;
    one.set_text("name", consumer.name);
    set_number(one, "next", consumer.next.value);
    set_number(one, "behind", found.end - consumer.next);
    consumers.push_back(one.to_json());
  }
  object.set("consumers", joined(consumers));
  return object;
}

std::string consumers_text(const log::PartitionDescription& found) {
  std::string text;
  for (const log::RegisteredConsumer& consumer : found.consumers) {
    if (!text.empty()) text += ", ";
    text += consumer.name + " (" + grouped(found.end - consumer.next) + " behind at most)";
  }
  return text.empty() ? "-" : text;
}

json::Object segment_json(const log::SegmentDescription& segment) {
  json::Object object;
  set_number(object, "base", segment.entry.base.value);
  set_number(object, "end", segment.end.value);
  set_number(object, "bytes", static_cast<int64_t>(segment.bytes));
  set_number(object, "epoch", segment.entry.use.epoch);
  object.set("sealed", segment.entry.sealed ? "true" : "false");
  if (segment.entry.sealed) {
    object.set_text("newest", event::format_rfc3339(segment.entry.max_timestamp));
  }
  return object;
}

void print_segments(const log::PartitionDescription& found) {
  TextTable table({"segment", "end", "records", "bytes", "epoch", "state", "newest record"});
  for (const log::SegmentDescription& segment : found.segments) {
    const bool sealed = segment.entry.sealed;
    table.add({grouped(segment.entry.base.value), grouped(segment.end.value),
               grouped(segment.end - segment.entry.base), readable_bytes(segment.bytes),
               std::to_string(segment.entry.use.epoch), sealed ? "sealed" : "open",
               sealed ? event::format_rfc3339(segment.entry.max_timestamp) : "-"});
  }
  print(table.render());
}

// The partitions that the command line names: all, or those of one topic, or one.
io::Task<Result<std::vector<stream::TopicPartition>>> LogCommand::chosen() {
  MR_CO_TRY(const auto all, co_await log::list_partitions(world_, folder_));
  std::vector<stream::TopicPartition> found;
  std::string known;
  for (const stream::TopicPartition& which : all) {
    known += (known.empty() ? "" : ", ") + place_of(which);
    const bool fits = command_.log.topic.empty() || which.topic == command_.log.topic;
    if (fits && (command_.log.partition < 0 || which.partition == command_.log.partition)) {
      found.push_back(which);
    }
  }
  if (found.empty() && (!command_.log.topic.empty() || all.empty())) {
    co_return fail(ErrorCode::not_found,
                   all.empty()
                       ? "there is no log in " + folder_ + " (name the data directory with --data)"
                       : "no such topic or partition; there are: " + known);
  }
  co_return found;
}

io::Task<Result<int>> LogCommand::list() {
  MR_CO_TRY(const auto partitions, co_await chosen());
  TextTable table({"partition", "first", "end", "records", "segments", "bytes", "oldest record",
                   "newest record", "consumers"});
  std::vector<std::string> lines;
  for (const stream::TopicPartition& which : partitions) {
    const auto found = co_await log::describe_partition(world_, folder_, which);
    if (!found) {
      if (found.error().code() == ErrorCode::not_found) continue;  // not written yet
      co_return fail(found.error());
    }
    lines.push_back(description_json(*found).to_json());
    table.add({place_of(which), grouped(found->first.value), grouped(found->end.value),
               grouped(found->end - found->first), std::to_string(found->segments.size()),
               readable_bytes(found->bytes), text_of(found->oldest), text_of(found->newest),
               consumers_text(*found)});
  }
  print(command_.json ? R"({"partitions":)" + joined(lines) + "}\n" : table.render());
  co_return 0;
}

io::Task<Result<int>> LogCommand::describe() {
  MR_CO_TRY(const auto partitions, co_await chosen());
  std::vector<std::string> lines;
  for (const stream::TopicPartition& which : partitions) {
    MR_CO_TRY(const auto found, co_await log::describe_partition(world_, folder_, which));
    json::Object object = description_json(found);
    std::vector<std::string> segments;
    for (const auto& segment : found.segments) segments.push_back(segment_json(segment).to_json());
    object.set("segment_list", joined(segments));
    lines.push_back(object.to_json());
    if (command_.json) continue;
    print(place_of(which) + ": " + grouped(found.end - found.first) + " records, offsets " +
          grouped(found.first.value) + " to " + grouped(found.end.value) + ", " +
          readable_bytes(found.bytes) + ", " + text_of(found.oldest) + " to " +
          text_of(found.newest) + (found.writer_runs ? ", being written" : "") +
          "\nconsumers: " + consumers_text(found) + "\n\n");
    print_segments(found);
    print("\n");
  }
  if (command_.json) print(R"({"partitions":)" + joined(lines) + "}\n");
  co_return 0;
}

void LogCommand::show_record(const stream::TopicPartition& which,
                             const stream::Record& record) const {
  const std::string line = serve::record_line(which, record);
  print((command_.json ? line : readable_record(line)) + "\n");
}

// Where a dump begins.
io::Task<Result<Offset>> LogCommand::first_wanted(stream::Reader& reader) {
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

io::Task<Result<int>> LogCommand::dump_partition(stream::TopicPartition which) {
  MR_CO_TRY(const auto reader,
            co_await log::open_partition_reader(world_, log::partition_folder(folder_, which)));
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

io::Task<Result<int>> LogCommand::dump_file() {
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

io::Task<Result<int>> LogCommand::dump() {
  if (command_.log.topic.ends_with(".log")) co_return co_await dump_file();
  MR_CO_TRY(const auto partitions, co_await chosen());
  int outcome = 0;
  for (const stream::TopicPartition& which : partitions) {
    MR_CO_TRY(const int one, co_await dump_partition(which));
    outcome = std::max(outcome, one);
  }
  co_return outcome;
}

std::string finding_json(const log::VerifyFinding& finding) {
  json::Object object;
  object.set_text("file", finding.file);
  set_number(object, "position", static_cast<int64_t>(finding.position));
  set_number(object, "from", finding.from.value);
  set_number(object, "to", finding.to.value - 1);
  object.set_text("what", finding.what);
  return object.to_json();
}

io::Task<Result<int>> LogCommand::verify() {
  MR_CO_TRY(const auto partitions, co_await chosen());
  uint64_t total = 0;
  for (const stream::TopicPartition& which : partitions) {
    const auto bytes = co_await log::bytes_to_verify(world_, log::partition_folder(folder_, which));
    total += bytes.value_or(0);
  }
  TextTable table({"partition", "segments", "batches", "records", "bytes", "damaged"});
  std::vector<std::string> lines;
  std::string findings;
  bool damaged = false;
  {
    ProgressBar progress("verifying", total);
    for (const stream::TopicPartition& which : partitions) {
      const auto found =
          co_await log::verify_partition(world_, log::partition_folder(folder_, which), &progress);
      if (!found && found.error().code() == ErrorCode::not_found) continue;
      if (!found) co_return fail(found.error());
      json::Object object;
      object.set_text("topic", which.topic);
      set_number(object, "partition", which.partition);
      set_number(object, "segments", static_cast<int64_t>(found->segments));
      set_number(object, "batches", static_cast<int64_t>(found->batches));
      set_number(object, "records", static_cast<int64_t>(found->records));
      set_number(object, "bytes", static_cast<int64_t>(found->bytes));
      std::vector<std::string> items;
      for (const log::VerifyFinding& finding : found->findings) {
        items.push_back(finding_json(finding));
        findings += finding.file + ", byte " + std::to_string(finding.position) + ": offsets " +
                    std::to_string(finding.from.value) + " to " +
                    std::to_string(finding.to.value - 1) + ": " + finding.what + "\n";
      }
      damaged = damaged || !items.empty();
      object.set("findings", joined(items));
      lines.push_back(object.to_json());
      table.add({place_of(which), grouped(static_cast<long long>(found->segments)),
                 grouped(static_cast<long long>(found->batches)),
                 grouped(static_cast<long long>(found->records)), readable_bytes(found->bytes),
                 grouped(static_cast<long long>(items.size()))});
    }
  }
  print(command_.json ? R"({"partitions":)" + joined(lines) + "}\n" : table.render());
  if (!command_.json && damaged) print("\n" + findings);
  co_return damaged ? 1 : 0;
}

io::Task<Result<int>> LogCommand::truncate_before() {
  MR_CO_TRY(const auto partitions, co_await chosen());
  if (partitions.size() != 1) {
    co_return fail(ErrorCode::invalid_input, "name one partition with --partition");
  }
  const Offset wanted(command_.log.before);
  const Instant deadline = world_.clock.now() + removal_wait;
  MR_CO_TRY(const Offset first,
            co_await log::remove_before(world_, log::partition_folder(folder_, partitions[0]),
                                        {wanted, command_.log.force, deadline}));
  if (command_.json) {
    json::Object object;
    set_number(object, "first", first.value);
    print(object.to_json() + "\n");
  } else {
    print(place_of(partitions[0]) + " begins at offset " + grouped(first.value) +
          (first < wanted ? " (the writer has not removed the rest yet, or it is in a segment that "
                            "is still written)\n"
                          : "\n"));
  }
  co_return 0;
}

}  // namespace

int run_log_list(const Command& command) {
  LogCommand log(command);
  return log.run(log.list());
}

int run_log_describe(const Command& command) {
  LogCommand log(command);
  return log.run(log.describe());
}

int run_log_dump(const Command& command) {
  LogCommand log(command);
  return log.run(log.dump());
}

int run_log_verify(const Command& command) {
  LogCommand log(command);
  return log.run(log.verify());
}

int run_log_truncate_before(const Command& command) {
  LogCommand log(command);
  return log.run(log.truncate_before());
}

}  // namespace mr::main
