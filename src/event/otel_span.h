#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "codec/json_object.h"
#include "event/otel_attributes.h"
#include "event/otel_resource.h"

namespace mr::event {

// One span of OpenTelemetry while its request is being read. What belongs to its resource or its
// scope is shared.
struct OtelSpan {
  std::string trace_id;        // hexadecimal, lower case, or empty
  std::string span_id;         // the same
  std::string parent_span_id;  // the same
  std::string name;            // raw JSON; empty when absent
  int64_t started_nanos = 0;   // since 1970-01-01 UTC
  int64_t ended_nanos = 0;
  bool failed = false;
  std::string failure;               // raw JSON; empty when absent
  std::string_view library_version;  // of the instrumentation, raw JSON; empty when absent
  const OtelResource& resource;
  OtelAttributes attributes;
};

// Takes what is read of a request, span by span. The readers (otel_json.h, otel_protobuf.h) know
// the two forms, and nothing of what becomes of spans.
class OtelSpanSink {
 public:
  virtual ~OtelSpanSink() = default;
  // Whether the next span is wanted; if not it is passed over, without take().
  virtual bool wants_span() = 0;
  virtual void take(OtelSpan span) = 0;
};

// Whether the span is about a call of a language model: an attribute of the conventions for those
// (`gen_ai.…`, `llm.…`, `ai.…`, `traceloop.…`).
bool is_ai_span(const OtelSpan& span);

// What a span becomes.
struct SpanEvent {
  std::string event;  // $ai_generation, $ai_embedding, $ai_span or $ai_trace
  std::string distinct_id;
  json::Object properties;  // those of its own, which stand over the resource's
};

// Maps a span as the reference does (contract: capture section 7): the name by the operation, the
// person by the attributes that tell one, else by session or trace, so that all spans of those are
// of one person; `fallback` where there is neither. Properties are the attributes of resource and
// span, the known ones under their names of PostHog. Uses the span's attributes up.
SpanEvent map_span(OtelSpan& span, std::string_view fallback);

}  // namespace mr::event
