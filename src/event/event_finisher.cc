#include "event/event_finisher.h"

#include <utility>

#include "codec/json_text.h"
#include "event/distinct_id.h"
#include "event/event_names.h"

namespace mr::event {
namespace {

constexpr std::string_view engage_event = "$identify";

std::optional<Refusal> invalid(std::string message) {
  return Refusal{400, RefusalReason::invalid_event, std::move(message)};
}

bool absent_or(std::string_view raw, json::Kind kind) {
  return raw.empty() || json::is_null(raw) || json::kind_of(raw) == kind;
}

std::optional<Refusal> check_kinds(const EventDraft& draft) {
  if (json::kind_of(draft.raw) != json::Kind::object) return invalid("an event is not an object");
  if (!absent_or(draft.event, json::Kind::string)) return invalid("an event's name is no text");
  if (draft.properties != json::Kind::invalid && draft.properties != json::Kind::null &&
      draft.properties != json::Kind::object) {
    return invalid("an event's properties are not an object");
  }
  if (!absent_or(draft.timestamp, json::Kind::string)) {
    return invalid("an event's timestamp is not a string");
  }
  if (!absent_or(draft.offset, json::Kind::number)) {
    return invalid("an event's offset is not a number");
  }
  if (!absent_or(draft.property_cookieless_mode, json::Kind::boolean)) {
    return invalid("an event's $cookieless_mode is not a boolean");
  }
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> EventFinisher::finish(const EventDraft& draft, CapturedBatch& batch) {
  if (auto refusal = check_kinds(draft)) return refusal;
  CapturedEvent captured;
  Envelope& envelope = captured.envelope;
  envelope.event = event_name(draft);
  if (envelope.event.empty()) {
    return Refusal{400, RefusalReason::missing_event_name, "an event has no name"};
  }
  if (facts_.path == CapturePath::ai && !is_ai_event(envelope.event)) {
    return Refusal{400, RefusalReason::not_ai_event,
                   "this path takes AI events only, and \"" + envelope.event + "\" is none"};
  }
  if (envelope.event == performance_event) {
    ++batch.count(DropReason::performance_event);
    return std::nullopt;
  }
  const size_t bytes_max = facts_.limits.bytes_max_of(envelope.event);
  if (draft.raw.size() > bytes_max) {
    return Refusal{413, RefusalReason::event_too_large,
                   "an event is larger than " + std::to_string(bytes_max) + " bytes"};
  }
  envelope.distinct_id = normalise_distinct_id(draft_distinct_id(draft));
  if (envelope.distinct_id.empty()) {
    return Refusal{400, RefusalReason::missing_distinct_id,
                   "the event \"" + envelope.event + "\" has no distinct_id"};
  }
  const EventTime time = event_time(draft);
  captured.time_outcome = time.outcome;
  envelope.timestamp = time.time;
  if (!read_uuid(draft, envelope)) {
    return Refusal{400, RefusalReason::invalid_uuid,
                   "the uuid of the event \"" + envelope.event + "\" is not a UUID"};
  }
  envelope.token = facts_.token;
  envelope.ip = draft.has_capture_internal ? internal_ip : facts_.client_ip;
  envelope.arrival = facts_.now;
  envelope.sent_at = facts_.sent_at;
  envelope.historical = facts_.historical && !is_never_historical(envelope.event);
  envelope.cookieless = json::is_true(draft.property_cookieless_mode);
  captured.raw = draft.raw;
  batch.events.push_back(std::move(captured));
  return std::nullopt;
}

std::string EventFinisher::event_name(const EventDraft& draft) const {
  if (draft.event.empty() || json::is_null(draft.event)) {
    return facts_.path == CapturePath::engage ? std::string(engage_event) : std::string();
  }
  std::string scratch;
  return std::string(json::text_of(draft.event, scratch));
}

EventTime EventFinisher::event_time(const EventDraft& draft) const {
  std::string scratch;
  TimeInput input;
  if (json::is_string(draft.timestamp)) input.timestamp = json::text_of(draft.timestamp, scratch);
  input.offset_millis = offset_millis(draft);
  input.sent_at = facts_.sent_at;
  input.ignore_sent_at = json::is_true(draft.property_ignore_sent_at);
  input.now = facts_.now;
  return compute_event_time(input);
}

// False when there is one and it is not a UUID.
bool EventFinisher::read_uuid(const EventDraft& draft, Envelope& envelope) {
  if (draft.uuid.empty() || json::is_null(draft.uuid) || draft.uuid == "\"\"") {
    envelope.uuid = uuids_.next(envelope.timestamp);
    return true;
  }
  std::string scratch;
  const auto uuid = codec::parse_uuid(json::text_of(draft.uuid, scratch));
  if (uuid) envelope.uuid = *uuid;
  return uuid.has_value();
}

}  // namespace mr::event
