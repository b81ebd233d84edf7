#include "catalog/traffic_rules.h"

#include <algorithm>

namespace mr::catalog {
namespace {

constexpr std::array<std::string_view, 4> resource_names = {"events", "exceptions", "recordings",
                                                            "ai"};
constexpr std::array<std::string_view, 2> period_names = {"day", "month"};
constexpr std::array<std::string_view, 4> action_names = {"drop", "overflow", "skip_person",
                                                          "dead_letter"};

// The names stand in the order of their values.
template <typename Value, size_t count>
std::optional<Value> value_of(const std::array<std::string_view, count>& names,
                              std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Value>(found - names.begin());
}

}  // namespace

std::string_view to_string(Resource resource) {
  return resource_names[static_cast<size_t>(resource)];
}
std::optional<Resource> resource_of(std::string_view name) {
  return value_of<Resource>(resource_names, name);
}

std::string_view to_string(Period period) {
  return period_names[static_cast<size_t>(period)];
}
std::optional<Period> period_of(std::string_view name) {
  return value_of<Period>(period_names, name);
}

std::string_view to_string(RestrictionAction action) {
  return action_names[static_cast<size_t>(action)];
}
std::optional<RestrictionAction> restriction_action_of(std::string_view name) {
  return value_of<RestrictionAction>(action_names, name);
}

}  // namespace mr::catalog
