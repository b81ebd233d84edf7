#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "event/envelope.h"
#include "event/raw_event.h"

namespace mr::event {

// Reads a captured Segment call as the event it is mapped to (contract: capture section 10): track
// keeps its name; page becomes $pageview, screen $screen, identify $identify with `$set` from the
// traits and `$anon_distinct_id`, group $groupidentify, alias $create_alias. The `context` (the
// call's own over the batch's) gives `$ip`, `$lib`, `$raw_user_agent`, `utm_*` and the page's
// fields. The event borrows from `value` and from the envelope's context.
Result<RawEvent> read_segment_event(const Envelope& envelope, std::string_view value);

// What a group call without `traits.groupType` is taken to be about.
inline constexpr std::string_view segment_group_type_default = "company";

}  // namespace mr::event
