#include "event/replay_request.h"

#include <algorithm>
#include <utility>

#include "codec/json_text.h"
#include "codec/utf8.h"
#include "event/capture_payload.h"
#include "event/distinct_id.h"
#include "event/event_draft.h"
#include "event/recording.h"
#include "event/request_fields.h"

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
  return accept_token(json::text_of(raw, scratch));
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

}  // namespace

CaptureVerdict decode_replay_request(ReplayRequest request, UuidSource& uuids) {
  CaptureQuery query = parse_capture_query(request.query);
  auto opened = open_batch({std::move(request.body), request.content_type, request.content_encoding,
                            request.limits.body_bytes_max},
                           query);
  if (!opened) return opened;
  CapturedBatch batch = *std::move(opened);
  const std::string_view payload = without_byte_order_mark(*batch.body);
  const auto walked = walk(payload, request.limits.events_max);
  if (!walked) return std::unexpected(walked.error());
  const Item& first = walked->first;
  auto token = read_token(first.draft);
  if (!token) return std::unexpected(std::move(token).error());
  batch.token = *token;
  if (auto refusal = check_draft_kinds(first.draft, "the first snapshot"))
    return std::unexpected(*std::move(refusal));
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
  envelope.sent_at = read_time(first.sent_at);
  if (!envelope.sent_at) envelope.sent_at = query.sent_at;
  const EventTime time = draft_time(first.draft, envelope.sent_at, request.now);
  envelope.timestamp = time.time;
  captured.time_outcome = time.outcome;
  const auto uuid = draft_uuid(first.draft, envelope.timestamp, uuids);
  if (!uuid) {
    return refuse(400, RefusalReason::invalid_uuid, "the uuid of the first snapshot is not a UUID");
  }
  envelope.uuid = *uuid;
  envelope.cookieless = json::is_true(first.draft.property_cookieless_mode);
  envelope.context = recording_context_json(*context);
  captured.raw = payload;
  batch.events.push_back(std::move(captured));
  return batch;
}

}  // namespace mr::event
