#pragma once

#include <optional>

#include "capture/overflow_limiter.h"
#include "capture/usage.h"
#include "catalog/snapshot.h"
#include "event/captured_batch.h"
#include "event/lane.h"
#include "io/world.h"

namespace mr::capture {

// What the operator's rules make of a request that could be read: first the project's restrictions,
// then its quotas, then each event's lane (contract: capture section 2). One loop.
class Admission {
 public:
  // `usage` outlives it.
  Admission(io::World world, Usage& usage, OverflowLimits overflow)
      : world_(world), usage_(usage), overflow_(overflow) {}

  // Drops, marks and places the batch's events; what is dropped is counted in the batch. Yields a
  // resource of which the quota is used up, when that took any event.
  std::optional<catalog::Resource> admit(ProjectId project, const catalog::Snapshot& rules,
                                         event::CapturedBatch& batch);

  // The batch's events are durable: they count for the quotas. Requests that are under way together
  // may pass a limit by what they hold.
  void count(ProjectId project, const event::CapturedBatch& batch);

 private:
  std::optional<catalog::Resource> apply_quotas(std::span<const catalog::Quota> quotas,
                                                event::CapturedBatch& batch);
  // Sends an event of the main lane to overflow, if it must or its key sends more than its share.
  void spill(event::CapturedEvent& captured, Instant now);

  io::World world_;
  Usage& usage_;
  OverflowLimiter overflow_;
};

// Under which resource the events of a lane count.
catalog::Resource resource_of(event::Lane lane);

}  // namespace mr::capture
