#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/snapshot.h"
#include "ingest/event_processor.h"
#include "state/state_store.h"

namespace mr::state {
class SqliteTables;
}

namespace mr::ingest {

// A record as capture would have written it.
struct TrialRecord {
  event::Envelope envelope;
  std::string value;
  size_t line = 0;  // where it came from, for reports
};

// What became of one record.
struct TrialFate {
  size_t line = 0;
  Fate fate = Fate::undecided;
  std::string reason;  // of a drop or a dead letter
  std::string error;
  std::string event;
  std::string distinct_id;
  codec::Uuid uuid;
  std::string row;      // JSON for topic `events`, when stored
  std::string payload;  // of a dead letter, as it was sent
};

// What a trial has made, each identity with its latest row. Tombstones are among the persons.
struct TrialOutcome {
  std::vector<TrialFate> fates;  // in the order of the records
  std::map<std::pair<int64_t, std::string>, state::PersonRow> persons;  // by project and uuid
  std::map<std::pair<int64_t, std::string>, state::DistinctIdRow> distinct_ids;
  std::map<std::tuple<int64_t, int, std::string>, state::GroupRow> groups;
  std::map<std::pair<int64_t, int>, std::string> group_types;
  std::vector<std::string> warnings;  // rows of the topic
};

// Runs records through the rules of ingest, batch by batch, over a scratch database in memory:
// nothing of it stays. Belongs to one thread.
class Trial {
 public:
  static Result<std::unique_ptr<Trial>> open(ProcessorOptions options);
  ~Trial();

  // One batch, finished at `now`. Errors: those of the database.
  Result<void> run(std::span<const TrialRecord> records, const catalog::Snapshot& projects,
                   WallTime now);
  const TrialOutcome& outcome() const { return outcome_; }

 private:
  Trial(ProcessorOptions options, std::unique_ptr<state::SqliteTables> tables);
  Result<void> load(const std::vector<std::unique_ptr<WorkItem>>& items);
  void note(const state::StateChanges& changes);

  EventProcessor processor_;
  std::unique_ptr<state::SqliteTables> tables_;
  TrialOutcome outcome_;
};

}  // namespace mr::ingest
