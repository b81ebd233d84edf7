#include "event/capture_request.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "codec/json_text.h"
#include "codec/utf8.h"
#include "event/capture_payload.h"
#include "event/distinct_id.h"
#include "event/event_draft.h"
#include "event/event_names.h"
#include "event/token.h"

namespace mr::event {
namespace {

constexpr std::string_view engage_event = "$identify";

// The payload after one walk over it: the shape, and a draft for each event.
struct Walked {
  std::vector<EventDraft> drafts;
  bool is_batch = false;         // an object with an array `batch`
  std::string_view batch_token;  // its root token, raw; empty when none
  std::string_view sent_at;      // raw
  std::string_view historical;   // raw
  bool too_many = false;
};

void walk_array(json::Reader& reader, std::string_view text, size_t events_max, Walked& walked) {
  walked.drafts.clear();
  reader.enter_array();
  while (reader.next_item()) {
    if (walked.drafts.size() == events_max) {
      walked.too_many = true;
      return;
    }
    walked.drafts.push_back(read_event(reader, text));
  }
}

// An object may be a batch or a single event, and which one shows only at its end.
void walk_object(json::Reader& reader, std::string_view text, size_t events_max, Walked& walked) {
  EventDraft root;
  const size_t start = reader.position();
  reader.enter_object();
  std::string_view key;
  while (!walked.too_many && reader.next_member(key)) {
    if (key == "batch" && reader.peek() == json::Kind::array) {
      walked.is_batch = true;
      walk_array(reader, text, events_max, walked);
    } else if (key == "sent_at") {
      walked.sent_at = reader.value();
    } else if (key == "historical_migration") {
      walked.historical = reader.value();
    } else {
      read_event_field(reader, key, root);
    }
  }
  root.raw = text.substr(start, reader.position() - start);
  walked.batch_token = json::is_string(root.token) ? root.token : root.api_key;
  if (!json::is_string(walked.batch_token)) walked.batch_token = {};
  if (!walked.is_batch) walked.drafts.push_back(root);
}

std::expected<Walked, Refusal> walk(std::string_view text, size_t events_max) {
  if (!codec::is_valid_utf8(text)) {
    return refuse(400, RefusalReason::not_utf8, "the payload is not valid UTF-8");
  }
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  json::Reader reader(text);
  Walked walked;
  if (reader.peek() == json::Kind::array) {
    walk_array(reader, text, events_max, walked);
  } else {
    walk_object(reader, text, events_max, walked);
  }
  if (walked.too_many) {
    return refuse(413, RefusalReason::too_many_events,
                  "the request holds more than " + std::to_string(events_max) + " events");
  }
  if (!reader.at_end()) {
    return refuse(400, RefusalReason::not_json,
                  "the payload is not valid JSON: " + reader.error().message());
  }
  if (walked.drafts.empty()) {
    return refuse(400, RefusalReason::empty_batch, "the request holds no events");
  }
  return walked;
}

// The one token of the request: a batch has it at its root; otherwise all events that carry a token
// must carry the same.
std::expected<std::string, Refusal> resolve_token(const Walked& walked) {
  std::string found;
  std::string scratch;
  bool any = false;
  if (walked.is_batch) {
    // The reference takes a batch without its token for a malformed event.
    if (walked.batch_token.empty()) {
      return refuse(400, RefusalReason::missing_token,
                    "the batch has no project token (api_key) at its root");
    }
    found = codec::trim(json::text_of(walked.batch_token, scratch));
    any = true;
  } else {
    for (const EventDraft& draft : walked.drafts) {
      const std::string_view raw = draft_token(draft);
      if (raw.empty()) continue;
      const std::string_view token = codec::trim(json::text_of(raw, scratch));
      if (any && token != found) {
        return refuse(401, RefusalReason::inconsistent_tokens,
                      "the events of one request carry different project tokens");
      }
      found = token;
      any = true;
    }
  }
  if (!any) {
    return refuse(401, RefusalReason::missing_token, "the request has no project token (api_key)");
  }
  const TokenVerdict verdict = check_token(found);
  if (verdict.problem != TokenProblem::none) {
    return refuse(401, RefusalReason::malformed_token,
                  "the project token is malformed: " + std::string(to_string(verdict.problem)));
  }
  return std::string(verdict.token);
}

// Makes captured events of drafts; what all events of a request share.
class Finisher {
 public:
  Finisher(const CaptureRequest& request, const Walked& walked, std::string token,
           std::optional<WallTime> sent_at, UuidSource& uuids)
      : request_(request),
        token_(std::move(token)),
        sent_at_(sent_at),
        historical_(walked.is_batch && json::is_true(walked.historical)),
        uuids_(uuids) {}

