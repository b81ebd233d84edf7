#include "capture/answer.h"

#include <numeric>

#include "capture/otel_answer.h"
#include "capture/v1_answer.h"
#include "codec/json_text.h"
#include "event/pixel_payload.h"
#include "event/segment_request.h"

namespace mr::capture {
namespace {

// By these words RudderStack's libraries for phones know that they need not try again.
std::string_view words_before(const Outcome& outcome) {
  return outcome.reason == "unknown_token" ? "invalid write key: " : "";
}

// {"NAME":"the reason","message":"…"}
std::string error_body(std::string_view before, std::string_view name, const Outcome& outcome) {
  std::string body(before);
  json::append_quoted(body, name);
  body += ':';
  json::append_quoted(body, outcome.reason);
  body += R"(,"message":)";
  json::append_quoted(body, std::string(words_before(outcome)) + outcome.message);
  body += '}';
  return body;
}

// The libraries of Segment and RudderStack for Python look for `code` and `message` in the body of
// an error.
http::Response segment_response(const Outcome& outcome) {
  if (outcome.status == 200) {
    return http::Response::json(200, std::string(event::segment_success_body));
  }
  // Segment knows no 413: too large is 400 there.
  const int status = outcome.status == 413 ? 400 : outcome.status;
  return http::Response::json(status, error_body("{", "code", outcome));
}

http::Response rudder_response(const Outcome& outcome) {
  if (outcome.status == 200) return http::Response::text(200, "ok");
  return http::Response::json(outcome.status, error_body("{", "code", outcome));
}

// Jitsu's library takes every body for JSON.
http::Response jitsu_response(const Outcome& outcome) {
  if (outcome.status != 200) {
    return http::Response::json(outcome.status, error_body(R"({"ok":false,)", "error", outcome));
  }
  const size_t dropped = std::accumulate(outcome.dropped.begin(), outcome.dropped.end(), size_t{0});
  if (dropped == 0) return http::Response::json(200, R"({"ok":true})");
  return http::Response::json(200, R"({"ok":false,"receivedEvents":)" +
                                       std::to_string(outcome.kept + dropped) + R"(,"okEvents":)" +
                                       std::to_string(outcome.kept) + "}");
}

// Whatever became of it: a broken picture in somebody's mail mends nothing. Who looks closer is
// told.
http::Response pixel_response(const Outcome& outcome) {
  http::Response response(200);
  if (outcome.status != 200) {
    response.add_header("millrace-refused", std::string(outcome.reason) + ": " + outcome.message);
  }
  response.add_header("content-type", "image/gif");
  response.add_header("cache-control", "no-store");
  response.body = event::pixel_gif();
  return response;
}

void append_text_or_null(std::string& body, const std::optional<std::string>& text) {
  if (text) {
    json::append_quoted(body, *text);
  } else {
    body += "null";
  }
}

std::string parts_body(const std::vector<event::PartReport>& parts) {
  std::string body = R"({"accepted_parts":[)";
  for (const event::PartReport& part : parts) {
    if (&part != parts.data()) body += ',';
    body += R"({"name":)";
    json::append_quoted(body, part.name);
    body += R"(,"length":)" + std::to_string(part.length) + R"(,"content-type":)";
    append_text_or_null(body, part.content_type);
    body += R"(,"content-encoding":)";
    append_text_or_null(body, part.content_encoding);
    body += '}';
  }
  return body += "]}";
}

http::Response posthog_response(const Outcome& outcome) {
  if (outcome.status != 200) return http::Response::text(outcome.status, outcome.message);
  if (outcome.over_quota == catalog::Resource::recordings) {
    return http::Response::json(200, R"({"status":"Ok","quota_limited":["recordings"]})");
  }
  if (outcome.beacon) return http::Response(204);
  return http::Response::json(200, R"({"status":"Ok"})");
}

// The only path that says 429 to a quota (capture-api contract, section 7); what a rule of the
// operator dropped leaves an empty list.
http::Response ai_response(const Outcome& outcome) {
  if (outcome.status != 200) return http::Response::text(outcome.status, outcome.message);
  if (outcome.kept > 0) return http::Response::json(200, parts_body(outcome.parts));
  if (outcome.over_quota) return http::Response::text(429, "the project's quota is used up");
  return http::Response::json(200, parts_body({}));
}

http::Response response_of(Route route, const Outcome& outcome) {
  switch (route) {
    case Route::segment:
      return segment_response(outcome);
    case Route::rudder:
      return rudder_response(outcome);
    case Route::jitsu:
      return jitsu_response(outcome);
    case Route::pixel:
      return pixel_response(outcome);
    case Route::posthog_ai:
      return ai_response(outcome);
    case Route::posthog_otel:
      return otel_response(outcome, event::OtelForm::json);
    case Route::posthog_otel_protobuf:
      return otel_response(outcome, event::OtelForm::protobuf);
    case Route::posthog_v1:
    case Route::posthog_v1_ai:
      return v1_response(outcome);
    default:
      return posthog_response(outcome);
  }
}

}  // namespace

std::string receipt_of(const std::vector<LaneRange>& ranges) {
  std::string text;
  for (const auto& [lane, one] : ranges) {
    if (!text.empty()) text += ", ";
    text += event::topic_of(lane);
    text += one.range.spooled ? ".spool/" : "/";
    text += std::to_string(one.partition) + ":" + std::to_string(one.range.first.value) + "-" +
            std::to_string(one.range.last.value);
  }
  return text;
}

http::Response render_outcome(Route route, const Outcome& outcome) {
  http::Response response = response_of(route, outcome);
  if (!outcome.receipt.empty()) response.add_header("millrace-receipt", outcome.receipt);
  if (outcome.retry_after_seconds > 0) {
    response.add_header("retry-after", std::to_string(outcome.retry_after_seconds));
  }
  return response;
}

}  // namespace mr::capture
