#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "event/envelope.h"

namespace mr::event {

// The captured message as consumers of the reference know it (contract: capture section 4), made
// from a captured record: a JSON object with uuid, distinct_id, ip, data, now, sent_at, token,
// event, timestamp, and the two flags when they are true. `data` is a string holding the JSON of
// the raw event: a PostHog event with the fields that the contract lists, in the client's order,
// and its uuid null when the client sent none; a Segment call as the event that it is mapped to.
// Errors: invalid_input when the value cannot be read.
Result<std::string> captured_message_json(const Envelope& envelope, std::string_view value);

}  // namespace mr::event
