#pragma once

#include <array>

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
    LoadedTopic{"session_replay_events", "session_replay_blocks"},
};

}  // namespace mr::main
