#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "event/captured_batch.h"
#include "ingest/trial.h"

namespace mr::main {

// What capture makes of one line of a trial.
struct TrialLine {
  std::vector<ingest::TrialRecord> records;
  std::string refused;  // the reason for which capture would have refused it, or nothing
  std::string message;
};

// Reads a line as capture would read the request that it stands for: an object as a client sends an
// event, or a whole request with `batch`. Beside the event's own fields it may have
//   token     instead of the event's; `fallback_token` when there is none
//   ip        the client's address
//   now       when it arrived; `now` otherwise
//   sent_at   the client's clock when it sent
//   headers   an object with headers of the captured message: force_disable_person_processing and
//             historical_migration
// The records' tokens are `project_token`, whatever the line said.
// Errors: invalid_input for a line that is no such object.
Result<TrialLine> read_trial_line(std::string_view text, WallTime now,
                                  std::string_view project_token, event::UuidSource& uuids);

}  // namespace mr::main
