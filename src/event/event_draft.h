#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"
#include "codec/json_reader.h"
#include "codec/uuid.h"
#include "event/captured_batch.h"
#include "event/timestamp.h"

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

// Whether the fields that tell of time and person are of the kinds they must be; else the refusal,
// in which `whose` names the event.
std::optional<Refusal> check_draft_kinds(const EventDraft& draft, std::string_view whose);

// When the event happened, by what it says and what its request says.
EventTime draft_time(const EventDraft& draft, std::optional<WallTime> sent_at, WallTime now);

// The event's uuid, or for one without a new one whose time is `at`. Nothing when it has one that
// is not a UUID.
std::optional<codec::Uuid> draft_uuid(const EventDraft& draft, WallTime at, UuidSource& uuids);

}  // namespace mr::event
