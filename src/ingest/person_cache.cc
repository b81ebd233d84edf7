#include "ingest/person_cache.h"

#include <algorithm>

#include "base/assert.h"
#include "event/person_id.h"
#include "ingest/state_messages.h"

namespace mr::ingest {
namespace {

// A tombstone outranks every version that its person can have had (contract 2.7).
constexpr int64_t tombstone_version_step = 100;
// What an entry costs beside its texts, roughly.
constexpr size_t entry_bytes = 300;

std::string key_of(ProjectId project, std::string_view text) {
  std::string key(sizeof(project.value), '\0');
  for (size_t i = 0; i < key.size(); ++i) key[i] = static_cast<char>(project.value >> (8 * i));
  key += text;
  return key;
}

std::string key_of(ProjectId project, const codec::Uuid& uuid) {
  return key_of(project, as_text(uuid.bytes));
}

state::PersonRow row_of(const CachedPerson& person) {
  return {person.project,       person.uuid,       person.created_at, person.properties_json(),
          person.is_identified, person.is_deleted, person.version};
}

}  // namespace

const std::string& CachedPerson::properties_json() const {
  if (json.empty()) properties.append_json(json);
  return json;
}

void PersonCache::want(ProjectId project, std::string_view distinct_id, bool whole_person,
                       state::StateRequest& request) {
  const auto found = ids_.find(key_of(project, distinct_id));
  if (found != ids_.end()) {
    CachedDistinctId& id = *found->second;
    id.last_used = batch_;
    if (id.person == nullptr) return;
    id.person->last_used = batch_;
    if (!whole_person || id.person->whole) return;
  }
  request.distinct_ids.push_back(
      {project, std::string(distinct_id), event::person_id_of(project, distinct_id), whole_person});
}

void PersonCache::absorb(const state::StateRequest& request, const state::StateFound& found) {
  for (const state::PersonRow& row : found.persons) put_person(row);
  for (const state::DistinctIdRow& row : found.distinct_ids) {
    auto& entry = ids_[key_of(row.project, row.distinct_id)];
    if (entry != nullptr) continue;
    entry = std::make_unique<CachedDistinctId>();
    entry->project = row.project;
    entry->distinct_id = row.distinct_id;
    entry->version = row.version;
    entry->last_used = batch_;
    const auto person = persons_.find(key_of(row.project, row.person));
    MR_ASSERT(person != persons_.end());
    join(*entry, *person->second);
    bytes_ += entry_bytes + 2 * row.distinct_id.size();
  }
  for (const state::WantedDistinctId& wanted : request.distinct_ids) {
    auto& entry = ids_[key_of(wanted.project, wanted.distinct_id)];
    if (entry == nullptr) {
      entry = std::make_unique<CachedDistinctId>();
      entry->project = wanted.project;
      entry->distinct_id = wanted.distinct_id;
      bytes_ += entry_bytes + 2 * wanted.distinct_id.size();
    }
    entry->last_used = batch_;
    if (entry->person != nullptr && wanted.whole_person) entry->person->whole = true;
  }
  for (const state::PersonlessRow& row : found.personless) {
    CachedDistinctId& id = at(row.project, row.distinct_id);
    id.was_personless = true;
    id.personless_merged = row.is_merged;
  }
}

CachedPerson& PersonCache::put_person(const state::PersonRow& row) {
  auto& entry = persons_[key_of(row.project, row.uuid)];
  if (entry != nullptr) {
    entry->last_used = batch_;
    return *entry;
  }
  entry = std::make_unique<CachedPerson>();
  entry->project = row.project;
  entry->uuid = row.uuid;
  entry->created_at = row.created_at;
  // The store only holds what was written from an Object; were it damaged, the person starts empty.
  if (auto parsed = json::Object::parse(row.properties)) entry->properties = std::move(*parsed);
  entry->is_identified = row.is_identified;
  entry->is_deleted = row.is_deleted;
  entry->version = row.version;
  entry->last_used = batch_;
  account(*entry);
  return *entry;
}

CachedDistinctId& PersonCache::at(ProjectId project, std::string_view distinct_id) {
  const auto found = ids_.find(key_of(project, distinct_id));
  MR_ASSERT(found != ids_.end());
  return *found->second;
}

CachedPerson& PersonCache::create(CachedDistinctId& seed, WallTime created_at) {
  MR_ASSERT(seed.person == nullptr);
  const codec::Uuid uuid = event::person_id_of(seed.project, seed.distinct_id);
  auto& entry = persons_[key_of(seed.project, uuid)];
  if (entry == nullptr) {
    entry = std::make_unique<CachedPerson>();
    entry->project = seed.project;
    entry->uuid = uuid;
    entry->created_at = created_at;
    entry->whole = true;
  } else if (entry->is_deleted) {
    entry->is_deleted = false;
    entry->is_identified = false;
    entry->created_at = created_at;
    entry->version += 1;
    entry->properties = json::Object();
    entry->whole = true;
  }
  // A living person of that UUID whose own id was taken from it gets the id back.
  attach(seed, *entry, 0);
  mark_changed(*entry);
  return *entry;
}

void PersonCache::attach(CachedDistinctId& id, CachedPerson& person, int64_t version) {
  part(id);
  join(id, person);
  id.version = version;
  id.last_used = batch_;
  if (!id.changed) {
    id.changed = true;
    changed_ids_.push_back(&id);
  }
}

void PersonCache::move_ids(CachedPerson& source, CachedPerson& target) {
  MR_ASSERT(source.whole && &source != &target);
  std::vector<CachedDistinctId*> moving = source.ids;
  std::sort(moving.begin(), moving.end(), [](const auto* left, const auto* right) {
    return left->distinct_id < right->distinct_id;
  });
  for (CachedDistinctId* id : moving) attach(*id, target, id->version + 1);
  source.is_deleted = true;
  source.version += tombstone_version_step;
  source.properties = json::Object();
  mark_changed(source);
}

void PersonCache::mark_changed(CachedPerson& person) {
  person.json.clear();
  person.last_used = batch_;
  if (person.changed) return;
  person.changed = true;
  changed_persons_.push_back(&person);
}

void PersonCache::mark_personless(CachedDistinctId& id) {
  if (id.was_personless) return;
  id.was_personless = true;
  if (!id.personless_changed) changed_personless_.push_back(&id);
  id.personless_changed = true;
}

void PersonCache::mark_personless_merged(CachedDistinctId& id) {
  if (!id.was_personless || id.personless_merged) return;
  id.personless_merged = true;
  if (!id.personless_changed) changed_personless_.push_back(&id);
  id.personless_changed = true;
}

void PersonCache::collect(WallTime now, state::StateChanges& changes) const {
  for (const CachedPerson* person : changed_persons_) {
    changes.persons.push_back(row_of(*person));
    changes.outbox.push_back(person_message(changes.persons.back(), now));
  }
  for (const CachedDistinctId* id : changed_ids_) {
    changes.distinct_ids.push_back({id->project, id->distinct_id, id->person->uuid, id->version});
    changes.outbox.push_back(distinct_id_message(changes.distinct_ids.back(), now));
  }
  for (const CachedDistinctId* id : changed_personless_) {
    changes.personless.push_back({id->project, id->distinct_id, id->personless_merged});
  }
}

void PersonCache::committed() {
  for (CachedPerson* person : changed_persons_) {
    person->changed = false;
    // The object keeps every value that was ever set; a copy holds only what it has now.
    person->properties = json::Object(person->properties);
    account(*person);
  }
  for (CachedDistinctId* id : changed_ids_) id->changed = false;
  for (CachedDistinctId* id : changed_personless_) id->personless_changed = false;
  changed_persons_.clear();
  changed_ids_.clear();
  changed_personless_.clear();
  if (ids_.size() > limits_.distinct_ids_max || bytes_ > limits_.bytes_max) evict();
  ++batch_;
}

void PersonCache::join(CachedDistinctId& id, CachedPerson& person) {
  id.person = &person;
  id.place = person.ids.size();
  person.ids.push_back(&id);
}

void PersonCache::part(CachedDistinctId& id) {
  if (id.person == nullptr) return;
  auto& ids = id.person->ids;
  ids[id.place] = ids.back();
  ids[id.place]->place = id.place;
  ids.pop_back();
  id.person = nullptr;
}

void PersonCache::account(CachedPerson& person) {
  bytes_ -= person.accounted_bytes;
  person.accounted_bytes = entry_bytes + 2 * person.properties_json().size();
  bytes_ += person.accounted_bytes;
}

void PersonCache::evict() {
  std::vector<uint64_t> ages;
  ages.reserve(ids_.size());
  for (const auto& [key, id] : ids_) ages.push_back(id->last_used);
  const auto middle = ages.begin() + static_cast<std::ptrdiff_t>(ages.size() / 2);
  std::nth_element(ages.begin(), middle, ages.end());
  // At least the older half goes; what the last batch used goes only when it alone is too much.
  const uint64_t keep_after = *middle;
  std::erase_if(ids_, [&](const auto& item) {
    CachedDistinctId& id = *item.second;
    // An id without a person goes in any case: it rests on a tombstone that may go below.
    if (id.person != nullptr && id.last_used > keep_after) return false;
    bytes_ -= entry_bytes + 2 * id.distinct_id.size();
    if (id.person != nullptr) id.person->whole = false;
    part(id);
    return true;
  });
  std::erase_if(persons_, [&](const auto& item) {
    CachedPerson& person = *item.second;
    if (!person.ids.empty()) return false;
    bytes_ -= person.accounted_bytes;
    return true;
  });
}

}  // namespace mr::ingest
