#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "base/strong.h"
#include "event/captured_batch.h"
#include "telemetry/metrics.h"

namespace mr::capture {

// Of tokens that no project has, where those are accepted; its metrics' label is empty.
inline constexpr ProjectId unknown_project{0};

// What capture accepted, dropped and refused, by project and reason. Every answer that is not a
// plain success passes through here: nothing is refused or dropped silently.
class CaptureCounters {
 public:
  explicit CaptureCounters(telemetry::Metrics& metrics);

  // `events` of the project are durable; `bytes` is the size of their values.
  void accepted(ProjectId project, uint64_t events, uint64_t bytes);
  // Single events that an accepted request had to lose.
  void dropped(ProjectId project, event::DropReason reason, uint64_t events);
  // Events that were accepted, and do not travel as they would because their keys send too much.
  void rerouted(ProjectId project, std::string_view reason, uint64_t events);
  // A whole request was refused; `project` when its token was known.
  void refused(std::string_view reason);
  void refused(ProjectId project, std::string_view reason, uint64_t events);
  // What became of the events' own times.
  void timed(const event::CapturedBatch& batch);
  // How long an append took.
  telemetry::Histogram& append_seconds;

  uint64_t accepted_events() const { return accepted_events_; }
  uint64_t dropped_events() const { return dropped_events_; }
  uint64_t refused_requests() const { return refused_requests_; }

 private:
  struct OfProject {
    telemetry::Counter* events;
    telemetry::Counter* bytes;
  };
  OfProject& of(ProjectId project);

  telemetry::Metrics& metrics_;
  std::unordered_map<int64_t, OfProject> projects_;
  std::array<telemetry::Counter*, 7> times_{};
  uint64_t accepted_events_ = 0;
  uint64_t dropped_events_ = 0;
  uint64_t refused_requests_ = 0;
};

}  // namespace mr::capture
