#include "capture/call_request.h"

#include "base/assert.h"
#include "capture/capture_service.h"
#include "codec/json_object.h"
#include "codec/json_text.h"
#include "codec/percent.h"
#include "codec/utf8.h"
#include "event/capture_payload.h"
#include "event/segment_request.h"

namespace mr::capture {
namespace {

class ProjectTokens final : public event::TokenLookup {
 public:
  explicit ProjectTokens(const ProjectFinder& projects) : projects_(projects) {}
  bool has(std::string_view token) const override { return projects_.find(token) != nullptr; }

 private:
  const ProjectFinder& projects_;
};

event::SegmentEndpoint endpoint_of(std::string_view path) {
  if (const auto segment = event::segment_endpoint_of_path(path)) return *segment;
  if (const auto rudder = event::rudder_endpoint_of_path(path)) return *rudder;
  const auto jitsu = event::jitsu_endpoint_of_path(path);
  MR_ASSERT(jitsu.has_value());
  return *jitsu;
}

// What a page asks us to keep of its visitor's address (Jitsu's `privacy.ipPolicy`): all of it,
// nothing, or all but the last part.
std::string address_by_policy(std::string_view ip, std::string_view policy) {
  if (policy == "remove") return {};
  if (policy != "stripLastOctet") return std::string(ip);
  const size_t last = ip.find_last_of(".:");
  if (last == std::string_view::npos) return {};
  return std::string(ip.substr(0, last + 1)) + (ip[last] == '.' ? "0" : "");
}

// What a browser's own headers tell, in the words of a call's context.
std::string device_context(const http::RequestHead& head) {
  json::Object context;
  const std::string_view agent = head.header_or_empty("user-agent");
  if (!agent.empty() && codec::is_valid_utf8(agent)) context.set_text("userAgent", agent);
  const std::string_view languages = head.header_or_empty("accept-language");
  const std::string_view first = codec::trim(languages.substr(0, languages.find_first_of(",;")));
  if (!first.empty() && codec::is_valid_utf8(first)) context.set_text("locale", first);
  return context.empty() ? std::string() : context.to_json();
}

}  // namespace

bool is_posthog_after_all(const http::Request& request) {
  const http::RequestHead& head = *request.head;
  if (without_slash(head.path) != "/batch") return false;
  event::CaptureQuery query = event::parse_capture_query(head.query);
  const auto text = event::decode_payload(
      {std::string(as_text(request.body)), head.header_or_empty("content-type"),
       head.header_or_empty("content-encoding"), segment_body_bytes_max},
      query);
  if (!text || !json::is_valid(*text)) return false;
  const std::string_view root = codec::trim(*text);
  return !json::member_of(root, "api_key").empty() || !json::member_of(root, "token").empty();
}

event::CaptureVerdict decode_calls(const http::Request& request, Route route,
                                   const ProjectFinder& projects, WallTime now,
                                   std::string_view client_ip, event::UuidSource& uuids) {
  const http::RequestHead& head = *request.head;
  const ProjectTokens tokens(projects);
  event::SegmentRequest call;
  call.endpoint = endpoint_of(head.path);
  const bool is_jitsu = route == Route::jitsu || head.path.starts_with("/api/px/");
  const std::string ip =
      address_by_policy(client_ip, is_jitsu ? head.header_or_empty("x-ip-policy") : "");
  const std::string context = call.endpoint.from_device ? device_context(head) : "";
  const auto query = codec::parse_form(head.query);
  for (const std::string_view name : {"writekey", "writeKey"}) {
    if (const std::string* key = codec::find_field(query, name)) call.keys.query = *key;
  }
  call.keys.authorization = head.header_or_empty("authorization");
  call.keys.header = head.header_or_empty("x-write-key");
  if (is_jitsu) {
    call.tokens = &tokens;
    call.needs_ids = false;
  }
  call.content_encoding = head.header_or_empty("content-encoding");
  call.body = call.endpoint.is_pixel ? head.query : as_text(request.body);
  call.now = now;
  call.client_ip = ip;
  call.device_context = context;
  return event::decode_segment_request(std::move(call), uuids);
}

}  // namespace mr::capture
