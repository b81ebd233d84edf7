#pragma once

#include <span>

#include "catalog/traffic_rules.h"
#include "event/captured_batch.h"

namespace mr::capture {

// Does to the events of a request what the project's restrictions say: drops them (counted, and
// told where the answer tells of each event), sends them to the overflow lane, keeps them from
// persons, or marks them for the dead letters, which ingest then writes.
void apply_restrictions(std::span<const catalog::Restriction> restrictions,
                        event::CapturedBatch& batch);

// Removes the events for which `drops` has a reason; each is counted, and reported where the answer
// tells of each event. `drops` is called once for each event, in order.
template <typename Drops>
void drop_events(event::CapturedBatch& batch, const Drops& drops) {
  std::erase_if(batch.events, [&](event::CapturedEvent& captured) {
    const std::optional<event::DropReason> reason = drops(captured);
    if (reason) batch.drop(captured, *reason);
    return reason.has_value();
  });
}

}  // namespace mr::capture
