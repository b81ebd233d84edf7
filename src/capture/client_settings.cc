#include "capture/client_settings.h"

#include <algorithm>
#include <array>
#include <optional>

#include "capture/capture_service.h"
#include "capture/route.h"
#include "codec/integer.h"
#include "codec/json_object.h"
#include "codec/json_text.h"
#include "codec/percent.h"
#include "codec/uuid.h"
#include "event/capture_payload.h"

namespace mr::capture {
namespace {

using http::Method;
using http::Response;

constexpr size_t flags_body_bytes_max = 1024 * 1024;

// What a path asks for.
enum class Asked : uint8_t {
  remote_config,
  flags,
  decide,
  flag_definitions,
  surveys,
  experiments,
  early_access,
  segment_settings,
  segment_metrics,
  rudder_source,
};

struct Exact {
  std::string_view path;
  Asked asked;
};
constexpr std::array<Exact, 9> exact_paths = {{
    {"/flags", Asked::flags},
    {"/decide", Asked::decide},
    {"/flags/definitions", Asked::flag_definitions},
    {"/api/feature_flag/local_evaluation", Asked::flag_definitions},  // posthog-go asks here
    {"/api/surveys", Asked::surveys},
    {"/api/web_experiments", Asked::experiments},
    {"/api/early_access_features", Asked::early_access},
    {"/v1/m", Asked::segment_metrics},
    {"/sourceConfig", Asked::rudder_source},
}};

// What stands between `prefix` and `ending`, when that is one step of the path.
std::string_view step_between(std::string_view path, std::string_view prefix,
                              std::string_view ending) {
  if (!path.starts_with(prefix) || !path.ends_with(ending)) return {};
  if (path.size() <= prefix.size() + ending.size()) return {};
  path.remove_prefix(prefix.size());
  path.remove_suffix(ending.size());
  return path.find('/') == std::string_view::npos ? path : std::string_view();
}

std::string_view token_of_config(std::string_view path) {
  const std::string_view json = step_between(path, "/array/", "/config");
  return json.empty() ? step_between(path, "/array/", "/config.js") : json;
}

std::string_view token_of_segment_settings(std::string_view path) {
  return step_between(path, "/v1/projects/", "/settings");
}

std::optional<Asked> asked_by(std::string_view path) {
  const std::string_view trimmed = without_slash(path);
  for (const Exact& exact : exact_paths) {
    if (trimmed == exact.path) return exact.asked;
  }
  if (!token_of_config(trimmed).empty()) return Asked::remote_config;
  if (!token_of_segment_settings(trimmed).empty()) return Asked::segment_settings;
  return std::nullopt;
}

bool takes(Asked asked, Method method) {
  const bool reads = method == Method::get || method == Method::head;
  switch (asked) {
    case Asked::flags:
    case Asked::decide:
      return reads || method == Method::post;
    case Asked::segment_metrics:
      return method == Method::post;
    default:
      return reads;
  }
}

std::string_view methods_of(Asked asked) {
  if (takes(asked, Method::get)) {
    return takes(asked, Method::post) ? "GET,HEAD,POST,OPTIONS" : "GET,HEAD,OPTIONS";
  }
  return "POST,OPTIONS";
}

// Everything that a browser library switches on by it stays off, but for autocapture, which a
// missing key would turn off (contract section 0, trap 8). `surveys` is missing on purpose: at any
// value, false too, posthog-js loads a script of surveys from us.
constexpr std::string_view members_before_recording =
    R"("supportedCompression":["gzip","gzip-js"],"hasFeatureFlags":false,)"
    R"("autocapture_opt_out":false,"autocaptureExceptions":false,"capturePerformance":false,)"
    R"("captureDeadClicks":false,"heatmaps":false,"sessionRecording":)";
constexpr std::string_view members_after_recording =
    R"(,"defaultIdentifiedOnly":true,"elementsChainAsString":true,)"
    R"("analytics":{"endpoint":"/i/v0/e/"},)"
    R"("errorTracking":{"autocaptureExceptions":false,"suppressionRules":[]},)"
    R"("siteApps":[],"isAuthenticated":false,"toolbarParams":{})";

std::string config_members(bool records_sessions) {
  std::string members(members_before_recording);
  members += records_sessions ? R"({"endpoint":"/s/"})" : "false";
  members += members_after_recording;
  return members;
}

std::string config_json(std::string_view token, bool records_sessions) {
  return R"({"token":)" + json::quote(token) + "," + config_members(records_sessions) + "}";
}

// The number of a query's field; nothing when it is missing or no number.
std::optional<int> number_of(const std::vector<codec::FormField>& query, std::string_view name) {
  const std::string* text = codec::find_field(query, name);
  return text == nullptr ? std::nullopt : codec::parse_integer<int>(*text);
}

// The members that tell of flags, in the shape that the version asks for. There are none.
std::string flag_members(int version, bool decide, int64_t now, const std::string& request_id) {
  const int newest = decide ? 4 : 2;
  if (version >= newest) {
    return R"("flags":{},"errorsWhileComputingFlags":false,"requestId":")" + request_id +
           R"(","evaluatedAt":)" + std::to_string(now);
  }
  const std::string_view none = decide && version <= 1 ? "[]" : "{}";
  std::string members = R"("featureFlags":)" + std::string(none);
  if (!decide || version == 3) members += R"(,"featureFlagPayloads":{})";
  return members + R"(,"errorsWhileComputingFlags":false)";
}

bool has_distinct_id(const json::Object& body) {
  for (const std::string_view name : {"distinct_id", "$distinct_id"}) {
    const auto raw = body.find(name);
    if (raw && !json::is_null(*raw) && !json::to_plain_text(*raw).empty()) return true;
  }
  return false;
}

