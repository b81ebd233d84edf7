#include "main/trial_input.h"

#include "codec/json_object.h"
#include "codec/json_text.h"
#include "event/capture_request.h"
#include "event/captured_message.h"
#include "event/timestamp.h"

namespace mr::main {

namespace {

std::string take_text(json::Object& object, std::string_view key) {
  std::string text = object.find_text(key).value_or("");
  object.erase(key);
  return text;
}

Result<WallTime> read_arrival(const std::string& text, WallTime otherwise) {
  if (text.empty()) return otherwise;
  const auto time = event::parse_timestamp(text);
  if (!time) return fail(ErrorCode::invalid_input, "\"now\" is no time: " + text);
  return *time;
}

Result<json::Object> take_headers(json::Object& object) {
  const auto raw = object.find("headers");
  if (!raw) return json::Object();
  auto headers = json::Object::parse(*raw);
  if (!headers) return fail(ErrorCode::invalid_input, "\"headers\" is no object");
  object.erase("headers");
  return std::move(*headers);
}

bool says_true(const json::Object& headers, std::string_view name) {
  return headers.find_text(name) == "true" || json::is_true(headers.find(name).value_or("false"));
}

// The request that a client would have sent: a batch, whose token stands beside its events.
std::string request_of(json::Object line, std::string_view token, const std::string& sent_at) {
  json::Object request;
  if (line.contains("batch")) {
    request = std::move(line);
  } else {
    for (const std::string_view key : {"api_key", "token", "$token"}) line.erase(key);
    request.set("batch", "[" + line.to_json() + "]");
  }
  request.set_text("api_key", token);
  if (!sent_at.empty()) request.set_text("sent_at", sent_at);
  return request.to_json();
}

}  // namespace

Result<TrialLine> read_trial_line(std::string_view text, WallTime now,
                                  std::string_view project_token, event::UuidSource& uuids) {
  MR_TRY(json::Object object, json::Object::parse(text));
  const std::string ip = take_text(object, "ip");
  const std::string sent_at = take_text(object, "sent_at");
  MR_TRY(const WallTime arrival, read_arrival(take_text(object, "now"), now));
  MR_TRY(const json::Object headers, take_headers(object));
  // Events may repeat the token among their properties, where capture looks too.
  std::string token = take_text(object, "token");
  if (token.empty()) token = object.find_text("api_key").value_or("");
  if (token.empty()) {
    const std::string_view inside =
        json::member_of(object.find("properties").value_or("{}"), "token");
    token = json::unquote(inside).value_or(std::string(project_token));
  }
  event::CaptureRequest request;
  request.body = request_of(std::move(object), token, sent_at);
  request.now = arrival;
  request.client_ip = ip;
  const auto verdict = event::decode_capture_request(std::move(request), uuids);
  TrialLine line;
  if (!verdict) {
    line.refused = event::to_string(verdict.error().reason);
    line.message = verdict.error().message;
    return line;
  }
  for (const event::CapturedEvent& captured : verdict->events) {
    ingest::TrialRecord record{captured.envelope, std::string(captured.raw)};
    record.envelope.token = project_token;
    if (says_true(headers, event::personless_header)) record.envelope.personless = true;
    if (says_true(headers, "historical_migration")) record.envelope.historical = true;
    line.records.push_back(std::move(record));
  }
  return line;
}

}  // namespace mr::main
