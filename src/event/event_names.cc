#include "event/event_names.h"

#include <algorithm>
#include <array>

#include "event/lane.h"

namespace mr::event {

bool is_ai_event(std::string_view event) {
  constexpr std::string_view prefix = "$ai_";
  constexpr std::array<std::string_view, 6> kinds = {"generation", "trace",  "span",
                                                     "embedding",  "metric", "feedback"};
  if (!event.starts_with(prefix)) return false;
  return std::ranges::find(kinds, event.substr(prefix.size())) != kinds.end();
}

bool is_never_historical(std::string_view event) {
  return lane_of_name(event) != Lane::main;
}

}  // namespace mr::event
