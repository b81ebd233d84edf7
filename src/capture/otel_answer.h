#pragma once

#include "capture/answer.h"
#include "event/otel_request.h"
#include "http/response.h"

namespace mr::capture {

// The words of OTLP/HTTP in the form of the request: an ExportTraceServiceResponse, which counts as
// rejected what was dropped apart from spans about other things than language models, because those
// are not meant to be kept; or a google.rpc.Status that says why all is refused.
http::Response otel_response(const Outcome& outcome, event::OtelForm form);

}  // namespace mr::capture
