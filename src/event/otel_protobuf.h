#pragma once

#include <string_view>

#include "base/result.h"
#include "event/otel_span.h"
#include "event/otel_work.h"

namespace mr::event {

// Reads an ExportTraceServiceRequest of OTLP in protobuf, and makes of it what otel_json.h makes of
// the same request in JSON: identifiers are hexadecimal, bytes are base64, and numbers that JSON
// cannot write are null. Unknown fields, and known ones of another wire type, are skipped; bytes of
// a text that are no UTF-8 become U+FFFD. Attributes for which no work is left are not read.
// Errors: invalid_input for what is damaged or cut off, when the sink may have taken spans already.
Result<void> read_otel_protobuf(std::string_view bytes, OtelSpanSink& sink, OtelWork& work);

}  // namespace mr::event
