#pragma once

#include <cstddef>

#include "event/bearer_request.h"
#include "event/captured_batch.h"

namespace mr::event {

// Reads the requests of /i/v0/ai, which bring one AI event as multipart/form-data (contract:
// capture section 7): the part `event`, a JSON object, and its properties in it or in a part
// `event.properties` behind it. Pure, like capture_request.h.

// Of the part `event`; properties of their own count to the event's size only.
inline constexpr size_t ai_event_part_bytes_max = 32 * 1024;
// Both parts together.
inline constexpr size_t ai_parts_bytes_max = 8 * 1024 * 1024;

// A batch of one event and a report of each part, or the answer that refuses the request: 400 for
// what is no form or no AI event, or for a part too many, 401 for a missing or malformed token, 413
// for what is too large. The event's value is the part `event` as it was sent; properties from a
// part of their own are put behind its last field, as they were sent.
CaptureVerdict decode_ai_request(BearerRequest request, UuidSource& uuids);

}  // namespace mr::event
