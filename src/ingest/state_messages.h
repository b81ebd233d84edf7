#pragma once

#include <string>

#include "base/time.h"
#include "state/state_store.h"

// The records that tell of state changes, in the reference's forms (contract 5.5 and 5.7).
namespace mr::ingest {

inline constexpr std::string_view persons_topic = "persons";
inline constexpr std::string_view person_distinct_ids_topic = "person_distinct_ids";
inline constexpr std::string_view groups_topic = "groups";
inline constexpr std::string_view dead_letters_topic = "dead_letters";

state::OutboxRow person_message(const state::PersonRow& row, WallTime now);
state::OutboxRow distinct_id_message(const state::DistinctIdRow& row, WallTime now);
state::OutboxRow group_message(const state::GroupRow& row, WallTime now);

}  // namespace mr::ingest
