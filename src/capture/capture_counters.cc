#include "capture/capture_counters.h"

#include <string>

#include "base/assert.h"

namespace mr::capture {

namespace {

std::string label_of(ProjectId project) {
  return project == unknown_project ? std::string() : std::to_string(project.value);
}

}  // namespace

CaptureCounters::CaptureCounters(telemetry::Metrics& metrics)
    : append_seconds(metrics.histogram("millrace_capture_append_seconds",
                                       "From a decoded request to its durable records.",
                                       telemetry::seconds_bounds())),
      metrics_(metrics) {
  for (size_t i = 0; i < times_.size(); ++i) {
    const auto outcome = event::to_string(static_cast<event::TimeOutcome>(i));
    MR_ASSERT(outcome != "unknown");
    times_[i] = &metrics.counter("millrace_capture_event_times_total",
                                 "What became of the times that clients gave their events.",
                                 {{"outcome", outcome}});
  }
}

CaptureCounters::OfProject& CaptureCounters::of(ProjectId project) {
  const auto found = projects_.find(project.value);
  if (found != projects_.end()) return found->second;
  const std::string id = label_of(project);
  return projects_
      .emplace(project.value,
               OfProject{&metrics_.counter("millrace_capture_events_accepted_total",
                                           "Events made durable and answered with success.",
                                           {{"project", id}}),
                         &metrics_.counter("millrace_capture_event_bytes_accepted_total",
                                           "Bytes of accepted events.", {{"project", id}})})
      .first->second;
}

void CaptureCounters::accepted(ProjectId project, uint64_t events, uint64_t bytes) {
  accepted_events_ += events;
  OfProject& counters = of(project);
  counters.events->add(events);
  counters.bytes->add(bytes);
}

void CaptureCounters::dropped(ProjectId project, event::DropReason reason, uint64_t events) {
  if (events == 0) return;
  dropped_events_ += events;
  metrics_
      .counter("millrace_capture_events_dropped_total",
               "Events that accepted requests lost, by reason.",
               {{"project", label_of(project)}, {"reason", event::to_string(reason)}})
      .add(events);
}

void CaptureCounters::rerouted(ProjectId project, std::string_view reason, uint64_t events) {
  if (events == 0) return;
  metrics_
      .counter(
          "millrace_capture_events_rerouted_total",
          "Accepted events that went to the overflow lane, or lost their person, because their "
          "keys send too much, by reason.",
          {{"project", label_of(project)}, {"reason", reason}})
      .add(events);
}

void CaptureCounters::refused(std::string_view reason) {
  ++refused_requests_;
  metrics_
      .counter("millrace_capture_requests_refused_total",
               "Requests that were refused whole, by reason; the project when it is known.",
               {{"project", ""}, {"reason", reason}})
      .add();
}

void CaptureCounters::refused(ProjectId project, std::string_view reason, uint64_t events) {
  ++refused_requests_;
  const std::string id = label_of(project);
  metrics_
      .counter("millrace_capture_requests_refused_total",
               "Requests that were refused whole, by reason; the project when it is known.",
               {{"project", id}, {"reason", reason}})
      .add();
  metrics_
      .counter("millrace_capture_events_refused_total",
               "Events in requests that were refused after they had been read, by reason.",
               {{"project", id}, {"reason", reason}})
      .add(events);
}

void CaptureCounters::timed(const event::CapturedBatch& batch) {
  for (const event::CapturedEvent& captured : batch.events) {
    times_[static_cast<size_t>(captured.time_outcome)]->add();
  }
}

}  // namespace mr::capture
