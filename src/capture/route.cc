#include "capture/route.h"

#include <array>
#include <utility>

#include "capture/client_settings.h"
#include "capture/static_files.h"
#include "event/otel_request.h"
#include "event/segment_endpoint.h"

namespace mr::capture {
namespace {

constexpr std::array<std::pair<std::string_view, Route>, 23> exact_routes = {{
    {"/batch", Route::posthog},
    {"/e", Route::posthog},
    {"/i/v0/e", Route::posthog},
    {"/capture", Route::posthog},
    {"/track", Route::posthog},
    {"/engage", Route::posthog_engage},
    {"/i/v0/ai/batch", Route::posthog_ai_batch},
    {"/i/v0/ai", Route::posthog_ai},
    {"/i/v1/analytics/events", Route::posthog_v1},
    {"/i/v1/ai/events", Route::posthog_v1_ai},
    {"/s", Route::posthog_replay},
    {"/test/black_hole", Route::black_hole},
    {"/i/v1/logs", Route::telemetry},
    {"/i/v1/metrics", Route::telemetry},
    {"/i/v1/traces", Route::telemetry},
    {"/i/v0/ai/otel", Route::posthog_otel},
    {"/i/v0/ai/otel/v1/traces", Route::posthog_otel},
    {"/i/v0/ai/otel/v1/logs", Route::telemetry},
    {"/", Route::root},
    {"/_readiness", Route::readiness},
    {"/_liveness", Route::liveness},
    {"/metrics", Route::metrics},
    {"/api", Route::api},
}};

Route route_of_path(std::string_view path) {
  const std::string_view trimmed = without_slash(path);
  for (const auto& [exact, route] : exact_routes) {
    if (trimmed == exact) return route;
  }
  if (event::segment_endpoint_of_path(path)) return Route::segment;
  if (const auto rudder = event::rudder_endpoint_of_path(path)) {
    return rudder->is_pixel ? Route::pixel : Route::rudder;
  }
  if (const auto jitsu = event::jitsu_endpoint_of_path(path)) {
    return jitsu->is_pixel ? Route::pixel : Route::jitsu;
  }
  if (is_client_settings_path(path)) return Route::client_settings;
  if (StaticFiles::is_path(path)) return Route::static_file;
  return path.starts_with("/api/") ? Route::api : Route::unknown;
}

}  // namespace

std::string_view without_slash(std::string_view path) {
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path;
}

bool is_event_route(Route route) {
  return route == Route::posthog || route == Route::posthog_engage ||
         route == Route::posthog_ai_batch || route == Route::posthog_ai ||
         route == Route::posthog_replay || is_otel_route(route) || is_v1_route(route) ||
         is_call_route(route);
}

bool is_v1_route(Route route) {
  return route == Route::posthog_v1 || route == Route::posthog_v1_ai;
}

bool is_otel_route(Route route) {
  return route == Route::posthog_otel || route == Route::posthog_otel_protobuf;
}

bool is_call_route(Route route) {
  return route == Route::segment || route == Route::rudder || route == Route::jitsu ||
         route == Route::pixel;
}

Route route_of(const http::RequestHead& head) {
  const Route route = route_of_path(head.path);
  if (route == Route::posthog_otel) {
    const auto form = event::otel_form_of(head.header_or_empty("content-type"));
    return form == event::OtelForm::protobuf ? Route::posthog_otel_protobuf : route;
  }
  const bool shared = route == Route::segment || without_slash(head.path) == "/batch";
  if (shared && head.header("x-write-key")) return Route::jitsu;
  return route == Route::segment && head.header("anonymousid") ? Route::rudder : route;
}

bool takes_method(Route route, http::Method method) {
  using http::Method;
  switch (route) {
    case Route::posthog:
    case Route::posthog_engage:
    case Route::posthog_ai_batch:
    case Route::posthog_replay:
    case Route::black_hole:
      return method == Method::post || method == Method::get;
    case Route::posthog_ai:
    case Route::posthog_otel:
    case Route::posthog_otel_protobuf:
    case Route::posthog_v1:
    case Route::posthog_v1_ai:
    case Route::segment:
    case Route::rudder:
    case Route::jitsu:
      return method == Method::post;
    case Route::pixel:
      return method == Method::get;
    case Route::root:
    case Route::readiness:
    case Route::liveness:
    case Route::metrics:
    case Route::static_file:
      return method == Method::get || method == Method::head;
    case Route::telemetry:
    case Route::client_settings:  // these differ among themselves
    case Route::api:
    case Route::unknown:
      break;
  }
  return true;
}

std::string_view allowed_methods(Route route) {
  switch (route) {
    case Route::posthog:
    case Route::posthog_engage:
    case Route::posthog_ai_batch:
    case Route::posthog_replay:
    case Route::black_hole:
      return "GET,POST,OPTIONS";
    case Route::posthog_ai:
    case Route::posthog_otel:
    case Route::posthog_otel_protobuf:
    case Route::posthog_v1:
    case Route::posthog_v1_ai:
    case Route::segment:
    case Route::rudder:
    case Route::jitsu:
      return "POST,OPTIONS";
    case Route::pixel:
      return "GET,OPTIONS";
    default:
      return "GET,HEAD,OPTIONS";
  }
}

}  // namespace mr::capture
