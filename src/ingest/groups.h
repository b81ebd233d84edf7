#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/strong.h"
#include "base/time.h"
#include "codec/json_object.h"
#include "event/event_row.h"
#include "ingest/counts.h"
#include "ingest/warnings.h"
#include "state/state_store.h"

namespace mr::ingest {

// A project has at most this many group types, numbered from 0.
inline constexpr int group_types_max = static_cast<int>(event::group_types_max);
// Groups in memory at most; beyond it those not used for longest go.
inline constexpr size_t cached_groups_max = 200'000;
// A $group_key longer than this, in UTF-16 units, is refused before it gets here.
inline constexpr size_t group_key_units_max = 400;

// The groups on an event's row, by type index; nothing for a group that does not exist.
using GroupsOnEvent = std::array<std::optional<event::GroupOnEvent>, event::group_types_max>;

// What the group rules need of an event. `properties` gains $group_0 … $group_4.
struct GroupEvent {
  ProjectId project;
  codec::Uuid uuid;
  std::string_view name;
  std::string_view distinct_id;
  WallTime timestamp;
  WallTime now;
  bool process_person = true;
  json::Object& properties;
};

// The rules by which group types are numbered and groups are changed (contract 3), with the groups
// that recent batches used. Purely in memory: what process() looks up was wanted and absorbed.
class Groups {
 public:
  Groups(Counts& counts, Warnings& warnings);
  ~Groups();

  // Adds what has to be loaded before the event can be processed: first the types of its project,
  // and, once those are known, the groups that it names. To be called until nothing is added.
  void want(ProjectId project, std::string_view event_name, const json::Object& properties,
            state::StateRequest& request);
  void absorb(const state::StateRequest& request, const state::StateFound& found);

  // Applies the event and yields the data of the groups that it names, by type index.
  GroupsOnEvent process(const GroupEvent& event);

  // As in PersonCache.
  void collect(WallTime now, state::StateChanges& changes) const;
  void committed();
  size_t size() const { return groups_.size(); }

 private:
  struct Group;

  // The types of a project by index; null when they are not loaded.
  const std::vector<std::string>* types_of(ProjectId project) const;
  std::optional<int> find_type(ProjectId project, std::string_view type) const;
  // The index of the type, given to it now if there is one left.
  std::optional<int> allocate_type(ProjectId project, std::string_view type);
  void want_group(ProjectId project, int index, std::string key, state::StateRequest& request);
  // The group, also when it does not exist (yet).
  Group& at(ProjectId project, int index, std::string_view key);
  void assign_indexes(const GroupEvent& event);
  void identify(const GroupEvent& event);
  void upsert(const GroupEvent& event, Group& group, const json::Object& set);

  Counts& counts_;
  Warnings& warnings_;
  std::unordered_map<int64_t, std::vector<std::string>> types_;
  std::unordered_map<std::string, std::unique_ptr<Group>> groups_;
  std::vector<Group*> changed_groups_;
  std::vector<state::GroupTypeRow> new_types_;
  uint64_t batch_ = 1;
};

}  // namespace mr::ingest