std::string token_in(const json::Object& body) {
  for (const std::string_view name : {"token", "api_key", "$token"}) {
    if (auto token = body.find_text(name); token && !token->empty()) return *std::move(token);
  }
  return {};
}

}  // namespace

bool is_client_settings_path(std::string_view path) {
  return asked_by(path).has_value();
}

std::string ClientSettings::request_id() const {
  const uint64_t high = world_.random.next();
  return codec::to_string(codec::uuid_v4(high, world_.random.next()));
}

Response ClientSettings::answer(const http::Request& request) const {
  const http::RequestHead& head = *request.head;
  const std::string_view path = without_slash(head.path);
  const Asked asked = *asked_by(path);
  if (!takes(asked, head.method)) {
    Response response = Response::text(405, "this path has other methods");
    response.add_header("allow", methods_of(asked));
    return response;
  }
  switch (asked) {
    case Asked::remote_config:
      return remote_config(path);
    case Asked::flags:
      return flags(request, false);
    case Asked::decide:
      return flags(request, true);
    case Asked::flag_definitions:
      return Response::json(200, R"({"flags":[],"group_type_mapping":{},"cohorts":{}})");
    case Asked::surveys:
      return Response::json(200, R"({"surveys":[]})");
    case Asked::experiments:
      return Response::json(200, R"({"experiments":[]})");
    case Asked::early_access:
      return Response::json(200, R"({"earlyAccessFeatures":[]})");
    case Asked::segment_settings:
      return segment_settings(request, token_of_segment_settings(path));
    case Asked::segment_metrics:
      return Response::json(200, R"({"success":true})");
    case Asked::rudder_source:
      break;
  }
  const auto query = codec::parse_form(head.query);
  const std::string* key = codec::find_field(query, "writeKey");
  return rudder_source(key == nullptr ? std::string_view() : *key);
}

bool ClientSettings::records_sessions(std::string_view token) const {
  constexpr std::string_view everyone = "*";
  return std::ranges::any_of(recorded_, [&](const std::string& recorded) {
    return recorded == token || recorded == everyone;
  });
}

// As JSON, or as the script that browsers load first.
Response ClientSettings::remote_config(std::string_view path) const {
  const std::string_view token = token_of_config(path);
  if (projects_.find(token) == nullptr) return Response::text(404, "no project has this token");
  const std::string config = config_json(token, records_sessions(token));
  if (!path.ends_with(".js")) return Response::json(200, config);
  const std::string place = "window._POSTHOG_REMOTE_CONFIG";
  Response script(200);
  script.add_header("content-type", "application/javascript; charset=utf-8");
  script.body = "(function(){" + place + "=" + place + "||{};" + place + "[" + json::quote(token) +
                "]={config:" + config + ",siteApps:[]};})();\n";
  return script;
}

Response ClientSettings::flags(const http::Request& request, bool decide) const {
  const http::RequestHead& head = *request.head;
  const auto query = codec::parse_form(head.query);
  const std::optional<int> version = number_of(query, "v");
  const bool asks_config = codec::find_field(query, "config") != nullptr;
  if (head.method != Method::post) return Response::json(200, "{" + config_members(false) + "}");

  event::CaptureQuery hints = event::parse_capture_query(head.query);
  const auto text = event::decode_payload(
      {std::string(as_text(request.body)), head.header_or_empty("content-type"),
       head.header_or_empty("content-encoding"), flags_body_bytes_max},
      hints);
  if (!text) return Response::text(text.error().status, text.error().message);
  const auto body = json::Object::parse(*text);
  if (!body) return Response::text(400, "the body is no JSON object: " + body.error().message());
  const std::string token = token_in(*body);
  if (token.empty()) return Response::text(401, "the body names no token");
  if (projects_.find(token) == nullptr) {
    return Response::text(401, "no project has the token " + token);
  }
  if (!has_distinct_id(*body)) return Response::text(400, "the body names no distinct_id");

  const bool newest = !version && !asks_config && !decide;
  const int shape = newest ? 2 : version.value_or(1);
  std::string answer = "{" + flag_members(shape, decide, world_.clock.wall().millis, request_id());
  if (decide || asks_config || newest) answer += "," + config_members(records_sessions(token));
  return Response::json(200, answer + "}");
}

// The library then sends to the same host, so that changing its address of settings is enough.
Response ClientSettings::segment_settings(const http::Request& request,
                                          std::string_view token) const {
  const http::RequestHead& head = *request.head;
  if (projects_.find(token) == nullptr) return Response::text(404, "no project has this write key");
  const bool secure = request.encrypted || head.header_or_empty("x-forwarded-proto") == "https";
  const std::string host =
      std::string(head.header_or_empty("host")) + std::string(head.prefix) + "/v1";
  return Response::json(
      200, R"({"integrations":{"Segment.io":{"apiKey":)" + json::quote(token) + R"(,"apiHost":)" +
               json::quote(host) + R"(,"protocol":")" + (secure ? "https" : "http") +
               R"("}},"plan":{},"metrics":{"sampleRate":0},"middlewareSettings":{},)"
               R"("enabledMiddleware":{},"remotePlugins":[],"legacyVideoPluginsEnabled":false})");
}

Response ClientSettings::rudder_source(std::string_view token) const {
  const catalog::Project* project = projects_.find(token);
  if (project == nullptr) return Response::text(401, "no project has this write key");
  const std::string key = json::quote(token);
  return Response::json(200, R"({"source":{"id":)" + key + R"(,"name":)" +
                                 json::quote(project->name) + R"(,"writeKey":)" + key +
                                 R"(,"workspaceId":)" + key +
                                 R"(,"enabled":true,"config":{},"destinations":[]}})");
}

}  // namespace mr::capture
