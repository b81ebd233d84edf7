#pragma once

#include <string_view>

namespace mr::event {

// Names that capture treats in a way of their own.

// Always filtered (contract: capture section 1).
inline constexpr std::string_view performance_event = "$performance_event";

inline constexpr std::string_view exception_event = "$exception";
inline constexpr std::string_view heatmap_event = "$$heatmap";
inline constexpr std::string_view client_warning_event = "$$client_ingestion_warning";

// One of the six names that are about calls of language models (contract: capture section 7).
bool is_ai_event(std::string_view event);

// Whether the name has a lane of its own, where an import's events count as fresh ones (contract:
// capture section 2).
bool is_never_historical(std::string_view event);

}  // namespace mr::event
