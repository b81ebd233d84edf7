#include "capture/answer.h"

#include "capture/v1_answer.h"
#include "codec/json_text.h"
#include "event/segment_request.h"

namespace mr::capture {
namespace {

http::Response segment_response(const Outcome& outcome) {
  if (outcome.status == 200) {
    return http::Response::json(200, std::string(event::segment_success_body));
  }
  // Segment knows no 413: too large is 400 there.
  const int status = outcome.status == 413 ? 400 : outcome.status;
  // Its Python library looks for these two in the body of an error.
  std::string body = R"({"code":)";
  json::append_quoted(body, outcome.reason);
  body += R"(,"message":)";
  json::append_quoted(body, outcome.message);
  body += '}';
  return http::Response::json(status, std::move(body));
}

http::Response posthog_response(const Outcome& outcome) {
  if (outcome.status != 200) return http::Response::text(outcome.status, outcome.message);
  if (outcome.beacon) return http::Response(204);
  return http::Response::json(200, R"({"status":"Ok"})");
}

http::Response response_of(Route route, const Outcome& outcome) {
  if (route == Route::segment) return segment_response(outcome);
  return route == Route::posthog_v1 ? v1_response(outcome) : posthog_response(outcome);
}

}  // namespace

std::string receipt_of(const std::vector<stream::PartitionRange>& ranges) {
  std::string text;
  for (const stream::PartitionRange& one : ranges) {
    if (!text.empty()) text += ", ";
    text += one.range.spooled ? "captured.spool/" : "captured/";
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
