#pragma once

#include <string>
#include <vector>

#include "ingest/trial.h"

namespace mr::main {

// A line of a trial that capture would have refused.
struct RefusedLine {
  size_t line = 0;
  std::string reason;
  std::string message;
};

// What a trial came to, as one JSON object: `persons` (uuid, distinct_ids, properties,
// is_identified, created_at, version), `distinct_ids` (distinct_id, person_id, version, override:
// whether a row reaches the override table), `group_types`, `groups`, `events` (rows of the topic,
// their JSON texts parsed), `warnings` (type, details), `dead_letters`, `dropped` (line, reason).
std::string trial_json(const ingest::TrialOutcome& outcome,
                       const std::vector<RefusedLine>& refused);

// The same for people: tables.
std::string trial_tables(const ingest::TrialOutcome& outcome,
                         const std::vector<RefusedLine>& refused);

}  // namespace mr::main
