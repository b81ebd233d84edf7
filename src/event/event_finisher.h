#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "event/capture_request.h"
#include "event/captured_batch.h"
#include "event/event_draft.h"

namespace mr::event {

// What all events of a request in PostHog's v0 formats share. The address must outlive the
// finisher.
struct SharedFacts {
  std::string token;
  std::string_view client_ip;
  WallTime now;  // arrival
  std::optional<WallTime> sent_at;
  bool historical = false;
  CapturePath path = CapturePath::events;
  CaptureLimits limits;
};

// Checks the drafts of a request and makes captured events of them. Inner to the readers of
// requests.
class EventFinisher {
 public:
  EventFinisher(SharedFacts facts, UuidSource& uuids) : facts_(std::move(facts)), uuids_(uuids) {}

  // Appends the event to the batch, or counts why it was dropped. The refusal, if it costs the
  // request.
  std::optional<Refusal> finish(const EventDraft& draft, CapturedBatch& batch);

 private:
  std::string event_name(const EventDraft& draft) const;

  const SharedFacts facts_;
  UuidSource& uuids_;
};

}  // namespace mr::event
