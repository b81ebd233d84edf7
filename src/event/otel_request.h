#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "event/bearer_request.h"
#include "event/captured_batch.h"

namespace mr::event {

// Reads the requests of /i/v0/ai/otel, which bring traces as OTLP/HTTP, in protobuf or JSON
// (contract: capture section 7). Pure, like capture_request.h.

enum class OtelForm : uint8_t { json, protobuf };
// By the Content-Type; nothing for any other one.
std::optional<OtelForm> otel_form_of(std::string_view content_type);

// Of one request, whatever they are about. A collector gathers 8,192 unless told otherwise.
inline constexpr size_t otel_spans_max = 10'000;
// What the events of one request may take together.
inline constexpr size_t otel_events_bytes_max = 32 * 1024 * 1024;

// An event for each span about a language model (otel_span.h). All other spans are counted as
// dropped, and so are those behind the last that is taken, those whose events are too large, and
// those for which no work is left (otel_work.h), because an exporter would send the whole again.
// The values are written here, from what the spans say, and are the same whichever the form;
// numbers keep their text. An event's uuid is made from the ids of trace and span, so a request
// that is repeated brings the same events. Or the answer that refuses the request: 400 for what
// cannot be read, 401 for a missing or malformed token, 413 for a body that is too large, 415 for
// other types.
CaptureVerdict decode_otel_request(BearerRequest request, UuidSource& uuids);

}  // namespace mr::event
