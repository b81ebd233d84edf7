#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "codec/json_object.h"

namespace mr::event {

// One span of OpenTelemetry while its request is being read. Attributes are JSON by their keys.
struct OtelSpan {
  std::string trace_id;        // hexadecimal, lower case, or empty
  std::string span_id;         // the same
  std::string parent_span_id;  // the same
  std::string_view name;       // raw JSON; empty when absent
  int64_t started_nanos = 0;   // since 1970-01-01 UTC
  int64_t ended_nanos = 0;
  bool failed = false;
  std::string_view failure;           // raw JSON; empty when absent
  std::string_view library_version;   // of the instrumentation, raw JSON; empty when absent
  const json::Object* resource = {};  // the attributes of the process; may be null
  json::Object attributes;
};

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
