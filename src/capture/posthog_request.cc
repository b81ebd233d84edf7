#include "capture/posthog_request.h"

#include "capture/limits.h"
#include "event/ai_request.h"
#include "event/capture_request.h"
#include "event/otel_request.h"
#include "event/recording.h"
#include "event/replay_request.h"
#include "event/v1_request.h"

namespace mr::capture {
namespace {

event::V1Headers v1_headers(const http::RequestHead& head) {
  return {.authorization = head.header("authorization"),
          .content_type = head.header("content-type"),
          .content_encoding = head.header("content-encoding"),
          .user_agent = head.header("user-agent"),
          .sdk_info = head.header("posthog-sdk-info"),
          .attempt = head.header("posthog-attempt"),
          .request_id = head.header("posthog-request-id"),
          .request_timestamp = head.header("posthog-request-timestamp")};
}

event::CapturePath capture_path(Route route) {
  if (route == Route::posthog_engage) return event::CapturePath::engage;
  return route == Route::posthog_ai_batch ? event::CapturePath::ai : event::CapturePath::events;
}

// What the readers want to know of a request, whatever its wire format.
template <typename Wanted>
Wanted common_of(const http::Request& request, std::string_view ip, WallTime now,
                 size_t decompressed_bytes_max) {
  Wanted wanted;
  wanted.body = as_text(request.body);
  wanted.now = now;
  wanted.client_ip = ip;
  wanted.limits.body_bytes_max = decompressed_bytes_max;
  return wanted;
}

}  // namespace

event::CaptureVerdict decode_posthog(const http::Request& request, Route route, WallTime now,
                                     std::string_view client_ip, event::UuidSource& uuids) {
  const http::RequestHead& head = *request.head;
  if (is_v1_route(route)) {
    auto v1 =
        common_of<event::V1Request>(request, client_ip, now, posthog_v1_decompressed_bytes_max);
    v1.headers = v1_headers(head);
    v1.ai_only = route == Route::posthog_v1_ai;
    return event::decode_v1_request(std::move(v1));
  }
  if (route == Route::posthog_ai || is_otel_route(route)) {
    const bool is_form = route == Route::posthog_ai;
    auto ai = common_of<event::BearerRequest>(
        request, client_ip, now, is_form ? posthog_ai_body_bytes_max : posthog_otel_body_bytes_max);
    ai.authorization = head.header("authorization");
    ai.content_type = head.header_or_empty("content-type");
    ai.content_encoding = head.header_or_empty("content-encoding");
    return is_form ? event::decode_ai_request(std::move(ai), uuids)
                   : event::decode_otel_request(std::move(ai), uuids);
  }
  if (route == Route::posthog_replay) {
    auto replay =
        common_of<event::ReplayRequest>(request, client_ip, now, event::recording_bytes_max);
    replay.query = head.query;
    replay.content_type = head.header_or_empty("content-type");
    replay.content_encoding = head.header_or_empty("content-encoding");
    replay.user_agent = head.header_or_empty("user-agent");
    return event::decode_replay_request(std::move(replay), uuids);
  }
  auto capture =
      common_of<event::CaptureRequest>(request, client_ip, now, posthog_decompressed_bytes_max);
  capture.path = capture_path(route);
  capture.query = head.query;
  capture.content_type = head.header_or_empty("content-type");
  capture.content_encoding = head.header_or_empty("content-encoding");
  return event::decode_capture_request(std::move(capture), uuids);
}

}  // namespace mr::capture
