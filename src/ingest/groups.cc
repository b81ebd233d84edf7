#include "ingest/groups.h"

#include <algorithm>

#include "base/assert.h"
#include "codec/json_text.h"
#include "ingest/state_messages.h"
#include "ingest/text_limits.h"

namespace mr::ingest {
namespace {

std::string key_of(ProjectId project, int index, std::string_view key) {
  return std::to_string(project.value) + "/" + std::to_string(index) + "/" + std::string(key);
}

std::string group_property(int index) {
  return "$group_" + std::to_string(index);
}

// The key that a property value names, or nothing.
std::optional<std::string> key_from(std::optional<std::string_view> raw) {
  if (!raw || json::is_null(*raw)) return std::nullopt;
  return replace_nul(json::to_plain_text(*raw));
}

std::optional<json::Object> plain_object(std::optional<std::string_view> raw) {
  if (!raw || json::kind_of(*raw) != json::Kind::object) return std::nullopt;
  auto parsed = json::Object::parse(*raw);
  if (!parsed) return std::nullopt;
  return std::move(*parsed);
}

struct GroupName {
  std::string type;
  std::string key;
};
// The group that a $groupidentify is about, or nothing when it does not name one.
std::optional<GroupName> identified_group(std::string_view name, const json::Object& properties) {
  if (name != "$groupidentify") return std::nullopt;
  const auto type = properties.find("$group_type");
  const auto key = properties.find("$group_key");
  if (!type || !key || !json::is_truthy(*type) || !json::is_truthy(*key)) return std::nullopt;
  return GroupName{json::to_plain_text(*type), replace_nul(json::to_plain_text(*key))};
}

}  // namespace

struct Groups::Group {
  ProjectId project;
  int index = 0;
  std::string key;
  bool exists = false;
  json::Object properties;
  WallTime created_at;
  int64_t version = 0;
  bool changed = false;
  uint64_t last_used = 0;
};

Groups::Groups(Counts& counts, Warnings& warnings) : counts_(counts), warnings_(warnings) {
}
Groups::~Groups() = default;

void Groups::want(ProjectId project, std::string_view event_name, const json::Object& properties,
                  state::StateRequest& request) {
  const auto named = plain_object(properties.find("$groups"));
  const auto identified = identified_group(event_name, properties);
  if (types_of(project) == nullptr) {
    if (!named && !identified) return;
    const auto& wanted = request.group_types;
    if (std::find(wanted.begin(), wanted.end(), project) == wanted.end()) {
      request.group_types.push_back(project);
    }
    return;
  }
  if (named) {
    for (const json::Member& member : *named) {
      const auto index = find_type(project, member.key);
      if (!index) continue;
      if (auto key = key_from(member.raw)) want_group(project, *index, std::move(*key), request);
    }
  }
  for (int index = 0; index < group_types_max; ++index) {
    auto key = key_from(properties.find(group_property(index)));
    if (key) want_group(project, index, std::move(*key), request);
  }
  if (identified) {
    const auto index = find_type(project, identified->type);
    if (index) want_group(project, *index, identified->key, request);
  }
}

void Groups::want_group(ProjectId project, int index, std::string key,
                        state::StateRequest& request) {
  const auto found = groups_.find(key_of(project, index, key));
  if (found != groups_.end()) {
    found->second->last_used = batch_;
    return;
  }
  request.groups.push_back({project, index, std::move(key)});
}

void Groups::absorb(const state::StateRequest& request, const state::StateFound& found) {
  for (const ProjectId project : request.group_types) types_.try_emplace(project.value);
  for (const state::GroupTypeRow& row : found.group_types) {
    std::vector<std::string>& names = types_[row.project.value];
    const size_t index = static_cast<size_t>(row.index);
    if (names.size() <= index) names.resize(index + 1);
    names[index] = row.group_type;
  }
  for (const state::WantedGroup& wanted : request.groups) {
    at(wanted.project, wanted.type_index, wanted.key);
  }
  for (const state::GroupRow& row : found.groups) {
    Group& group = at(row.project, row.type_index, row.key);
    if (group.exists) continue;
    group.exists = true;
    if (auto parsed = json::Object::parse(row.properties)) group.properties = std::move(*parsed);
    group.created_at = row.created_at;
    group.version = row.version;
  }
}

const std::vector<std::string>* Groups::types_of(ProjectId project) const {
  const auto found = types_.find(project.value);
  return found == types_.end() ? nullptr : &found->second;
}

std::optional<int> Groups::find_type(ProjectId project, std::string_view type) const {
  const std::vector<std::string>* names = types_of(project);
  if (names == nullptr) return std::nullopt;
  const auto found = std::find(names->begin(), names->end(), type);
  if (found == names->end()) return std::nullopt;
  return static_cast<int>(found - names->begin());
}

std::optional<int> Groups::allocate_type(ProjectId project, std::string_view type) {
  if (const auto known = find_type(project, type)) return known;
  const auto names = types_.find(project.value);
  MR_ASSERT(names != types_.end());
  if (type.empty() || names->second.size() >= group_types_max) {
    counts_.add("group_types_ignored");
    return std::nullopt;
  }
  const int index = static_cast<int>(names->second.size());
  names->second.emplace_back(type);
  new_types_.push_back({project, std::string(type), index});
  return index;
}

Groups::Group& Groups::at(ProjectId project, int index, std::string_view key) {
  auto& entry = groups_[key_of(project, index, key)];
  if (entry == nullptr) {
    entry = std::make_unique<Group>();
    entry->project = project;
    entry->index = index;
    entry->key = key;
  }
  entry->last_used = batch_;
  return *entry;
}

GroupsOnEvent Groups::process(const GroupEvent& event) {
  GroupsOnEvent on_event;
  if (event.process_person) {
    assign_indexes(event);
  } else {
    for (int index = 0; index < group_types_max; ++index) {
      event.properties.erase(group_property(index));
    }
  }
  identify(event);
  for (int index = 0; index < group_types_max; ++index) {
    const auto key = key_from(event.properties.find(group_property(index)));
    if (!key) continue;
    const auto found = groups_.find(key_of(event.project, index, *key));
    if (found == groups_.end() || !found->second->exists) continue;
    on_event[static_cast<size_t>(index)] =
        event::GroupOnEvent{found->second->properties.to_json(), found->second->created_at};
  }
  return on_event;
}

void Groups::assign_indexes(const GroupEvent& event) {
  const auto named = plain_object(event.properties.find("$groups"));
  if (!named) return;
  for (const json::Member& member : *named) {
    const auto index = allocate_type(event.project, member.key);
    if (index) event.properties.set(group_property(*index), member.raw);
  }
}

void Groups::identify(const GroupEvent& event) {
  const auto name = identified_group(event.name, event.properties);
  if (!name) return;
  const auto raw_set = event.properties.find("$group_set");
  const auto set = plain_object(raw_set);
  if (raw_set && !json::is_null(*raw_set) && !set) {
    json::Object details;
    details.set_text("eventUuid", codec::to_string(event.uuid));
    details.set_text("distinctId", event.distinct_id);
    details.set_text("groupType", name->type);
    details.set_text("groupKey", name->key);
    details.set_text("receivedType", javascript_type(*raw_set));
    warnings_.add(event.project, "invalid_group_set", std::move(details), name->key);
    return;
  }
  const auto index = allocate_type(event.project, name->type);
  if (!index) return;
  upsert(event, at(event.project, *index, name->key), set ? *set : json::Object());
}

void Groups::upsert(const GroupEvent& event, Group& group, const json::Object& set) {
  bool different = !group.exists;
  for (const json::Member& member : set) {
    const auto stored = group.properties.find(member.key);
    if (stored && json::equal(*stored, member.raw)) continue;
    group.properties.set(member.key, member.raw);
    different = true;
  }
  if (!different) return;
  if (group.exists) {
    group.created_at = std::min(group.created_at, event.timestamp);
  } else {
    group.created_at = std::min(event.now, event.timestamp);
    group.exists = true;
  }
  ++group.version;
  if (!group.changed) changed_groups_.push_back(&group);
  group.changed = true;
}

void Groups::collect(WallTime now, state::StateChanges& changes) const {
  for (const state::GroupTypeRow& row : new_types_) changes.group_types.push_back(row);
  for (const Group* group : changed_groups_) {
    changes.groups.push_back({group->project, group->index, group->key, group->properties.to_json(),
                              group->created_at, group->version});
    changes.outbox.push_back(group_message(changes.groups.back(), now));
  }
}

void Groups::committed() {
  for (Group* group : changed_groups_) {
    group->changed = false;
    // As with persons: a copy drops the values that were replaced.
    group->properties = json::Object(group->properties);
  }
  changed_groups_.clear();
  new_types_.clear();
  if (groups_.size() > cached_groups_max) {
    std::vector<uint64_t> ages;
    for (const auto& [key, group] : groups_) ages.push_back(group->last_used);
    const auto middle = ages.begin() + static_cast<std::ptrdiff_t>(ages.size() / 2);
    std::nth_element(ages.begin(), middle, ages.end());
    const uint64_t keep_after = *middle;
    std::erase_if(groups_, [&](const auto& item) { return item.second->last_used <= keep_after; });
  }
  ++batch_;
}

}  // namespace mr::ingest
