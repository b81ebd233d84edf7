#include "event/event_names.h"

#include <algorithm>
#include <array>

namespace mr::event {

bool is_never_historical(std::string_view event) {
  constexpr std::array<std::string_view, 9> names = {
      "$exception",     "$$heatmap",  "$$client_ingestion_warning",
      "$ai_generation", "$ai_trace",  "$ai_span",
      "$ai_embedding",  "$ai_metric", "$ai_feedback"};
  return std::ranges::find(names, event) != names.end();
}

}  // namespace mr::event
