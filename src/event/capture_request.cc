#include "event/capture_request.h"

#include <optional>
#include <utility>

#include "codec/json_text.h"
#include "codec/utf8.h"
#include "event/capture_payload.h"
#include "event/event_draft.h"
#include "event/event_finisher.h"
#include "event/request_fields.h"

namespace mr::event {
namespace {

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
  text = without_byte_order_mark(text);
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
  return accept_token(found);
}

std::optional<WallTime> request_sent_at(const Walked& walked, const CaptureQuery& query) {
  const auto in_batch = walked.is_batch ? read_time(walked.sent_at) : std::nullopt;
  return in_batch ? in_batch : query.sent_at;
}

}  // namespace

CaptureVerdict decode_capture_request(CaptureRequest request, UuidSource& uuids) {
  CaptureQuery query = parse_capture_query(request.query);
  auto opened = open_batch({std::move(request.body), request.content_type, request.content_encoding,
                            request.limits.body_bytes_max},
                           query);
  if (!opened) return opened;
  CapturedBatch batch = *std::move(opened);
  auto walked = walk(*batch.body, request.limits.events_max);
  if (!walked) return std::unexpected(std::move(walked).error());
  auto token = resolve_token(*walked);
  if (!token) return std::unexpected(std::move(token).error());
  batch.token = *token;
  EventFinisher finisher({.token = *std::move(token),
                          .client_ip = request.client_ip,
                          .now = request.now,
                          .sent_at = request_sent_at(*walked, query),
                          .historical = walked->is_batch && json::is_true(walked->historical),
                          .path = request.path,
                          .limits = request.limits},
                         uuids);
  batch.events.reserve(walked->drafts.size());
  for (const EventDraft& draft : walked->drafts) {
    if (auto refusal = finisher.finish(draft, batch)) return std::unexpected(*std::move(refusal));
  }
  return batch;
}

}  // namespace mr::event
