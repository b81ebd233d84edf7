#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/strong.h"
#include "base/time.h"
#include "codec/uuid.h"
#include "io/task.h"

// What ingest remembers between batches: persons, groups, how far it has come, and what still has
// to be told to the topics. Rows are plain values; who changes them, and how, is ingest's business.
namespace mr::state {

struct PersonRow {
  ProjectId project;
  codec::Uuid uuid;
  WallTime created_at;
  std::string properties;  // a JSON object
  bool is_identified = false;
  // A person that was merged away or deleted stays as a tombstone, so that one that is made anew
  // gets a version above it.
  bool is_deleted = false;
  int64_t version = 0;
};

// A distinct id belongs to one person; the version rises with every reassignment.
struct DistinctIdRow {
  ProjectId project;
  std::string distinct_id;
  codec::Uuid person;
  int64_t version = 0;
};

// A distinct id that was used by an event without person processing.
struct PersonlessRow {
  ProjectId project;
  std::string distinct_id;
  bool is_merged = false;
};

struct GroupTypeRow {
  ProjectId project;
  std::string group_type;
  int index = 0;
};

struct GroupRow {
  ProjectId project;
  int type_index = 0;
  std::string key;
  std::string properties;  // a JSON object
  WallTime created_at;
  int64_t version = 0;
};

struct OutboxHeader {
  std::string name;
  std::string value;
};

// A record that must reach a topic; written with the state that it tells of.
struct OutboxRow {
  std::string topic;
  std::string key;
  std::string value;
  std::vector<OutboxHeader> headers;
  WallTime timestamp;
};

struct OutboxEntry {
  int64_t id = 0;  // rises in the order of commits
  OutboxRow row;
};

// A named offset: "captured/0" is the next one to ingest, "events/0" the next one to write.
struct Position {
  std::string name;
  Offset next;
};

struct CounterValue {
  std::string name;
  int64_t value = 0;
};

// Everything that one batch changes. Rows replace those with the same identity; counters are added.
struct StateChanges {
  std::vector<PersonRow> persons;
  std::vector<DistinctIdRow> distinct_ids;
  std::vector<PersonlessRow> personless;
  std::vector<GroupTypeRow> group_types;
  std::vector<GroupRow> groups;
  std::vector<OutboxRow> outbox;
  std::vector<Position> positions;
  std::vector<CounterValue> counters;
  // The hashes of this batch's events, concatenated; empty when there is none.
  Bytes duplicates;
  WallTime duplicates_written_at;
  // Duplicate rows older than this are removed.
  std::optional<WallTime> duplicates_expire_before;
};

struct WantedDistinctId {
  ProjectId project;
  std::string distinct_id;
  // The person that would be made for this id: its tombstone is looked for when the id is unknown.
  codec::Uuid candidate;
  // Also the other distinct ids of the person: a merge may move them.
  bool whole_person = false;
};

struct WantedGroup {
  ProjectId project;
  int type_index = 0;
  std::string key;
};

struct StateRequest {
  std::vector<WantedDistinctId> distinct_ids;
  std::vector<WantedGroup> groups;
  std::vector<ProjectId> group_types;
  bool empty() const { return distinct_ids.empty() && groups.empty() && group_types.empty(); }
};

// What exists of the wanted; what is not here does not exist.
struct StateFound {
  std::vector<PersonRow> persons;  // each once; also the tombstones of candidates
  std::vector<DistinctIdRow> distinct_ids;
  std::vector<PersonlessRow> personless;
  std::vector<GroupTypeRow> group_types;
  std::vector<GroupRow> groups;
};

// One batch of stored duplicate hashes.
struct DuplicateBatch {
  int64_t id = 0;
  WallTime written_at;
  Bytes hashes;
};

// Where that is kept: SQLite, or PostgreSQL in the large shape. One writer; calls may overlap and
// are executed one after the other. What is passed by reference must live until the call completes.
// Errors: no_space and busy (nothing was changed, retry later),
// corrupt, io_failed.
class StateStore {
 public:
  virtual ~StateStore() = default;

  virtual io::Task<Result<StateFound>> load(const StateRequest& request) = 0;
  // All of it or nothing, in one transaction; durable when it completes.
  virtual io::Task<Result<void>> commit(const StateChanges& changes) = 0;

  // The oldest rows of the outbox, at most about `bytes_max` of values (at least one row).
  virtual io::Task<Result<std::vector<OutboxEntry>>> read_outbox(size_t bytes_max) = 0;
  // Removes the rows up to `last_id` and saves the positions of their topics in one transaction.
  virtual io::Task<Result<void>> finish_outbox(int64_t last_id,
                                               std::vector<Position> positions) = 0;

  virtual io::Task<Result<std::vector<Position>>> positions() = 0;
  // All counters by name.
  virtual io::Task<Result<std::vector<CounterValue>>> counters() = 0;
  // Duplicate batches with an id above `after_id` written at or after `since`, oldest first, at
  // most about `bytes_max` of hashes (at least one batch); none at the end.
  virtual io::Task<Result<std::vector<DuplicateBatch>>> load_duplicates(WallTime since,
                                                                        int64_t after_id,
                                                                        size_t bytes_max) = 0;
};

// The position of that name, or 0 when there is none yet.
Offset position_of(const std::vector<Position>& positions, std::string_view name);

}  // namespace mr::state
