#include "capture/capture_service.h"

#include "capture/call_request.h"
#include "capture/client_ip.h"
#include "capture/cors.h"
#include "capture/large_recording.h"
#include "capture/posthog_request.h"
#include "capture/record_set.h"
#include "capture/v1_answer.h"
#include "http/relay.h"

namespace mr::capture {
namespace {

// What a preflight allows: v1 only what it takes, everything else what v0 takes, whatever the path
// (capture-api contract, section 1).
std::string_view preflight_methods(Route route) {
  return allowed_methods(is_v1_route(route) ? route : Route::posthog);
}

// The route of a request whose prefix has been taken off, if it had one. Who passes a site's
// requests on does not mean the API.
Route route_without_prefix(const http::RequestHead& head) {
  const Route route = route_of(head);
  return route == Route::api && !head.prefix.empty() ? Route::unknown : route;
}

// How long a refused append makes /_readiness say no, so that traffic comes back and tries again.
constexpr Millis trouble_shown{5'000};

}  // namespace

codec::Uuid CaptureService::Uuids::next(WallTime at) {
  const uint64_t high = random_.next();
  return codec::uuid_v7(at.millis, high, random_.next());
}

CaptureService::CaptureService(io::World world, LaneAppender& lanes, Usage& usage,
                               const ProjectFinder& projects, telemetry::Metrics& metrics,
                               telemetry::Logger& log, MetricsPage& metrics_page,
                               CaptureRules rules)
    : world_(world),
      lanes_(lanes),
      projects_(projects),
      log_(log),
      metrics_page_(metrics_page),
      settings_(world, projects, rules.recorded_tokens),
      static_files_(world.disk, rules.static_folder),
      rules_(std::move(rules)),
      counters_(metrics),
      admission_(world, usage, rules_.overflow, rules_.global),
      uuids_(world.random) {
}

size_t CaptureService::body_bytes_max(const http::RequestHead& head) const {
  switch (route_in_place(head)) {
    case Route::posthog:
    case Route::posthog_engage:
    case Route::posthog_ai_batch:
    case Route::black_hole:
    case Route::telemetry:
    case Route::posthog_v1_ai:  // single events of it may be nearly as large as other batches
      return posthog_body_bytes_max;
    case Route::posthog_otel:
    case Route::posthog_otel_protobuf:
      return posthog_otel_body_bytes_max;
    case Route::posthog_ai:
      return posthog_ai_body_bytes_max;
    case Route::posthog_replay:
      return replay_body_bytes_max;
    case Route::posthog_v1:
      return posthog_v1_body_bytes_max;
    case Route::segment:
    case Route::rudder:
    case Route::jitsu:
    case Route::pixel:
      return segment_body_bytes_max;
    case Route::api:
      return relay_body_bytes_max;
    default:
      return other_body_bytes_max;
  }
}

Route CaptureService::route_in_place(const http::RequestHead& head) const {
  const auto inner = rules_.path_prefixes.stripped(head);
  return route_without_prefix(inner ? *inner : head);
}

io::Task<http::Response> CaptureService::handle(http::Request request) {
  const auto inner = rules_.path_prefixes.stripped(*request.head);
  if (inner) request.head = &*inner;
  const Route route = route_without_prefix(*request.head);
  const http::RequestHead& head = *request.head;
  // The API answers for itself: it must not be open to any page that a browser shows.
  if (route == Route::api) {
    co_return co_await http::relay(world_.network, world_.clock, rules_.api, request,
                                   relay_timeout);
  }
  if (head.method == http::Method::options) {
    co_return preflight(head, preflight_methods(route), is_call_route(route));
  }
  http::Response response;
  if (route == Route::unknown) {
    response = http::Response::text(404, "there is no such path");
    counters_.refused("unknown_path");
  } else if (route == Route::telemetry) {
    // A 4xx, so that no client tries again.
    response = http::Response::text(404, "OpenTelemetry's logs, metrics and traces are not taken");
    counters_.refused("telemetry");
  } else if (!takes_method(route, head.method)) {
    response = http::Response::text(405, "this path has other methods");
    response.add_header("allow", allowed_methods(route));
    counters_.refused("wrong_method");
  } else if (route == Route::black_hole) {
    response = http::Response::json(200, R"({"status":"Ok"})");
  } else if (route == Route::metrics) {
    response = co_await metrics_page_.all();
  } else if (route == Route::client_settings) {
    response = settings_.answer(request);
    if (response.status >= 400) counters_.refused("settings_request");
  } else if (route == Route::static_file) {
    response = co_await static_files_.answer(request);
    if (response.status >= 400) counters_.refused("static_file");
  } else if (is_event_route(route)) {
    response = co_await handle_event_route(request, route);
  } else {
    response = status_page(route);
  }
  if (is_v1_route(route)) echo_request_id(head, response);
  add_cors_headers(head, response);
  co_return response;
}

http::Response CaptureService::status_page(Route route) const {
  if (route == Route::root) return http::Response::text(200, "capture");
  if (route == Route::liveness) return http::Response::text(200, "ok");
  if (draining_) return http::Response::text(503, "stopping");
  if (const std::string_view trouble = log_trouble(); !trouble.empty()) {
    return http::Response::text(503, trouble);
  }
  return http::Response::text(200, "ready");
}

std::string_view CaptureService::log_trouble() const {
  const bool recent = world_.clock.now() < trouble_at_ + trouble_shown;
  if (recent && !trouble_.empty()) return trouble_;
  return lanes_.takes_records() ? std::string_view() : "log_failed";
}

io::Task<http::Response> CaptureService::handle_event_route(http::Request request, Route route) {
  if (route == Route::jitsu && is_posthog_after_all(request)) route = Route::posthog;
  const Outcome outcome = co_await accept(decode(request, route));
  co_return render_outcome(route, outcome);
}

event::CaptureVerdict CaptureService::decode(const http::Request& request, Route route) {
  const std::string_view ip = client_ip(*request.head, request.peer, rules_.trusted_proxies);
  if (is_call_route(route)) {
    return decode_calls(request, route, projects_, world_.clock.wall(), ip, uuids_);
  }
  return decode_posthog(request, route, world_.clock.wall(), ip, uuids_);
}

io::Task<Outcome> CaptureService::accept(event::CaptureVerdict verdict) {
  if (!verdict) co_return refused(verdict.error());
  event::CapturedBatch batch = *std::move(verdict);
  const catalog::Project* project = projects_.find(batch.token);
  if (project == nullptr && !rules_.accepts_unknown_tokens) {
    constexpr std::string_view reason = "unknown_token";
    counters_.refused(reason);
    co_return Outcome{
        .status = 401, .reason = reason, .message = "no project has the token " + batch.token};
  }
  // The pointer does not survive a suspension.
  const ProjectId id = project == nullptr ? unknown_project : project->id;
  const size_t body_bytes = batch.body == nullptr ? 0 : batch.body->size();
  if (pending_bytes_ + body_bytes > pending_bytes_max && pending_bytes_ > 0) {
    constexpr std::string_view reason = "too_much_pending";
    counters_.refused(id, reason, batch.events.size());
    co_return Outcome{.status = 503,
                      .retry_after_seconds = retry_after_busy_seconds,
                      .reason = reason,
                      .message = "too much is waiting to be written; try again soon"};
  }
  Outcome outcome{.status = 200, .beacon = batch.beacon};
  const Admitted admitted = admission_.admit(id, projects_.snapshot(), batch);
  outcome.over_quota = admitted.exhausted;
  outcome.kept = batch.events.size();
  if (!batch.events.empty()) {
    pending_bytes_ += body_bytes;
    if (is_large_recording(batch)) co_await pack_large_recording(world_.worker, batch);
    RecordSet records(batch);
    const Instant begun = world_.clock.now();
    const auto appended = co_await lanes_.append(records.take());
    pending_bytes_ -= body_bytes;
    if (!appended) co_return append_failed(id, appended.error(), batch.events.size());
    const int64_t micros = world_.clock.now().micros - begun.micros;
    counters_.append_seconds.observe(static_cast<double>(micros) / 1e6);
    note_log("", "");
    counters_.accepted(id, batch.events.size(), records.value_bytes());
    counters_.rerouted(id, "overflow_rate", admitted.over_rate);
    counters_.rerouted(id, "global_limit", admitted.over_limit);
    admission_.count(id, batch);
    if (rules_.gives_receipts) outcome.receipt = receipt_of(*appended);
  }
  counters_.timed(batch);
  for (size_t i = 0; i < batch.dropped.size(); ++i) {
    counters_.dropped(id, static_cast<event::DropReason>(i), batch.dropped[i]);
  }
  outcome.dropped = batch.dropped;
  outcome.reports = std::move(batch.reports);
  outcome.parts = std::move(batch.parts);
  co_return outcome;
}

Outcome CaptureService::refused(const event::Refusal& refusal) {
  const std::string_view reason = event::to_string(refusal.reason);
  counters_.refused(reason);
  return Outcome{.status = refusal.status, .reason = reason, .message = refusal.message};
}

// Capture-api contract, traps 3: clients drop on any 4xx and come back after a 503.
Outcome CaptureService::append_failed(ProjectId project, const Error& error, size_t events) {
  Outcome outcome{.status = 503, .retry_after_seconds = retry_after_busy_seconds};
  std::string_view reason = "log_failed";
  outcome.message = "the events could not be written; try again soon";
  if (error.code() == ErrorCode::busy) {
    reason = "log_busy";
    outcome.message = "too much is waiting to be written; try again soon";
  } else if (error.code() == ErrorCode::no_space) {
    reason = "log_full";
    outcome.message = "the disk is full; try again later";
    outcome.retry_after_seconds = retry_after_full_seconds;
  } else if (error.code() == ErrorCode::too_large) {
    reason = "record_too_large";
    outcome = {.status = 413,
               .message = "one event, or a recording even compressed, is over 25 MiB"};
  }
  outcome.reason = reason;
  counters_.refused(project, reason, events);
  if (outcome.status == 503) note_log(reason, error.message());
  return outcome;
}

// One line when the log starts to refuse and one when it takes records again, not one a request.
void CaptureService::note_log(std::string_view trouble, std::string_view message) {
  if (trouble.empty() && trouble_.empty()) return;
  if (trouble != trouble_) {
    if (trouble.empty()) {
      log_.info("the log takes events again");
    } else {
      log_.error("the log refuses events", {{"reason", trouble}, {"error", message}});
    }
  }
  trouble_ = trouble;
  trouble_at_ = world_.clock.now();
}

http::Response CaptureService::refuse(const http::RequestHead* head, http::Refusal refusal,
                                      int status, std::string_view reason) {
  counters_.refused(to_string(refusal));
  const Route route = head == nullptr ? Route::unknown : route_in_place(*head);
  http::Response response = render_outcome(
      route, Outcome{.status = status,
                     .retry_after_seconds = status == 503 ? retry_after_busy_seconds : 0,
                     .reason = to_string(refusal),
                     .message = std::string(reason)});
  if (is_v1_route(route)) echo_request_id(*head, response);
  if (head != nullptr && route != Route::api) add_cors_headers(*head, response);
  return response;
}

}  // namespace mr::capture
