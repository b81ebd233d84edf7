#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace mr::event {

// How attributes of OpenTelemetry become properties of PostHog (contract: capture section 7).
// Inner to the otel_ files.

struct KnownAttribute {
  std::string_view name;
  std::string_view property;
};
// Of two for one property the first counts.
inline constexpr std::array<KnownAttribute, 14> known_attributes = {
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

// Whether an attribute does not stay a property under its own name: it becomes another one, or has
// said what it is for.
bool is_used_up(std::string_view attribute);

// The raw value of the property: messages come as texts that hold JSON.
std::string opened_value(std::string_view property, std::string_view raw);

}  // namespace mr::event
