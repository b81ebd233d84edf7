#include "event/lane.h"

#include "event/event_names.h"

namespace mr::event {

std::string_view topic_of(Lane lane) {
  switch (lane) {
    case Lane::main:
      return "captured";
    case Lane::historical:
      return "captured.historical";
    case Lane::overflow:
      return "captured.overflow";
    case Lane::exceptions:
      return "captured.exceptions";
    case Lane::heatmaps:
      return "captured.heatmaps";
    case Lane::ai:
      return "captured.ai";
    case Lane::client_warnings:
      return "captured.warnings";
    case Lane::replay:
      return "captured.replay";
  }
  return "captured";
}

std::optional<Lane> lane_of_topic(std::string_view topic) {
  for (const Lane lane : all_lanes) {
    if (topic == topic_of(lane)) return lane;
  }
  return std::nullopt;
}

Lane lane_of_name(std::string_view event) {
  // Most names begin otherwise.
  if (!event.starts_with('$')) return Lane::main;
  if (event == exception_event) return Lane::exceptions;
  if (event == heatmap_event) return Lane::heatmaps;
  if (event == client_warning_event) return Lane::client_warnings;
  return is_ai_event(event) ? Lane::ai : Lane::main;
}

Lane lane_of(const Envelope& envelope) {
  if (envelope.dialect == Dialect::replay) return Lane::replay;
  const Lane lane = lane_of_name(envelope.event);
  return lane == Lane::main && envelope.historical ? Lane::historical : lane;
}

}  // namespace mr::event
