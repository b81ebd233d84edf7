#include "event/ai_request.h"

#include <utility>

#include "codec/json_text.h"
#include "codec/multipart.h"
#include "codec/utf8.h"
#include "event/event_finisher.h"

namespace mr::event {
namespace {

constexpr std::string_view event_part = "event";
constexpr std::string_view properties_part = "event.properties";

std::unexpected<Refusal> invalid(RefusalReason reason, std::string message) {
  return refuse(400, reason, std::move(message));
}

// The parts of the request by what they are.
struct Parts {
  std::string_view event;
  std::optional<std::string_view> properties;
  std::vector<PartReport> reports;
};

std::expected<Parts, Refusal> read_parts(std::string_view body, std::string_view boundary) {
  auto split = codec::split_multipart(body, boundary, 2);
  if (!split) return invalid(RefusalReason::not_multipart, split.error().message());
  if (split->empty() || split->front().name != event_part) {
    return invalid(RefusalReason::unexpected_part, "the first part must be `event`");
  }
  Parts parts;
  parts.event = split->front().content;
  if (split->size() > 1) {
    if ((*split)[1].name != properties_part) {
      return invalid(RefusalReason::unexpected_part,
                     "only a part `event.properties` may follow the part `event`");
    }
    parts.properties = (*split)[1].content;
  }
  if (parts.event.size() > ai_event_part_bytes_max) {
    return refuse(
        413, RefusalReason::event_too_large,
        "the part `event` is larger than " + std::to_string(ai_event_part_bytes_max) + " bytes");
  }
  if (parts.event.size() + parts.properties.value_or("").size() > ai_parts_bytes_max) {
    return refuse(
        413, RefusalReason::event_too_large,
        "the event is larger than " + std::to_string(ai_parts_bytes_max) + " bytes in all");
  }
  for (codec::Part& part : *split) {
    parts.reports.push_back({std::move(part.name), part.content.size(),
                             std::move(part.content_type), std::move(part.content_encoding)});
  }
  return parts;
}

// The text of exactly one JSON object, without what blanks surround it.
std::expected<std::string_view, Refusal> read_object(std::string_view text, std::string_view part) {
  if (!codec::is_valid_utf8(text)) {
    return invalid(RefusalReason::not_utf8,
                   "the part `" + std::string(part) + "` is not valid UTF-8");
  }
  json::Reader reader(text);
  if (reader.peek() != json::Kind::object) {
    return invalid(RefusalReason::invalid_event,
                   "the part `" + std::string(part) + "` is not a JSON object");
  }
  const std::string_view object = reader.value();
  if (!reader.at_end()) {
    return invalid(RefusalReason::not_json, "the part `" + std::string(part) +
                                                "` is not valid JSON: " + reader.error().message());
  }
  return object;
}

// The event with its properties, which are text inserted into text.
std::expected<std::string, Refusal> join_parts(const Parts& parts) {
  auto event = read_object(parts.event, event_part);
  if (!event) return std::unexpected(std::move(event).error());
  if (!parts.properties) return std::string(*event);
  auto properties = read_object(*parts.properties, properties_part);
  if (!properties) return std::unexpected(std::move(properties).error());
  if (!json::member_of(*event, "properties").empty()) {
    return invalid(RefusalReason::unexpected_part,
                   "the event has properties in it and in the part `event.properties`");
  }
  std::string whole(event->substr(0, event->size() - 1));
  const bool has_fields = whole.find('"') != std::string::npos;
  whole += has_fields ? R"(,"properties":)" : R"("properties":)";
  whole += *properties;
  whole += '}';
  return whole;
}

bool is_filled_text(std::string_view raw) {
  return json::is_string(raw) && raw != "\"\"";
}

// What this path demands of its event beyond what every event needs.
std::optional<Refusal> check(const EventDraft& draft) {
  if (!is_filled_text(draft.distinct_id)) {
    return Refusal{400, RefusalReason::missing_distinct_id,
                   "the event's distinct_id must be a text and not empty"};
  }
  if (!is_filled_text(draft.uuid)) {
    return Refusal{400, RefusalReason::missing_uuid, "the event has no uuid"};
  }
  if (!is_filled_text(json::member_of(json::member_of(draft.raw, "properties"), "$ai_model"))) {
    return Refusal{400, RefusalReason::invalid_event,
                   "the event's property `$ai_model` must be a text and not empty"};
  }
  return std::nullopt;
}

}  // namespace

CaptureVerdict decode_ai_request(BearerRequest request, UuidSource& uuids) {
  const auto boundary = codec::is_multipart_form(request.content_type)
                            ? codec::multipart_boundary(request.content_type)
                            : std::nullopt;
  if (!boundary) {
    return invalid(RefusalReason::not_multipart,
                   "Content-Type must be multipart/form-data with a boundary");
  }
  auto token = read_bearer_token(request.authorization);
  if (!token) return std::unexpected(std::move(token).error());
  const auto body = open_body(request);
  if (!body) return std::unexpected(body.error());
  auto parts = read_parts(*body, *boundary);
  if (!parts) return std::unexpected(std::move(parts).error());
  auto event = join_parts(*parts);
  if (!event) return std::unexpected(std::move(event).error());
  CapturedBatch batch;
  batch.token = *token;
  batch.parts = std::move(parts->reports);
  batch.body = std::make_unique<const std::string>(*std::move(event));
  json::Reader reader(*batch.body);
  const EventDraft draft = read_event(reader, *batch.body);
  if (auto refusal = check(draft)) return std::unexpected(*std::move(refusal));
  EventFinisher finisher({.token = *std::move(token),
                          .client_ip = request.client_ip,
                          .now = request.now,
                          .path = CapturePath::ai,
                          .limits = request.limits},
                         uuids);
  if (auto refusal = finisher.finish(draft, batch)) return std::unexpected(*std::move(refusal));
  return batch;
}

}  // namespace mr::event
