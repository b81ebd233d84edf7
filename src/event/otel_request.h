#pragma once

#include <cstddef>

#include "event/bearer_request.h"
#include "event/captured_batch.h"

namespace mr::event {

// Reads the requests of /i/v0/ai/otel, which bring traces as OTLP/HTTP in JSON (contract: capture
// section 7). Pure, like capture_request.h.

// Of one request, whatever they are about.
inline constexpr size_t otel_spans_max = 1000;
// Attributes that nest deeper are null.
inline constexpr int otel_attribute_depth_max = 32;

// An event for each span about a language model (otel_span.h); all other spans are counted as
// dropped, and so are events that are too large, because an exporter would send the whole again.
// The values are written here, from what the spans say; numbers keep their text. An event's uuid is
// made from the ids of trace and span, so a request that is repeated brings the same events. Or the
// answer that refuses the request: 400 for what cannot be read, 401 for a missing or malformed
// token, 413 for what is too large, 415 for other types than JSON.
CaptureVerdict decode_otel_request(BearerRequest request, UuidSource& uuids);

}  // namespace mr::event