  // The refusal, if the event is not acceptable.
  std::optional<Refusal> finish(const EventDraft& draft, CapturedBatch& batch) {
    if (auto refusal = check_kinds(draft)) return refusal;
    CapturedEvent captured;
    Envelope& envelope = captured.envelope;
    envelope.event = event_name(draft);
    if (envelope.event.empty()) {
      return Refusal{400, RefusalReason::missing_event_name, "an event has no name"};
    }
    if (envelope.event == performance_event) {
      ++batch.count(DropReason::performance_event);
      return std::nullopt;
    }
    if (auto refusal = check_event(draft, envelope.event)) return refusal;
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
    envelope.token = token_;
    envelope.ip = draft.has_capture_internal ? internal_ip : request_.client_ip;
    envelope.arrival = request_.now;
    envelope.sent_at = sent_at_;
    envelope.historical = historical_ && !is_never_historical(envelope.event);
    envelope.cookieless = json::is_true(draft.property_cookieless_mode);
    captured.raw = draft.raw;
    batch.events.push_back(std::move(captured));
    return std::nullopt;
  }

 private:
  static std::optional<Refusal> invalid(std::string message) {
    return Refusal{400, RefusalReason::invalid_event, std::move(message)};
  }

  static bool absent_or(std::string_view raw, json::Kind kind) {
    return raw.empty() || json::is_null(raw) || json::kind_of(raw) == kind;
  }

  // What depends on the event's name.
  std::optional<Refusal> check_event(const EventDraft& draft, const std::string& event) const {
    if (request_.path == CapturePath::ai && !is_ai_event(event)) {
      return Refusal{400, RefusalReason::not_ai_event,
                     "this path takes AI events only, and \"" + event + "\" is none"};
    }
    const size_t bytes_max = request_.limits.bytes_max_of(event);
    if (draft.raw.size() > bytes_max) {
      return Refusal{413, RefusalReason::event_too_large,
                     "an event is larger than " + std::to_string(bytes_max) + " bytes"};
    }
    return std::nullopt;
  }

  static std::optional<Refusal> check_kinds(const EventDraft& draft) {
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

  std::string event_name(const EventDraft& draft) const {
    const bool absent = draft.event.empty() || json::is_null(draft.event);
    if (absent) {
      return request_.path == CapturePath::engage ? std::string(engage_event) : std::string();
    }
    std::string scratch;
    return std::string(json::text_of(draft.event, scratch));
  }

  EventTime event_time(const EventDraft& draft) const {
    std::string scratch;
    TimeInput input;
    if (json::is_string(draft.timestamp)) input.timestamp = json::text_of(draft.timestamp, scratch);
    input.offset_millis = offset_millis(draft);
    input.sent_at = sent_at_;
    input.ignore_sent_at = json::is_true(draft.property_ignore_sent_at);
    input.now = request_.now;
    return compute_event_time(input);
  }

  // False when there is one and it is not a UUID.
  bool read_uuid(const EventDraft& draft, Envelope& envelope) {
    if (draft.uuid.empty() || json::is_null(draft.uuid) || draft.uuid == "\"\"") {
      envelope.uuid = uuids_.next(envelope.timestamp);
      return true;
    }
    std::string scratch;
    const auto uuid = codec::parse_uuid(json::text_of(draft.uuid, scratch));
    if (uuid) envelope.uuid = *uuid;
    return uuid.has_value();
  }

  const CaptureRequest& request_;
  const std::string token_;
  const std::optional<WallTime> sent_at_;
  const bool historical_;
  UuidSource& uuids_;
};

std::optional<WallTime> request_sent_at(const Walked& walked, const CaptureQuery& query) {
  std::string scratch;
  if (walked.is_batch && json::is_string(walked.sent_at)) {
    if (const auto time = parse_timestamp(json::text_of(walked.sent_at, scratch))) return time;
  }
  return query.sent_at;
}

}  // namespace

CaptureVerdict decode_capture_request(CaptureRequest request, UuidSource& uuids) {
  CaptureQuery query = parse_capture_query(request.query);
  auto text = decode_payload({std::move(request.body), request.content_type,
                              request.content_encoding, request.limits.body_bytes_max},
                             query);
  if (!text) return std::unexpected(std::move(text).error());
  CapturedBatch batch;
  batch.body = std::make_unique<const std::string>(*std::move(text));
  batch.beacon = query.beacon;
  auto walked = walk(*batch.body, request.limits.events_max);
  if (!walked) return std::unexpected(std::move(walked).error());
  auto token = resolve_token(*walked);
  if (!token) return std::unexpected(std::move(token).error());
  batch.token = *token;
  Finisher finisher(request, *walked, *std::move(token), request_sent_at(*walked, query), uuids);
  batch.events.reserve(walked->drafts.size());
  for (const EventDraft& draft : walked->drafts) {
    if (auto refusal = finisher.finish(draft, batch)) return std::unexpected(*std::move(refusal));
  }
  return batch;
}

}  // namespace mr::event
