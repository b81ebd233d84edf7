#include "serve/tail.h"

#include "codec/json_object.h"
#include "codec/json_text.h"
#include "codec/utf8.h"
#include "event/captured_message.h"
#include "event/envelope.h"
#include "event/timestamp.h"
#include "io/clock.h"
#include "io/world.h"

namespace mr::serve {

namespace {

constexpr size_t piece_bytes = 256 * 1024;
// While following several partitions, how long one is waited for before the next has its turn.
constexpr Millis turn_wait{100};
// A follower gets a blank line after this long without news: writing it tells whether the client
// is still there and lets a server that stops cut it off.
constexpr Millis quiet_time{1000};

void set_value(json::Object& line, std::string_view name, std::string_view value) {
  if (json::Object::parse(value)) {
    line.set(name, value);
  } else {
    line.set_text(name, codec::is_valid_utf8(value) ? value : "(bytes that are no text)");
  }
}

json::Object header_object(const stream::Record& record) {
  json::Object headers;
  for (const stream::HeaderView& header : record.headers) {
    if (header.name == event::envelope_header) continue;
    const std::string_view value = as_text(header.value);
    if (codec::is_valid_utf8(value)) headers.set_text(header.name, value);
  }
  return headers;
}

json::Object captured_headers(const event::Envelope& envelope, std::string_view value) {
  json::Object headers;
  for (const auto& [name, text] : event::captured_message_headers(envelope, value)) {
    headers.set_text(name, text);
  }
  return headers;
}

}  // namespace

bool matches_pattern(std::string_view name, std::string_view pattern) {
  size_t at = 0;
  size_t in_pattern = 0;
  size_t star = std::string_view::npos;  // the last '*' seen, and the name's place tried after it
  size_t retry = 0;
  while (at < name.size()) {
    if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
      star = in_pattern++;
      retry = at;
    } else if (in_pattern < pattern.size() && pattern[in_pattern] == name[at]) {
      ++in_pattern;
      ++at;
    } else if (star != std::string_view::npos) {
      in_pattern = star + 1;
      at = ++retry;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', in_pattern) == std::string_view::npos;
}

std::string record_line(const stream::TopicPartition& where, const stream::Record& record) {
  json::Object line;
  line.set_text("topic", where.topic);
  line.set("partition", std::to_string(where.partition));
  line.set("offset", std::to_string(record.offset.value));
  line.set_text("timestamp", event::format_rfc3339(record.timestamp));
  line.set_text("key", as_text(record.key));
  const auto encoded = record.header(event::envelope_header);
  const Result<event::Envelope> envelope = encoded ? event::decode_envelope(*encoded, record.key)
                                                   : fail(ErrorCode::not_found, "no envelope");
  const Result<std::string> message =
      envelope ? event::captured_message_json(*envelope, as_text(record.value))
               : fail(envelope.error());
  if (message) {
    // A captured record that was dead-lettered keeps its envelope beside the reason.
    json::Object headers = captured_headers(*envelope, as_text(record.value));
    headers.overlay(header_object(record));
    line.set("headers", headers.to_json());
    line.set("value", *message);
  } else {
    line.set("headers", header_object(record).to_json());
    set_value(line, "value", as_text(record.value));
  }
  return line.to_json();
}

std::string damage_line(const stream::TopicPartition& where, const stream::DamagedRange& range) {
  json::Object line;
  line.set_text("topic", where.topic);
  line.set("partition", std::to_string(where.partition));
  line.set("first_offset", std::to_string(range.from.value));
  line.set("last_offset", std::to_string(range.to.value - 1));
  line.set_text("error", range.reason);
  if (range.removed) line.set("removed", "true");
  return line.to_json();
}

io::Task<Result<std::unique_ptr<TailSource>>> TailSource::open(io::World& world, stream::Log& log,
                                                               TailRequest request) {
  MR_CO_TRY(const auto all, co_await log.list());
  std::unique_ptr<TailSource> source(new TailSource(world));
  source->follow_ = request.follow;
  std::string known;
  std::string listed;  // the last one of them
  const bool by_partition = request.pattern.find('/') != std::string::npos;
  for (const stream::TopicPartition& where : all) {
    if (where.topic != listed) known += (known.empty() ? "" : ", ") + where.topic;
    listed = where.topic;
    const std::string place = where.topic + "/" + std::to_string(where.partition);
    if (!matches_pattern(by_partition ? place : where.topic, request.pattern)) continue;
    MR_CO_TRY(auto reader, co_await log.open_reader(where));
    MR_CO_TRY(const Offset first, co_await reader->first_offset());
    const Offset end = reader->end_offset();
    Offset from = std::max(request.from.value_or(first), first);
    if (request.from_time) {
      MR_CO_TRY(const Offset found, co_await reader->find_time(*request.from_time));
      from = std::max(from, found);
    }
    source->followed_.push_back({where, std::move(reader), from, end});
  }
  if (source->followed_.empty()) {
    co_return fail(ErrorCode::not_found, "no topic matches \"" + request.pattern +
                                             "\"; there are: " + (known.empty() ? "none" : known));
  }
  co_return std::move(source);
}

io::Task<Result<std::string>> TailSource::next() {
  const Instant quiet_until = world_.clock.now() + quiet_time;
  for (;;) {
    bool unfinished = false;
    for (size_t i = 0; i < followed_.size(); ++i) {
      Followed& followed = followed_[turn_++ % followed_.size()];
      if (!follow_ && followed.at >= followed.end) continue;
      unfinished = true;
      const Millis wait = followed_.size() == 1 ? quiet_time : turn_wait;
      MR_CO_TRY(std::string lines, co_await read_one(followed, world_.clock.now() + wait));
      if (!lines.empty()) co_return lines;
    }
    if (!unfinished) co_return std::string();
    if (world_.clock.now() >= quiet_until) co_return std::string("\n");
  }
}

io::Task<Result<std::string>> TailSource::read_one(Followed& followed, Instant deadline) {
  MR_CO_TRY(const auto batch, co_await followed.reader->read(followed.at, piece_bytes, deadline));
  std::string lines;
  if (batch.damaged) {
    followed.at = batch.damaged->to;
    co_return damage_line(followed.where, *batch.damaged) + "\n";
  }
  for (const stream::Record& record : batch.records) {
    if (!follow_ && record.offset >= followed.end) break;
    lines += record_line(followed.where, record);
    lines += '\n';
    followed.at = record.offset + 1;
  }
  co_return lines;
}

}  // namespace mr::serve
