#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/strong.h"
#include "base/time.h"
#include "codec/json_object.h"
#include "codec/uuid.h"
#include "state/state_store.h"

namespace mr::ingest {

struct CachedDistinctId;

// A person as ingest works on it. Change it only through PersonCache, which notes what to commit.
struct CachedPerson {
  ProjectId project;
  codec::Uuid uuid;
  WallTime created_at;
  json::Object properties;
  bool is_identified = false;
  bool is_deleted = false;  // merged away: a tombstone
  int64_t version = 0;

  // The distinct ids of this person that are in memory; all of them when `whole`.
  std::vector<CachedDistinctId*> ids;
  bool whole = false;
  bool changed = false;
  uint64_t last_used = 0;
  // `properties` as JSON, made by need.
  const std::string& properties_json() const;
  mutable std::string json;
  size_t accounted_bytes = 0;
};

// What is known of a distinct id: its person, or that it has none.
struct CachedDistinctId {
  ProjectId project;
  std::string distinct_id;
  CachedPerson* person = nullptr;
  int64_t version = 0;
  size_t place = 0;  // in person->ids
  bool was_personless = false;
  bool personless_merged = false;
  bool changed = false;
  bool personless_changed = false;
  uint64_t last_used = 0;
};

struct PersonCacheLimits {
  size_t distinct_ids_max = 500'000;
  size_t bytes_max = 256u * 1024 * 1024;
};

// The persons and distinct ids that recent batches used, and the changes of the current batch.
// There is one writer, so between batches the cache agrees with the store. Within a batch every
// distinct id must have been loaded (want, absorb) before it is looked up. No I/O.
class PersonCache {
 public:
  explicit PersonCache(PersonCacheLimits limits = {}) : limits_(limits) {}

  // Adds to `request` what has to be loaded before an event with this id can be processed;
  // `whole_person` when the event may merge the person.
  void want(ProjectId project, std::string_view distinct_id, bool whole_person,
            state::StateRequest& request);
  // Takes in what the store has found for `request`.
  void absorb(const state::StateRequest& request, const state::StateFound& found);

  // The entry of an id that was wanted. Stays valid until the end of the batch.
  CachedDistinctId& at(ProjectId project, std::string_view distinct_id);

  // Makes the person of `seed` (UUIDv5 rule, contract 2.2), which must have none, and attaches the
  // id with version 0. A tombstone of the same UUID is revived one version above it.
  CachedPerson& create(CachedDistinctId& seed, WallTime created_at);
  // Gives `id` to `person` with that version.
  void attach(CachedDistinctId& id, CachedPerson& person, int64_t version);
  // Moves every id of `source` to `target`, each one version up, and makes `source` a tombstone
  // 100 versions up (contract 2.7). Both must be whole.
  void move_ids(CachedPerson& source, CachedPerson& target);
  // Notes that the person differs from the store; drops its cached JSON.
  void mark_changed(CachedPerson& person);
  // Notes the use of an id by an event without person processing.
  void mark_personless(CachedDistinctId& id);
  void mark_personless_merged(CachedDistinctId& id);

  // Appends the rows of this batch's changes and the messages that tell of them.
  void collect(WallTime now, state::StateChanges& changes) const;
  // The changes are committed: forgets them and evicts what was not used for long.
  void committed();

  size_t size() const { return ids_.size(); }
  size_t bytes() const { return bytes_; }

 private:
  CachedPerson& put_person(const state::PersonRow& row);
  void join(CachedDistinctId& id, CachedPerson& person);
  void part(CachedDistinctId& id);
  void account(CachedPerson& person);
  void evict();

  PersonCacheLimits limits_;
  std::unordered_map<std::string, std::unique_ptr<CachedDistinctId>> ids_;
  std::unordered_map<std::string, std::unique_ptr<CachedPerson>> persons_;
  // In the order of their first change.
  std::vector<CachedPerson*> changed_persons_;
  std::vector<CachedDistinctId*> changed_ids_;
  std::vector<CachedDistinctId*> changed_personless_;
  uint64_t batch_ = 1;
  size_t bytes_ = 0;
};

}  // namespace mr::ingest
