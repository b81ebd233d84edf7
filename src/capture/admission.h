#pragma once

#include <optional>

#include "capture/overflow_limiter.h"
#include "capture/usage.h"
#include "catalog/snapshot.h"
#include "event/captured_batch.h"
#include "event/lane.h"
#include "io/world.h"

namespace mr::capture {

// What became of a batch besides what is counted in it.
struct Admitted {
  // Of which the quota is used up, when that took any event.
  std::optional<catalog::Resource> exhausted;
  uint32_t over_rate = 0;   // events whose keys send more than their share
  uint32_t over_limit = 0;  // events whose keys are over the global limit
};

// What the operator's rules make of a request that could be read: first the project's restrictions,
// then its quotas, then each event's lane (contract: capture section 2). One loop.
class Admission {
 public:
  // `usage` outlives it.
  Admission(io::World world, Usage& usage, OverflowLimits overflow, OverflowLimits global)
      : world_(world), usage_(usage), overflow_(overflow), global_(global) {}

  // Drops, marks and places the batch's events; what is dropped is counted in the batch.
  Admitted admit(ProjectId project, const catalog::Snapshot& rules, event::CapturedBatch& batch);

  // The batch's events are durable: they count for the quotas. Requests that are under way together
  // may pass a limit by what they hold.
  void count(ProjectId project, const event::CapturedBatch& batch);

 private:
  std::optional<catalog::Resource> apply_quotas(std::span<const catalog::Quota> quotas,
                                                event::CapturedBatch& batch);
  // Keeps events from persons, and out of the main lane, whose keys are over the global limit;
  // yields how many.
  uint32_t apply_global_limit(event::CapturedBatch& batch, Instant now);
  // Sends an event of the main lane to overflow, if it must or its key sends more than its share,
  // which it yields.
  bool spill(event::CapturedEvent& captured, Instant now);

  io::World world_;
  Usage& usage_;
  OverflowLimiter overflow_;
  OverflowLimiter global_;
};

// Under which resource the events of a lane count.
catalog::Resource resource_of(event::Lane lane);

}  // namespace mr::capture
