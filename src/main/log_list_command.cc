#include <algorithm>

#include "codec/json_object.h"
#include "event/timestamp.h"
#include "log/describe.h"
#include "main/log_command.h"
#include "main/log_commands.h"
#include "main/text_table.h"

namespace mr::main {

namespace {

// `list` and `describe`: what the partitions hold. One that cannot be read does not hide the
// others.
class LogList final : public LogCommand {
 public:
  using LogCommand::LogCommand;
  io::Task<Result<int>> list();
  io::Task<Result<int>> describe();

 private:
  // Nothing when it is not written yet; why it cannot be read is kept for the end.
  io::Task<std::optional<log::PartitionDescription>> look_at(stream::TopicPartition which);
  int finish(const TextTable* table) const;

  std::vector<std::string> lines_;  // of JSON
  std::string troubles_;            // for people
};

std::string text_of(const std::optional<WallTime>& time) {
  return time ? event::format_rfc3339(*time) : "-";
}

// A lower bound of its position is known, so that much at most.
int64_t behind(const log::PartitionDescription& found, const log::RegisteredConsumer& consumer) {
  return std::max<int64_t>(found.end - consumer.next, 0);
}

json::Object description_json(const log::PartitionDescription& found) {
  json::Object object;
  object.set_text("topic", found.which.topic);
  set_number(object, "partition", found.which.partition);
  set_offsets(object, found.first, found.end);
  set_number(object, "records", found.end - found.first);
  set_number(object, "segments", static_cast<int64_t>(found.segments.size()));
  set_number(object, "bytes", static_cast<int64_t>(found.bytes));
  if (found.oldest) object.set_text("oldest", text_of(found.oldest));
  if (found.newest) object.set_text("newest", text_of(found.newest));
  object.set("writer_runs", found.writer_runs ? "true" : "false");
  std::vector<std::string> consumers;
  for (const log::RegisteredConsumer& consumer : found.consumers.consumers) {
    json::Object one;
    one.set_text("name", consumer.name);
    set_number(one, "next_offset", consumer.next.value);
    set_number(one, "behind", behind(found, consumer));
    consumers.push_back(one.to_json());
  }
  for (const log::UnreadableNote& note : found.consumers.unreadable) {
    json::Object one;
    one.set_text("name", note.name);
    one.set_text("error", note.error.message());
    consumers.push_back(one.to_json());
  }
  object.set("consumers", joined(consumers));
  return object;
}

std::string consumers_text(const log::PartitionDescription& found) {
  std::string text;
  for (const log::RegisteredConsumer& consumer : found.consumers.consumers) {
    if (!text.empty()) text += ", ";
    text += consumer.name + " (" + grouped(behind(found, consumer)) + " behind at most)";
  }
  for (const log::UnreadableNote& note : found.consumers.unreadable) {
    if (!text.empty()) text += ", ";
    text += note.name + " (its note cannot be read)";
  }
  return text.empty() ? "-" : text;
}

json::Object segment_json(const log::SegmentDescription& segment) {
  json::Object object;
  set_offsets(object, segment.entry.base, segment.end);
  set_number(object, "bytes", static_cast<int64_t>(segment.bytes));
  set_number(object, "epoch", segment.entry.use.epoch);
  object.set("sealed", segment.entry.sealed ? "true" : "false");
  if (segment.missing) object.set("missing", "true");
  if (segment.entry.sealed) {
    object.set_text("newest", event::format_rfc3339(segment.entry.max_timestamp));
  }
  return object;
}

void print_segments(const log::PartitionDescription& found) {
  TextTable table(
      {"first offset", "last offset", "records", "bytes", "epoch", "state", "newest record"});
  for (const log::SegmentDescription& segment : found.segments) {
    const bool sealed = segment.entry.sealed;
    table.add({grouped(segment.entry.base.value), last_offset_text(segment.entry.base, segment.end),
               grouped(segment.end - segment.entry.base), readable_bytes(segment.bytes),
               std::to_string(segment.entry.use.epoch),
               segment.missing ? "missing"
               : sealed        ? "sealed"
                               : "open",
               sealed ? event::format_rfc3339(segment.entry.max_timestamp) : "-"});
  }
  print(table.render());
}

void print_partition(const log::PartitionDescription& found) {
  std::string text = place_of(found.which) + ": " + grouped(found.end - found.first) + " records, ";
  if (found.first < found.end) {
    text += "offsets " + grouped(found.first.value) + " to " +
            last_offset_text(found.first, found.end) + ", " + text_of(found.oldest) + " to " +
            text_of(found.newest) + ", ";
  }
  text += "next offset " + grouped(found.end.value) + ", " + readable_bytes(found.bytes) +
          (found.writer_runs ? ", being written" : "");
  print(text + "\nconsumers: " + consumers_text(found) + "\n\n");
  print_segments(found);
  print("\n");
}

io::Task<std::optional<log::PartitionDescription>> LogList::look_at(stream::TopicPartition which) {
  auto found = co_await log::describe_partition(world_, folder_, which);
  if (!found) {
    if (found.error().code() == ErrorCode::not_found) co_return std::nullopt;
    lines_.push_back(trouble_json(which, found.error()));
    troubles_ += trouble_text(which, found.error());
    co_return std::nullopt;
  }
  for (const log::UnreadableNote& note : found->consumers.unreadable) {
    troubles_ += place_of(which) + ": " + note.error.message() +
                 ": retention removes nothing until " + note.name +
                 " starts again and replaces it\n";
  }
  for (const log::SegmentDescription& segment : found->segments) {
    if (!segment.missing) continue;
    troubles_ += place_of(which) + ": the file of the segment with offsets " +
                 grouped(segment.entry.base.value) + " to " +
                 last_offset_text(segment.entry.base, segment.end) +
                 " is missing: they are lost, unless a backup or an archive has them\n";
  }
  co_return std::move(*found);
}

// After the last partition.
int LogList::finish(const TextTable* table) const {
  if (command_.json) {
    print(partitions_json(lines_));
  } else {
    if (table != nullptr) print(table->render() + (troubles_.empty() ? "" : "\n"));
    print(troubles_);
  }
  return troubles_.empty() ? 0 : 1;
}

io::Task<Result<int>> LogList::list() {
  MR_CO_TRY(const auto partitions, co_await chosen());
  TextTable table({"partition", "first offset", "last offset", "records", "segments", "bytes",
                   "oldest record", "newest record", "consumers"});
  for (const stream::TopicPartition& which : partitions) {
    const size_t lines = lines_.size();
    const auto found = co_await look_at(which);
    if (!found) {
      if (lines_.size() > lines) table.add_unreadable(place_of(which));
      continue;
    }
    lines_.push_back(description_json(*found).to_json());
    table.add({place_of(which), grouped(found->first.value),
               last_offset_text(found->first, found->end), grouped(found->end - found->first),
               std::to_string(found->segments.size()), readable_bytes(found->bytes),
               text_of(found->oldest), text_of(found->newest), consumers_text(*found)});
  }
  co_return finish(&table);
}

io::Task<Result<int>> LogList::describe() {
  MR_CO_TRY(const auto partitions, co_await chosen());
  for (const stream::TopicPartition& which : partitions) {
    const auto found = co_await look_at(which);
    if (!found) continue;
    json::Object object = description_json(*found);
    std::vector<std::string> segments;
    for (const auto& segment : found->segments) segments.push_back(segment_json(segment).to_json());
    object.set("segment_list", joined(segments));
    lines_.push_back(object.to_json());
    if (!command_.json) print_partition(*found);
  }
  co_return finish(nullptr);
}

}  // namespace

int run_log_list(const Command& command) {
  LogList log(command);
  return log.run(log.list());
}

int run_log_describe(const Command& command) {
  LogList log(command);
  return log.run(log.describe());
}

}  // namespace mr::main
