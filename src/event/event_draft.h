#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "codec/json_reader.h"

namespace mr::event {

// One event of a PostHog payload while its request is being read: the raw JSON of the fields that
// capture looks at, each empty when absent. Inner to the readers of requests.
struct EventDraft {
  std::string_view raw;  // the whole event
  std::string_view event;
  std::string_view token;
  std::string_view dollar_token;
  std::string_view api_key;
  std::string_view distinct_id;
  std::string_view dollar_distinct_id;
  std::string_view uuid;
  std::string_view timestamp;
  std::string_view offset;
  json::Kind properties = json::Kind::invalid;  // invalid: absent
  std::string_view property_token;
  std::string_view property_distinct_id;
  std::string_view property_ignore_sent_at;
  std::string_view property_cookieless_mode;
  bool has_capture_internal = false;
};

// Reads the value of a member of an event object into the draft, or passes over it.
void read_event_field(json::Reader& reader, std::string_view key, EventDraft& draft);

// The same for a member of the event's properties.
void read_event_property(json::Reader& reader, std::string_view key, EventDraft& draft);

// Reads the value that comes next in `text`, which is what the reader walks. Anything but an object
// gives a draft whose raw text does not begin with a brace.
EventDraft read_event(json::Reader& reader, std::string_view text);

// The raw token of the event itself: `token`, `$token`, `api_key`, `properties.token`, the first
// that is a string; else empty.
std::string_view draft_token(const EventDraft& draft);

// The raw distinct id: the first that is there and not null; else empty.
std::string_view draft_distinct_id(const EventDraft& draft);

// The event's age when it was sent, when it tells one.
std::optional<int64_t> offset_millis(const EventDraft& draft);

}  // namespace mr::event
