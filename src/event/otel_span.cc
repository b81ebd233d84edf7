#include "event/otel_span.h"

#include <algorithm>
#include <array>
#include <utility>

#include "codec/json_text.h"
#include "codec/uuid.h"
#include "event/otel_properties.h"

namespace mr::event {
namespace {

constexpr std::array<std::string_view, 4> ai_prefixes = {"gen_ai.", "llm.", "ai.", "traceloop."};
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

bool is_ai_attribute(std::string_view key) {
  return std::ranges::any_of(ai_prefixes,
                             [&](std::string_view prefix) { return key.starts_with(prefix); });
}

std::string text_at(const json::Object& attributes, std::string_view key) {
  return attributes.find_text(key).value_or("");
}

std::string text_of_span(const OtelSpan& span, std::string_view key) {
  std::string text = text_at(span.attributes.values, key);
  return text.empty() ? span.resource.text_at(key) : text;
}

std::string_view event_of(const OtelSpan& span) {
  constexpr std::string_view generation = "$ai_generation";
  constexpr std::string_view embedding = "$ai_embedding";
  constexpr std::string_view other = "$ai_span";
  if (const auto operation = span.attributes.values.find_text("gen_ai.operation.name")) {
    return *operation == "chat" ? generation : *operation == "embeddings" ? embedding : other;
  }
  if (const auto type = span.attributes.values.find_text("llm.request.type")) {
    if (*type == "chat" || *type == "completion") return generation;
    return type->starts_with("embedding") ? embedding : other;
  }
  const std::string id = text_at(span.attributes.values, "ai.operationId");
  if (id.ends_with(".doGenerate") || id.ends_with(".doStream")) return generation;
  return id.ends_with(".doEmbed") ? embedding : other;
}

std::string distinct_id_of(const OtelSpan& span, std::string_view fallback) {
  for (const std::string_view key : person_keys) {
    if (std::string id = text_at(span.attributes.values, key); !id.empty()) return id;
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

void rename_known(json::Object& properties, const OtelResource& resource) {
  for (size_t i = 0; i < known_attributes.size(); ++i) {
    const auto& [attribute, property] = known_attributes[i];
    const auto own = properties.find(attribute);
    const auto shared = own ? std::nullopt : resource.known(i);
    if (!own && !shared) continue;
    if (properties.contains(property) || resource.contains(property)) continue;
    properties.set(property, own ? opened_value(property, *own) : *shared);
  }
  properties.erase_if([](const json::Member& member) { return is_used_up(member.key); });
}

std::string seconds_of(int64_t nanos) {
  constexpr int64_t second = 1'000'000'000;
  const std::string fraction = std::to_string(nanos % second);
  return std::to_string(nanos / second) + "." + std::string(9 - fraction.size(), '0') + fraction;
}

}  // namespace

bool is_ai_span(const OtelSpan& span) {
  return std::ranges::any_of(span.attributes.values, [](const json::Member& member) {
    return is_ai_attribute(member.key);
  });
}

SpanEvent map_span(OtelSpan& span, std::string_view fallback) {
  SpanEvent mapped;
  mapped.event = event_of(span);
  mapped.distinct_id = distinct_id_of(span, fallback);
  mapped.properties = std::move(span.attributes.values);
  json::Object& properties = mapped.properties;
  rename_known(properties, span.resource);
  const auto set_default = [&](std::string_view name, std::string_view raw) {
    if (raw.empty() || properties.contains(name) || span.resource.contains(name)) return;
    properties.set(name, raw);
  };
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
    set_default("$ai_is_error", "true");
    set_default("$ai_error", span.failure);
  }
  properties.set("$ai_ingestion_source", R"("otel")");
  set_default("$geoip_disable", "true");
  set_default("$lib", R"("posthog-otel")");
  set_default("$lib_version", span.library_version);
  return mapped;
}

}  // namespace mr::event
