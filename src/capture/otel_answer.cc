#include "capture/otel_answer.h"

#include <string>

#include <protozero/pbf_writer.hpp>

#include "codec/json_text.h"

namespace mr::capture {
namespace {

struct Rejected {
  uint64_t spans = 0;
  std::string reasons;  // "2 ai_event_too_big, 1 quota_ai"
};

Rejected rejected_of(const Outcome& outcome) {
  Rejected rejected;
  for (size_t i = 0; i < outcome.dropped.size(); ++i) {
    const auto reason = static_cast<event::DropReason>(i);
    const uint32_t count = outcome.dropped[i];
    if (count == 0 || reason == event::DropReason::not_ai_span) continue;
    rejected.spans += count;
    if (!rejected.reasons.empty()) rejected.reasons += ", ";
    rejected.reasons += std::to_string(count) + " " + std::string(to_string(reason));
  }
  return rejected;
}

http::Response json_response(const Outcome& outcome) {
  if (outcome.status != 200) {
    return http::Response::json(outcome.status,
                                R"({"message":)" + json::quote(outcome.message) + "}");
  }
  const Rejected rejected = rejected_of(outcome);
  if (rejected.spans == 0) return http::Response::json(200, "{}");
  return http::Response::json(200, R"({"partialSuccess":{"rejectedSpans":")" +
                                       std::to_string(rejected.spans) + R"(","errorMessage":)" +
                                       json::quote(rejected.reasons) + "}}");
}

http::Response protobuf_response(const Outcome& outcome) {
  http::Response response(outcome.status);
  response.add_header("content-type", "application/x-protobuf");
  protozero::pbf_writer message(response.body);
  if (outcome.status != 200) {
    message.add_string(2, outcome.message);
    return response;
  }
  const Rejected rejected = rejected_of(outcome);
  if (rejected.spans == 0) return response;
  protozero::pbf_writer partial(message, 1);
  partial.add_int64(1, static_cast<int64_t>(rejected.spans));
  partial.add_string(2, rejected.reasons);
  return response;
}

}  // namespace

http::Response otel_response(const Outcome& outcome, event::OtelForm form) {
  return form == event::OtelForm::protobuf ? protobuf_response(outcome) : json_response(outcome);
}

}  // namespace mr::capture
