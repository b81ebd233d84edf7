#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "codec/json_object.h"

namespace mr::event {

// Attributes that nest deeper are null.
inline constexpr int otel_attribute_depth_max = 32;

// One span of OpenTelemetry while its request is being read. Attributes are JSON by their keys.
struct OtelSpan {
  std::string trace_id;        // hexadecimal, lower case, or empty
  std::string span_id;         // the same
  std::string parent_span_id;  // the same
  std::string name;            // raw JSON; empty when absent
  int64_t started_nanos = 0;   // since 1970-01-01 UTC
  int64_t ended_nanos = 0;
  bool failed = false;
  std::string failure;                // raw JSON; empty when absent
  std::string library_version;        // of the instrumentation, raw JSON; empty when absent
  const json::Object* resource = {};  // what usable_resource() left of it; may be null
  json::Object attributes;
};

// Takes what is read of a request, span by span. The readers (otel_json.h, otel_protobuf.h) know
// the two forms, and nothing of what becomes of spans.
class OtelSpanSink {
 public:
  virtual ~OtelSpanSink() = default;
  // False ends the reading: nothing more is taken.
  virtual bool take(const OtelSpan& span) = 0;
};

// The attributes of a process without what OpenTelemetry finds out about the machine by itself.
json::Object usable_resource(json::Object attributes);

// Whether the span is about a call of a language model: an attribute of the conventions for those
// (`gen_ai.…`, `llm.…`, `ai.…`, `traceloop.…`).
bool is_ai_span(const OtelSpan& span);

// What a span becomes.
struct SpanEvent {
  std::string event;  // $ai_generation, $ai_embedding, $ai_span or $ai_trace
  std::string distinct_id;
  json::Object properties;
};

// Maps a span as the reference does (contract: capture section 7): the name by the operation, the
// person by the attributes that tell one, else by session or trace, so that all spans of those are
// of one person; `fallback` where there is neither. Properties are the attributes of resource and
// span, the known ones under their names of PostHog.
SpanEvent map_span(const OtelSpan& span, std::string_view fallback);

}  // namespace mr::event
