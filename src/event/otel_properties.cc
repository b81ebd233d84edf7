#include "event/otel_properties.h"

#include <algorithm>

#include "codec/json_text.h"

namespace mr::event {
namespace {

// Attributes that have said what they are for.
constexpr std::array<std::string_view, 5> spent = {"gen_ai.operation.name", "llm.request.type",
                                                   "posthog.ai.debug", "user.id",
                                                   "posthog.distinct_id"};

}  // namespace

bool is_used_up(std::string_view attribute) {
  return std::ranges::find(known_attributes, attribute, &KnownAttribute::name) !=
             known_attributes.end() ||
         std::ranges::find(spent, attribute) != spent.end();
}

std::string opened_value(std::string_view property, std::string_view raw) {
  if (json::is_string(raw) && (property == "$ai_input" || property == "$ai_output_choices")) {
    std::string scratch;
    const std::string_view inside = json::text_of(raw, scratch);
    if (json::is_valid(inside)) return std::string(inside);
  }
  return std::string(raw);
}

}  // namespace mr::event
