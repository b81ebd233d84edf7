#include "event/replay_request.h"

#include <algorithm>
#include <utility>

#include "codec/json_text.h"
#include "codec/utf8.h"
#include "event/capture_payload.h"
#include "event/distinct_id.h"
#include "event/event_draft.h"
#include "event/recording.h"
#include "event/token.h"

namespace mr::event {
namespace {

// What is read of an item beside what every event has.
struct Item {
  EventDraft draft;
  std::string_view sent_at;
  std::string_view session_id;
  std::string_view window_id;
  std::string_view source;
  std::string_view host;
  std::string_view lib;
  json::Kind data = json::Kind::invalid;  // invalid: absent
};

void read_property(json::Reader& reader, std::string_view key, Item& item) {
  if (key == "$snapshot_data") {
    item.data = reader.peek();
    reader.value();
  } else if (key == "$session_id") {
    item.session_id = reader.value();
  } else if (key == "$window_id") {
    item.window_id = reader.value();
  } else if (key == "$snapshot_source") {
    item.source = reader.value();
  } else if (key == "$snapshot_host") {
    item.host = reader.value();
  } else if (key == "$lib") {
    item.lib = reader.value();
  } else {
    read_event_property(reader, key, item.draft);
  }
}

Item read_item(json::Reader& reader, std::string_view text) {
  Item item;
  const bool is_object = reader.peek() == json::Kind::object;
  const size_t start = reader.position();
  if (!is_object) {
    reader.value();
  } else {
    reader.enter_object();
    std::string_view key;
    while (reader.next_member(key)) {
      if (key == "properties" && reader.peek() == json::Kind::object) {
        item.draft.properties = json::Kind::object;
        reader.enter_object();
        while (reader.next_member(key)) read_property(reader, key, item);
      } else if (key == "sent_at") {
        item.sent_at = reader.value();
      } else {
        read_event_field(reader, key, item.draft);
      }
    }
  }
  item.draft.raw = text.substr(start, reader.position() - start);
  return item;
}

std::optional<Refusal> invalid(std::string message) {
  return Refusal{400, RefusalReason::invalid_event, std::move(message)};
}

// What every item must have.
std::optional<Refusal> check(const Item& item) {
  if (json::kind_of(item.draft.raw) != json::Kind::object) {
    return invalid("a snapshot is not an object");
  }
  if (item.data != json::Kind::array && item.data != json::Kind::object) {
    return Refusal{400, RefusalReason::missing_snapshot_data,
                   "a snapshot has no array or object `$snapshot_data`"};
  }
  return std::nullopt;
}

struct Walked {
  Item first;
  size_t items = 0;
};

std::expected<Walked, Refusal> walk(std::string_view text, size_t items_max) {
  if (!codec::is_valid_utf8(text)) {
    return refuse(400, RefusalReason::not_utf8, "the payload is not valid UTF-8");
  }
  json::Reader reader(text);
  Walked walked;
  std::optional<Refusal> refusal;
  const auto take = [&] {
    Item item = read_item(reader, text);
    if (!refusal) refusal = check(item);
    if (walked.items++ == 0) walked.first = std::move(item);
  };
  if (reader.peek() == json::Kind::array) {
    reader.enter_array();
    while (walked.items <= items_max && reader.next_item()) take();
  } else {
    take();
  }
  if (walked.items > items_max) {
    return refuse(413, RefusalReason::too_many_events,
                  "the request holds more than " + std::to_string(items_max) + " snapshots");
  }
  if (!reader.at_end()) {
    return refuse(400, RefusalReason::not_json,
                  "the payload is not valid JSON: " + reader.error().message());
  }
  if (walked.items == 0) {
    return refuse(400, RefusalReason::empty_batch, "the request holds no snapshots");
  }
  if (refusal) return std::unexpected(*std::move(refusal));
  return walked;
}

std::expected<std::string, Refusal> read_token(const EventDraft& first) {
  std::string scratch;
  const std::string_view raw = draft_token(first);
  if (raw.empty()) {
    return refuse(401, RefusalReason::missing_token, "the first snapshot has no project token");
  }
  const TokenVerdict verdict = check_token(json::text_of(raw, scratch));
  if (verdict.problem != TokenProblem::none) {
    return refuse(401, RefusalReason::malformed_token,
                  "the project token is malformed: " + std::string(to_string(verdict.problem)));
  }
  return std::string(verdict.token);
}

std::string text_or(std::string_view raw, std::string otherwise) {
  return json::unquote(raw).value_or(std::move(otherwise));
}

// PostHog's mobile libraries name themselves so when the recording does not.
std::string library_of(std::string_view user_agent) {
  const std::string_view name = user_agent.substr(0, user_agent.find('/'));
  const bool is_one = name.find("posthog") != std::string_view::npos && codec::is_valid_utf8(name);
  return is_one ? std::string(name) : "web";
}

std::expected<RecordingContext, Refusal> read_context(const Item& first,
                                                      std::string_view user_agent) {
  RecordingContext context;
  context.session_id = text_or(first.session_id, "");
  if (!is_session_id(context.session_id)) {
    return refuse(400, RefusalReason::invalid_session_id,
                  "`$session_id` must be 1 to 70 letters, digits and hyphens");
  }
  context.window_id = text_or(first.window_id, context.session_id);
  context.snapshot_source = text_or(first.source, "web");
  context.lib = json::is_string(first.lib) ? text_or(first.lib, "") : library_of(user_agent);
  context.snapshot_host = json::unquote(first.host);
  return context;
}

bool absent_or(std::string_view raw, json::Kind kind) {
  return raw.empty() || json::is_null(raw) || json::kind_of(raw) == kind;
}

// The fields of the first item that have a kind.
std::optional<Refusal> check_kinds(const EventDraft& first) {
  if (!absent_or(first.timestamp, json::Kind::string)) {
    return invalid("the first snapshot's timestamp is not a string");
  }
  if (!absent_or(first.offset, json::Kind::number)) {
    return invalid("the first snapshot's offset is not a number");
  }
  if (!absent_or(first.property_cookieless_mode, json::Kind::boolean)) {
    return invalid("the first snapshot's $cookieless_mode is not a boolean");
  }
  return std::nullopt;
}

std::optional<WallTime> read_sent_at(const Item& first, const CaptureQuery& query) {
  std::string scratch;
  if (json::is_string(first.sent_at)) {
    if (const auto time = parse_timestamp(json::text_of(first.sent_at, scratch))) return time;
  }
  return query.sent_at;
}

EventTime read_time(const EventDraft& first, const Envelope& envelope) {
  std::string scratch;
  TimeInput input;
  if (json::is_string(first.timestamp)) input.timestamp = json::text_of(first.timestamp, scratch);
  input.offset_millis = offset_millis(first);
  input.sent_at = envelope.sent_at;
  input.ignore_sent_at = json::is_true(first.property_ignore_sent_at);
  input.now = envelope.arrival;
  return compute_event_time(input);
}

// False when there is one and it is not a UUID.
bool read_uuid(const EventDraft& first, UuidSource& uuids, Envelope& envelope) {
  if (first.uuid.empty() || json::is_null(first.uuid) || first.uuid == "\"\"") {
    envelope.uuid = uuids.next(envelope.timestamp);
    return true;
  }
  std::string scratch;
  const auto uuid = codec::parse_uuid(json::text_of(first.uuid, scratch));
  if (uuid) envelope.uuid = *uuid;
  return uuid.has_value();
}

}  // namespace

CaptureVerdict decode_replay_request(ReplayRequest request, UuidSource& uuids) {
  CaptureQuery query = parse_capture_query(request.query);
  auto text = decode_payload({std::move(request.body), request.content_type,
                              request.content_encoding, request.limits.body_bytes_max},
                             query);
  if (!text) return std::unexpected(std::move(text).error());
  CapturedBatch batch;
  batch.body = std::make_unique<const std::string>(*std::move(text));
  batch.beacon = query.beacon;
  std::string_view payload = *batch.body;
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (payload.starts_with(byte_order_mark)) payload.remove_prefix(byte_order_mark.size());
  const auto walked = walk(payload, request.limits.events_max);
  if (!walked) return std::unexpected(walked.error());
  const Item& first = walked->first;
  auto token = read_token(first.draft);
  if (!token) return std::unexpected(std::move(token).error());
  batch.token = *token;
  if (auto refusal = check_kinds(first.draft)) return std::unexpected(*std::move(refusal));
  const auto context = read_context(first, request.user_agent);
  if (!context) return std::unexpected(context.error());

  CapturedEvent captured;
  Envelope& envelope = captured.envelope;
  envelope.dialect = Dialect::replay;
  envelope.event = snapshot_items_event;
  envelope.token = *std::move(token);
  envelope.distinct_id = distinct_id_as_sent(draft_distinct_id(first.draft));
  if (envelope.distinct_id.empty()) {
    return refuse(400, RefusalReason::missing_distinct_id, "the first snapshot has no distinct_id");
  }
  envelope.ip = first.draft.has_capture_internal ? internal_ip : request.client_ip;
  envelope.arrival = request.now;
  envelope.sent_at = read_sent_at(first, query);
  const EventTime time = read_time(first.draft, envelope);
  envelope.timestamp = time.time;
  captured.time_outcome = time.outcome;
  if (!read_uuid(first.draft, uuids, envelope)) {
    return refuse(400, RefusalReason::invalid_uuid, "the uuid of the first snapshot is not a UUID");
  }
  envelope.cookieless = json::is_true(first.draft.property_cookieless_mode);
  envelope.context = recording_context_json(*context);
  captured.raw = payload;
  batch.events.push_back(std::move(captured));
  return batch;
}

}  // namespace mr::event
