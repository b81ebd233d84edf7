#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "event/envelope.h"

namespace mr::event {

// Captured events travel in lanes, each a topic of its own, so that a crowd in one delays nobody in
// another (contract: capture section 4).
enum class Lane : uint8_t {
  main,
  historical,  // imports
  overflow,    // keys that send more than their share
  exceptions,
  heatmaps,
  ai,
  client_warnings,
  replay,  // session recordings
};
inline constexpr std::array all_lanes = {
    Lane::main,     Lane::historical, Lane::overflow,        Lane::exceptions,
    Lane::heatmaps, Lane::ai,         Lane::client_warnings, Lane::replay};

// Those whose records are events that ingest makes rows of.
inline constexpr std::array ingested_lanes = {
    Lane::main,     Lane::historical, Lane::overflow,       Lane::exceptions,
    Lane::heatmaps, Lane::ai,         Lane::client_warnings};

// The topic of the lane: "captured", "captured.historical", …
std::string_view topic_of(Lane lane);
std::optional<Lane> lane_of_topic(std::string_view topic);

// Where an event of that name belongs when nothing else is decided about it: main, unless the name
// has a lane of its own.
Lane lane_of_name(std::string_view event);

// The lane of an accepted event: that of its name, else historical when it is part of an import.
// Overflow is decided by who counts.
Lane lane_of(const Envelope& envelope);

}  // namespace mr::event
