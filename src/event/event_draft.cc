#include "event/event_draft.h"

#include <algorithm>

#include "codec/json_text.h"
#include "event/request_fields.h"

namespace mr::event {
namespace {

// Properties that say something to capture.
constexpr std::string_view distinct_id = "distinct_id";
constexpr std::string_view token = "token";
constexpr std::string_view ignore_sent_at = "$ignore_sent_at";
constexpr std::string_view cookieless_mode = "$cookieless_mode";
constexpr std::string_view capture_internal = "capture_internal";

}  // namespace

void read_event_property(json::Reader& reader, std::string_view key, EventDraft& draft) {
  const std::string_view value = reader.value();
  // Most properties are none of these, which their length tells mostly.
  switch (key.size()) {
    case distinct_id.size():
      if (key == distinct_id) draft.property_distinct_id = value;
      break;
    case token.size():
      if (key == token) draft.property_token = value;
      break;
    case ignore_sent_at.size():
      if (key == ignore_sent_at) draft.property_ignore_sent_at = value;
      break;
    case cookieless_mode.size():
      static_assert(cookieless_mode.size() == capture_internal.size());
      if (key == cookieless_mode) draft.property_cookieless_mode = value;
      if (key == capture_internal) draft.has_capture_internal = true;
      break;
    default:
      break;
  }
}

namespace {

void read_properties(json::Reader& reader, EventDraft& draft) {
  // A repeated `properties` replaces the former one, as everywhere.
  draft.property_distinct_id = {};
  draft.property_token = {};
  draft.property_ignore_sent_at = {};
  draft.property_cookieless_mode = {};
  draft.has_capture_internal = false;
  draft.properties = reader.peek();
  if (draft.properties != json::Kind::object) {
    reader.value();
    return;
  }
  reader.enter_object();
  std::string_view key;
  while (reader.next_member(key)) read_event_property(reader, key, draft);
}

}  // namespace

void read_event_field(json::Reader& reader, std::string_view key, EventDraft& draft) {
  if (key == "properties") {
    read_properties(reader, draft);
  } else if (key == "event") {
    draft.event = reader.value();
  } else if (key == "distinct_id") {
    draft.distinct_id = reader.value();
  } else if (key == "uuid") {
    draft.uuid = reader.value();
  } else if (key == "timestamp") {
    draft.timestamp = reader.value();
  } else if (key == "offset") {
    draft.offset = reader.value();
  } else if (key == "token") {
    draft.token = reader.value();
  } else if (key == "api_key") {
    draft.api_key = reader.value();
  } else if (key == "$token") {
    draft.dollar_token = reader.value();
  } else if (key == "$distinct_id") {
    draft.dollar_distinct_id = reader.value();
  } else {
    reader.value();
  }
}

EventDraft read_event(json::Reader& reader, std::string_view text) {
  EventDraft draft;
  const bool is_object = reader.peek() == json::Kind::object;
  const size_t start = reader.position();
  if (is_object) {
    reader.enter_object();
    std::string_view key;
    while (reader.next_member(key)) read_event_field(reader, key, draft);
  } else {
    reader.value();
  }
  draft.raw = text.substr(start, reader.position() - start);
  return draft;
}

std::string_view draft_token(const EventDraft& draft) {
  for (const std::string_view raw :
       {draft.token, draft.dollar_token, draft.api_key, draft.property_token}) {
    if (json::is_string(raw)) return raw;
  }
  return {};
}

std::string_view draft_distinct_id(const EventDraft& draft) {
  for (const std::string_view raw :
       {draft.distinct_id, draft.dollar_distinct_id, draft.property_distinct_id}) {
    if (!raw.empty() && !json::is_null(raw)) return raw;
  }
  return {};
}

namespace {

// The event's age when it was sent, when it tells one.
std::optional<int64_t> offset_millis(const EventDraft& draft) {
  const auto offset = json::as_double(draft.offset);
  if (!offset) return std::nullopt;
  constexpr double limit = 9e15;
  return static_cast<int64_t>(std::clamp(*offset, -limit, limit));
}

}  // namespace

std::optional<Refusal> check_draft_kinds(const EventDraft& draft, std::string_view whose) {
  const auto refusal = [&](std::string_view what) {
    return Refusal{400, RefusalReason::invalid_event, std::string(whose) + std::string(what)};
  };
  if (!is_absent_or(json::Kind::string, draft.timestamp)) {
    return refusal("'s timestamp is not a string");
  }
  if (!is_absent_or(json::Kind::number, draft.offset)) {
    return refusal("'s offset is not a number");
  }
  if (!is_absent_or(json::Kind::boolean, draft.property_cookieless_mode)) {
    return refusal("'s $cookieless_mode is not a boolean");
  }
  return std::nullopt;
}

EventTime draft_time(const EventDraft& draft, std::optional<WallTime> sent_at, WallTime now) {
  std::string scratch;
  TimeInput input{.sent_at = sent_at, .now = now};
  if (json::is_string(draft.timestamp)) input.timestamp = json::text_of(draft.timestamp, scratch);
  input.offset_millis = offset_millis(draft);
  input.ignore_sent_at = json::is_true(draft.property_ignore_sent_at);
  return compute_event_time(input);
}

std::optional<codec::Uuid> draft_uuid(const EventDraft& draft, WallTime at, UuidSource& uuids) {
  if (draft.uuid.empty() || json::is_null(draft.uuid) || draft.uuid == "\"\"") {
    return uuids.next(at);
  }
  std::string scratch;
  return codec::parse_uuid(json::text_of(draft.uuid, scratch));
}

}  // namespace mr::event
