#include "capture/answer.h"

#include <string_view>

#include "codec/json_text.h"

namespace mr::capture {
namespace {

// Segment's clients look into the body of an error for a word and a sentence.
std::string_view segment_code(int status) {
  switch (status) {
    case 401:
      return "unauthorized";
    case 408:
      return "request_timeout";
    case 413:
      return "payload_too_large";
    case 503:
      return "service_unavailable";
    default:
      return "invalid_request";
  }
}

http::Response segment_response(const Outcome& outcome) {
  if (outcome.status == 200) return http::Response::json(200, R"({"success":true})");
  // Segment knows no 413: too large is 400 there.
  const int status = outcome.status == 413 ? 400 : outcome.status;
  std::string body = R"({"code":")";
  body.append(segment_code(outcome.status)).append(R"(","message":)");
  json::append_quoted(body, outcome.message);
  body += '}';
  return http::Response::json(status, std::move(body));
}

http::Response posthog_response(const Outcome& outcome) {
  if (outcome.status != 200) return http::Response::text(outcome.status, outcome.message);
  if (outcome.beacon) return http::Response(204);
  return http::Response::json(200, R"({"status":"Ok"})");
}

}  // namespace

http::Response render_outcome(Route route, const Outcome& outcome) {
  http::Response response =
      route == Route::segment ? segment_response(outcome) : posthog_response(outcome);
  if (outcome.retry_after_seconds > 0) {
    response.add_header("retry-after", std::to_string(outcome.retry_after_seconds));
  }
  return response;
}

}  // namespace mr::capture
