#include "capture/v1_answer.h"

#include <utility>

#include "codec/json_text.h"
#include "codec/uuid.h"

namespace mr::capture {
namespace {

constexpr std::string_view error_uri = "https://posthog.com/docs/api/capture";

// Reasons that v1 has words of its own for.
constexpr std::pair<std::string_view, std::string_view> tags[] = {
    {"missing_headers", "missing_required_headers"},
    {"invalid_header", "invalid_header_value"},
    {"unsupported_content_type", "unsupported_content_type"},
    {"unsupported_encoding", "unsupported_encoding"},
    {"empty_payload", "empty_body"},
    {"damaged_body", "request_decoding_error"},
    {"empty_batch", "empty_batch"},
    {"invalid_batch", "invalid_batch"},
    {"missing_uuid", "missing_event_uuid"},
    {"invalid_uuid", "invalid_event_uuid"},
    {"duplicate_uuid", "duplicate_event_uuid"},
    {"body_timed_out", "body_read_timeout"},
    {"billing_limit_exceeded", "billing_limit_exceeded"}};

std::string_view detail_of(event::DropReason reason) {
  return reason == event::DropReason::performance_event ? "dropped_performance_event"
                                                        : event::to_string(reason);
}

void append_result(std::string& body, const event::EventReport& report) {
  std::string_view result = "ok";
  std::string_view detail;
  if (report.dropped) {
    result = "drop";
    detail = detail_of(*report.dropped);
  } else if (report.personless) {
    result = "warning";
    detail = "person_processing_disabled";
  }
  body += '"';
  codec::append_text(body, report.uuid);
  body += R"(":{"result":")";
  body += result;
  if (!detail.empty()) {
    body += R"(","details":")";
    body += detail;
  }
  body += "\"}";
}

std::string results_body(const std::vector<event::EventReport>& reports) {
  std::string body = R"({"results":{)";
  for (const event::EventReport& report : reports) {
    if (&report != reports.data()) body += ',';
    append_result(body, report);
  }
  return body += "}}";
}

}  // namespace

std::string_view v1_tag(int status, std::string_view reason) {
  for (const auto& [ours, theirs] : tags) {
    if (ours == reason) return theirs;
  }
  switch (status) {
    case 401:
      return "invalid_api_token";
    case 408:
      return "request_timeout";
    case 413:
      return "payload_too_large";
    case 503:
      return "service_unavailable";
    default:
      return status < 500 ? "request_parsing_error" : "internal_error";
  }
}

http::Response v1_response(const Outcome& outcome) {
  // Other formats take a quota for a success; v1 has words for it (capture-api contract, traps 4).
  const bool nothing_kept = outcome.status == 200 && outcome.over_quota && outcome.kept == 0;
  if (nothing_kept) {
    return v1_response({.status = 402,
                        .reason = "billing_limit_exceeded",
                        .message = "the project's quota for " +
                                   std::string(to_string(*outcome.over_quota)) +
                                   " is used up: nothing of this request was kept"});
  }
  if (outcome.status == 200) return http::Response::json(200, results_body(outcome.reports));
  std::string body = R"({"error":)";
  json::append_quoted(body, v1_tag(outcome.status, outcome.reason));
  body += R"(,"error_description":)";
  json::append_quoted(body, outcome.message);
  body += R"(,"error_uri":)";
  json::append_quoted(body, error_uri);
  body += '}';
  return http::Response::json(outcome.status, std::move(body));
}

void echo_request_id(const http::RequestHead& head, http::Response& response) {
  const auto id = head.header("posthog-request-id");
  if (id && codec::parse_uuid(*id)) response.add_header("posthog-request-id", *id);
}

}  // namespace mr::capture
