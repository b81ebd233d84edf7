#include "ingest/dead_letter.h"

#include "event/timestamp.h"
#include "ingest/state_messages.h"

namespace mr::ingest {

state::OutboxRow dead_letter_row(const stream::Record& record, std::string_view topic,
                                 int32_t partition, std::string_view reason, std::string_view error,
                                 WallTime now) {
  state::OutboxRow row;
  row.topic = dead_letters_topic;
  row.key = as_text(record.key);
  row.value = as_text(record.value);
  for (const stream::HeaderView& header : record.headers) {
    row.headers.push_back({std::string(header.name), std::string(as_text(header.value))});
  }
  row.headers.push_back({"dlq_reason", std::string(reason)});
  row.headers.push_back({"dlq_step", "ingest"});
  if (!error.empty()) row.headers.push_back({"dlq_error", std::string(error)});
  row.headers.push_back({"dlq_timestamp", event::format_rfc3339(now)});
  row.headers.push_back({"dlq_topic", std::string(topic)});
  row.headers.push_back({"dlq_partition", std::to_string(partition)});
  row.headers.push_back({"dlq_offset", std::to_string(record.offset.value)});
  row.timestamp = record.timestamp;
  return row;
}

state::OutboxRow damage_letter_row(const stream::DamagedRange& range, std::string_view topic,
                                   int32_t partition, WallTime now) {
  const stream::Record place{range.from, now, {}, {}, {}};
  state::OutboxRow row =
      dead_letter_row(place, topic, partition, damage_reason(range), range.reason, now);
  row.headers.push_back({"dlq_last_offset", std::to_string(range.to.value - 1)});
  return row;
}

std::string_view damage_reason(const stream::DamagedRange& range) {
  return range.removed ? "removed_from_log" : "damaged_in_log";
}

}  // namespace mr::ingest
