#pragma once

#include <string_view>

#include "event/otel_span.h"
#include "event/otel_work.h"

namespace mr::event {

// Reads an ExportTraceServiceRequest of OTLP in JSON, which must be valid as JSON. Fields of the
// wrong kind count as absent; numbers and texts stay as they are written. Attributes for which no
// work is left are not read.
void read_otel_json(std::string_view text, OtelSpanSink& sink, OtelWork& work);

}  // namespace mr::event
