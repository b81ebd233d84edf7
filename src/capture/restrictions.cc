#include "capture/restrictions.h"

#include <algorithm>

namespace mr::capture {
namespace {

bool is_about(const catalog::Restriction& restriction, const event::Envelope& envelope) {
  return (restriction.event.empty() || restriction.event == envelope.event) &&
         (restriction.distinct_id.empty() || restriction.distinct_id == envelope.distinct_id);
}

}  // namespace

void apply_restrictions(std::span<const catalog::Restriction> restrictions,
                        event::CapturedBatch& batch) {
  if (restrictions.empty()) return;
  drop_events(batch, [&](event::CapturedEvent& captured) -> std::optional<event::DropReason> {
    for (const catalog::Restriction& restriction : restrictions) {
      if (!is_about(restriction, captured.envelope)) continue;
      switch (restriction.action) {
        case catalog::RestrictionAction::drop:
          return event::DropReason::restricted;
        case catalog::RestrictionAction::overflow:
          captured.forced_overflow = true;
          batch.make_personless(captured);
          break;
        case catalog::RestrictionAction::skip_person:
          batch.make_personless(captured);
          break;
        case catalog::RestrictionAction::dead_letter:
          captured.dead_letter = true;
          break;
      }
    }
    return std::nullopt;
  });
}

}  // namespace mr::capture
