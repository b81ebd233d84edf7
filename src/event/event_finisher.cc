#include "event/event_finisher.h"

#include <utility>

#include "codec/json_text.h"
#include "event/distinct_id.h"
#include "event/event_names.h"
#include "event/request_fields.h"

namespace mr::event {
namespace {

constexpr std::string_view engage_event = "$identify";

std::optional<Refusal> invalid(std::string message) {
  return Refusal{400, RefusalReason::invalid_event, std::move(message)};
}

std::optional<Refusal> check_kinds(const EventDraft& draft) {
  if (json::kind_of(draft.raw) != json::Kind::object) return invalid("an event is not an object");
  if (!is_absent_or(json::Kind::string, draft.event)) return invalid("an event's name is no text");
  if (draft.properties != json::Kind::invalid && draft.properties != json::Kind::null &&
      draft.properties != json::Kind::object) {
    return invalid("an event's properties are not an object");
  }
  return check_draft_kinds(draft, "an event");
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
  const EventTime time = draft_time(draft, facts_.sent_at, facts_.now);
  captured.time_outcome = time.outcome;
  envelope.timestamp = time.time;
  const auto uuid = draft_uuid(draft, envelope.timestamp, uuids_);
  if (!uuid) {
    return Refusal{400, RefusalReason::invalid_uuid,
                   "the uuid of the event \"" + envelope.event + "\" is not a UUID"};
  }
  envelope.uuid = *uuid;
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

}  // namespace mr::event
