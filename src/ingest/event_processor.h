#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/strong.h"
#include "base/time.h"
#include "catalog/snapshot.h"
#include "event/envelope.h"
#include "event/raw_event.h"
#include "ingest/counts.h"
#include "ingest/duplicates.h"
#include "ingest/groups.h"
#include "ingest/person_cache.h"
#include "ingest/persons.h"
#include "ingest/warnings.h"
#include "state/state_store.h"
#include "stream/stream.h"

namespace mr::ingest {

// What became of a captured record. Every record has exactly one fate.
enum class Fate { undecided, stored, duplicate, dropped, dead_lettered };
std::string_view to_string(Fate fate);

// A captured record on its way through ingest. Its views point into the batch that was read, and
// the event borrows from the envelope, so it stays where it is.
struct WorkItem {
  explicit WorkItem(const stream::Record& of) : record(of) {}
  WorkItem(const WorkItem&) = delete;

  const stream::Record& record;
  event::Envelope envelope;
  event::RawEvent event;
  ProjectId project;
  bool project_known = false;
  Fate fate = Fate::undecided;
  std::string_view reason;  // of a drop or a dead letter
  std::string error;        // that made it a dead letter, where there is more to say
  std::string row;          // JSON for topic `events`, when stored
};

struct ProcessorOptions {
  DuplicateOptions duplicates;
  PersonCacheLimits persons;
  // For tests of crash handling only: the process aborts at an event of this name.
  std::string crash_on_event;
};

// The rules of ingest, from a captured record to a finished row: decodes, finds the project, drops
// repeats, applies the event to persons and groups, writes both onto the row. Purely in memory;
// records come in the order of the log, and everything that want() asked for was absorbed.
class EventProcessor {
 public:
  explicit EventProcessor(ProcessorOptions options);

  // Decodes the record; one that cannot be is dead-lettered.
  void decode(WorkItem& item) const;
  // Finds the project of the record's token, if the snapshot has it.
  void resolve(WorkItem& item, const catalog::Snapshot& projects) const;

  // Adds what process() will look up. Load it, absorb it, and ask again until nothing is added.
  void want(const WorkItem& item, state::StateRequest& request);
  void absorb(const state::StateRequest& request, const state::StateFound& found);

  // Decides the item's fate and, when it is stored, makes its row. `now` is the time of the batch.
  void process(WorkItem& item, WallTime now);

  // A processed item that cannot be stored after all becomes a dead letter. What it did to persons
  // and groups stays.
  void refuse(WorkItem& item, std::string_view reason, std::string why);

  // Appends what the processed items have changed, with the batch's duplicate hashes and counts.
  void collect(WallTime now, state::StateChanges& changes);
  // What was collected is durable.
  void committed();

  DuplicateFilter& duplicates() { return duplicates_; }
  const DuplicateFilter& duplicates() const { return duplicates_; }
  const PersonCache& persons() const { return person_cache_; }
  const Groups& groups() const { return groups_; }

 private:
  void settle(WorkItem& item, Fate fate, std::string_view reason = {});
  void warn_of_size(const WorkItem& item);
  std::string make_row(WorkItem& item, bool process_person, WallTime now);

  ProcessorOptions options_;
  Counts counts_;
  Warnings warnings_;
  DuplicateFilter duplicates_;
  PersonCache person_cache_;
  Persons persons_;
  Groups groups_;
  Bytes new_hashes_;
  std::optional<WallTime> expired_at_;
};

}  // namespace mr::ingest
