#include "event/otel_span.h"

#include <algorithm>
#include <array>
#include <utility>

#include "codec/json_text.h"
#include "codec/uuid.h"

namespace mr::event {
namespace {

using Names = std::pair<std::string_view, std::string_view>;

constexpr std::array<std::string_view, 4> ai_prefixes = {"gen_ai.", "llm.", "ai.", "traceloop."};
constexpr std::array<std::string_view, 4> noisy_prefixes = {"host.", "process.", "os.",
                                                            "telemetry."};
// Known attributes and the properties that they become; of two for one property the first counts.
constexpr std::array<Names, 14> renamed = {
    {{"gen_ai.input.messages", "$ai_input"},
     {"gen_ai.output.messages", "$ai_output_choices"},
     {"gen_ai.usage.input_tokens", "$ai_input_tokens"},
     {"gen_ai.usage.output_tokens", "$ai_output_tokens"},
     {"gen_ai.usage.cache_read.input_tokens", "$ai_cache_read_input_tokens"},
     {"gen_ai.usage.cache_creation.input_tokens", "$ai_cache_creation_input_tokens"},
     {"gen_ai.response.model", "$ai_model"},
     {"gen_ai.provider.name", "$ai_provider"},
     {"server.address", "$ai_base_url"},
     {"gen_ai.system", "$ai_provider"},
     {"gen_ai.request.model", "$ai_model"},
     {"gen_ai.usage.prompt_tokens", "$ai_input_tokens"},
     {"gen_ai.usage.completion_tokens", "$ai_output_tokens"},
     {"posthog.geoip_disable", "$geoip_disable"}}};
// Attributes that have said what they are for.
constexpr std::array<std::string_view, 5> spent = {"gen_ai.operation.name", "llm.request.type",
                                                   "posthog.ai.debug", "user.id",
                                                   "posthog.distinct_id"};
constexpr std::array<std::string_view, 4> person_keys = {
    "ai.telemetry.metadata.posthog_distinct_id", "ai.settings.context.posthog_distinct_id",
    "posthog.distinct_id", "user.id"};
constexpr std::array<std::string_view, 6> session_keys = {"$ai_session_id",
                                                          "ai.telemetry.metadata.$ai_session_id",
                                                          "ai.settings.context.$ai_session_id",
                                                          "eve.session.id",
                                                          "anthropic.session.id",
                                                          "gen_ai.conversation.id"};

// The namespace of distinct ids that are made from a session's or a trace's.
constexpr codec::Uuid derived_ids = {{0x5e, 0x3f, 0x0b, 0x6c, 0x2d, 0x91, 0x4c, 0x0e, 0x9a, 0x47,
                                      0x77, 0x1d, 0x08, 0xc2, 0x64, 0xf5}};

bool has_prefix(std::string_view key, const std::array<std::string_view, 4>& prefixes) {
  return std::ranges::any_of(prefixes,
                             [&](std::string_view prefix) { return key.starts_with(prefix); });
}

std::string text_at(const json::Object& attributes, std::string_view key) {
  return attributes.find_text(key).value_or("");
}

std::string text_of_span(const OtelSpan& span, std::string_view key) {
  std::string text = text_at(span.attributes, key);
  return text.empty() && span.resource != nullptr ? text_at(*span.resource, key) : text;
}

std::string_view event_of(const OtelSpan& span) {
  constexpr std::string_view generation = "$ai_generation";
  constexpr std::string_view embedding = "$ai_embedding";
  constexpr std::string_view other = "$ai_span";
  if (const auto operation = span.attributes.find_text("gen_ai.operation.name")) {
    return *operation == "chat" ? generation : *operation == "embeddings" ? embedding : other;
  }
  if (const auto type = span.attributes.find_text("llm.request.type")) {
    if (*type == "chat" || *type == "completion") return generation;
    return type->starts_with("embedding") ? embedding : other;
  }
  const std::string id = text_at(span.attributes, "ai.operationId");
  if (id.ends_with(".doGenerate") || id.ends_with(".doStream")) return generation;
  return id.ends_with(".doEmbed") ? embedding : other;
}

std::string distinct_id_of(const OtelSpan& span, std::string_view fallback) {
  for (const std::string_view key : person_keys) {
    if (std::string id = text_at(span.attributes, key); !id.empty()) return id;
  }
  for (const std::string_view key : {"posthog.distinct_id", "user.id"}) {
    if (std::string id = text_of_span(span, key); !id.empty()) return id;
  }
  for (const std::string_view key : session_keys) {
    const std::string session = text_of_span(span, key);
    if (!session.empty()) {
      return codec::to_string(codec::uuid_v5(derived_ids, "session:" + session));
    }
  }
  if (span.trace_id.empty()) return std::string(fallback);
  return codec::to_string(codec::uuid_v5(derived_ids, "trace:" + span.trace_id));
}

// Messages come as texts that hold JSON.
void set_opened(json::Object& properties, std::string_view name, std::string_view raw) {
  if (json::is_string(raw) && (name == "$ai_input" || name == "$ai_output_choices")) {
    std::string scratch;
    const std::string_view inside = json::text_of(raw, scratch);
    if (json::is_valid(inside)) return properties.set(name, inside);
  }
  properties.set(name, raw);
}

void rename_known(json::Object& properties) {
  for (const auto& [attribute, property] : renamed) {
    const auto raw = properties.find(attribute);
    if (!raw) continue;
    if (!properties.contains(property)) set_opened(properties, property, *raw);
    properties.erase(attribute);
  }
  properties.erase_if([](const json::Member& member) {
    return std::ranges::find(spent, member.key) != spent.end();
  });
}

std::string seconds_of(int64_t nanos) {
  constexpr int64_t second = 1'000'000'000;
  const std::string fraction = std::to_string(nanos % second);
  return std::to_string(nanos / second) + "." + std::string(9 - fraction.size(), '0') + fraction;
}

void set_default(json::Object& properties, std::string_view name, std::string_view raw) {
  if (!raw.empty() && !properties.contains(name)) properties.set(name, raw);
}

}  // namespace

bool is_ai_span(const OtelSpan& span) {
  return std::ranges::any_of(span.attributes, [](const json::Member& member) {
    return has_prefix(member.key, ai_prefixes);
  });
}

json::Object usable_resource(json::Object attributes) {
  attributes.erase_if(
      [](const json::Member& member) { return has_prefix(member.key, noisy_prefixes); });
  return attributes;
}

SpanEvent map_span(const OtelSpan& span, std::string_view fallback) {
  SpanEvent mapped;
  mapped.event = event_of(span);
  mapped.distinct_id = distinct_id_of(span, fallback);
  json::Object& properties = mapped.properties;
  if (span.resource != nullptr) properties = *span.resource;
  properties.overlay(span.attributes);
  rename_known(properties);
  if (!span.trace_id.empty()) properties.set_text("$ai_trace_id", span.trace_id);
  if (!span.span_id.empty()) properties.set_text("$ai_span_id", span.span_id);
  if (!span.parent_span_id.empty()) {
    properties.set_text("$ai_parent_id", span.parent_span_id);
  } else if (mapped.event == "$ai_span") {
    mapped.event = "$ai_trace";
  }
  if (!span.name.empty()) properties.set("$ai_span_name", span.name);
  if (span.ended_nanos > span.started_nanos) {
    properties.set("$ai_latency", seconds_of(span.ended_nanos - span.started_nanos));
  }
  if (span.failed) {
    set_default(properties, "$ai_is_error", "true");
    set_default(properties, "$ai_error", span.failure);
  }
  properties.set("$ai_ingestion_source", R"("otel")");
  set_default(properties, "$geoip_disable", "true");
  set_default(properties, "$lib", R"("posthog-otel")");
  set_default(properties, "$lib_version", span.library_version);
  return mapped;
}

}  // namespace mr::event
