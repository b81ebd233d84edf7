#pragma once

#include <array>
#include <string>

#include "load/loader.h"

namespace mr::main {

// A topic whose rows the store process puts into a table.
struct LoadedTopic {
  const char* topic;
  const char* table;
};
inline constexpr std::array loaded_topics = {
    LoadedTopic{"events", "events"},
    LoadedTopic{"persons", "person"},
    LoadedTopic{"person_distinct_ids", "person_distinct_id2"},
    LoadedTopic{"groups", "groups"},
    LoadedTopic{"ingestion_warnings", "ingestion_warnings"},
    LoadedTopic{"session_replay_events", "session_replay_blocks"},
};

// Under what name the store process saves how far the topic is loaded.
inline std::string position_name(const LoadedTopic& loaded) {
  return load::position_name(loaded.topic, 0);
}

}  // namespace mr::main
