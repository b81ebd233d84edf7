#include "ingest/persons.h"

#include <algorithm>

#include "base/assert.h"
#include "codec/json_text.h"
#include "event/person_id.h"
#include "ingest/illegal_ids.h"
#include "ingest/text_limits.h"

namespace mr::ingest {
namespace {

// A person that only exists because an event without person processing needs one (contract 2.9).
constexpr WallTime synthetic_created_at{5000};
// An event this much younger than its person shows that the id is really used with a person.
constexpr Millis force_upgrade_after{60 * 1000};

// Exceptions and heatmaps run in lanes without an order to the others, so they change nobody.
bool may_update_person(std::string_view name) {
  return name != "$exception" && name != "$$heatmap";
}

}  // namespace

bool is_merge_event(std::string_view name) {
  return name == "$identify" || name == "$create_alias" || name == "$merge_dangerously";
}

std::optional<MergeRequest> merge_request(std::string_view name, const json::Object& properties) {
  if (name == "$identify") {
    const auto anonymous = properties.find("$anon_distinct_id");
    if (!anonymous) return std::nullopt;
    return MergeRequest{json::to_plain_text(*anonymous), false};
  }
  if (name == "$create_alias" || name == "$merge_dangerously") {
    const auto alias = properties.find("alias");
    if (!alias || !json::is_truthy(*alias)) return std::nullopt;
    return MergeRequest{json::to_plain_text(*alias), name == "$merge_dangerously"};
  }
  return std::nullopt;
}

// What one event has already done, so that it raises a person's version once.
struct Persons::Progress {
  CachedDistinctId& target;
  bool created = false;
  bool version_raised = false;
};

void Persons::want(ProjectId project, std::string_view event_name, std::string_view distinct_id,
                   const json::Object& properties, state::StateRequest& request) {
  const auto merge = merge_request(event_name, properties);
  cache_.want(project, replace_nul(std::string(distinct_id)), merge.has_value(), request);
  if (merge) cache_.want(project, replace_nul(merge->source), true, request);
}

PersonOnEvent Persons::process(const PersonEvent& event) {
  if (!event.process_person) return process_personless(event);
  Progress progress{cache_.at(event.project, replace_nul(std::string(event.distinct_id)))};
  Identified identified = Identified::as_it_is;
  if (const auto request = merge_request(event.name, event.properties)) {
    identified = merge(event, *request, progress);
  }
  if (progress.target.person == nullptr) {
    fill_new_person(event, cache_.create(progress.target, event.timestamp));
    progress.created = true;
  } else if (!progress.created && may_update_person(event.name)) {
    update(event, identified, progress);
  }
  const CachedPerson& person = *progress.target.person;
  PersonOnEvent on_event{person.uuid, person.created_at};
  // The event shows the values that it sets, also where the person did not take them.
  on_event.properties = event.update.set.empty()
                            ? person.properties_json()
                            : overlaid_json(person.properties, event.update.set);
  return on_event;
}

Persons::Identified Persons::merge(const PersonEvent& event, const MergeRequest& request,
                                   Progress& progress) {
  if (request.source == event.distinct_id) return Identified::as_it_is;
  const bool illegal_target = is_illegal_for_merging(event.distinct_id);
  if (illegal_target || is_illegal_for_merging(request.source)) {
    json::Object details;
    details.set_text("illegalDistinctId", illegal_target ? event.distinct_id : request.source);
    details.set_text("otherDistinctId", illegal_target ? request.source : event.distinct_id);
    details.set_text("distinctId", event.distinct_id);
    details.set_text("eventUuid", codec::to_string(event.uuid));
    warnings_.add(event.project, "cannot_merge_with_illegal_distinct_id", std::move(details));
    return Identified::as_it_is;
  }
  CachedDistinctId& target = progress.target;
  CachedDistinctId& source = cache_.at(event.project, replace_nul(request.source));
  if (target.person == nullptr && source.person == nullptr) {
    merge_into_new(event, target, source, progress);
  } else if (target.person == nullptr) {
    cache_.attach(target, *source.person, target.was_personless ? 1 : 0);
  } else if (source.person == nullptr) {
    cache_.attach(source, *target.person, source.was_personless ? 1 : 0);
  } else if (source.person != target.person) {
    if (source.person->is_identified && !request.even_if_identified) {
      json::Object details;
      details.set_text("sourcePersonDistinctId", request.source);
      details.set_text("targetPersonDistinctId", event.distinct_id);
      details.set_text("distinctId", event.distinct_id);
      details.set_text("eventUuid", codec::to_string(event.uuid));
      details.set_text("personId", codec::to_string(target.person->uuid));
      details.set_text("otherPersonId", codec::to_string(source.person->uuid));
      warnings_.add(event.project, "cannot_merge_already_identified", std::move(details));
      return Identified::requested;
    }
    fold(*source.person, *target.person, progress);
  }
  cache_.mark_personless_merged(target);
  cache_.mark_personless_merged(source);
  return Identified::requested;
}

void Persons::merge_into_new(const PersonEvent& event, CachedDistinctId& target,
                             CachedDistinctId& source, Progress& progress) {
  // Events that were stored for an id without a person carry that id's own UUID: the person takes
  // the UUID of the one id that has such events; where both have, the other id is reassigned.
  const bool seed_is_source = source.was_personless && !target.was_personless;
  CachedDistinctId& seed = seed_is_source ? source : target;
  CachedDistinctId& other = seed_is_source ? target : source;
  CachedPerson& person = cache_.create(seed, event.timestamp);
  cache_.attach(other, person, source.was_personless && target.was_personless ? 1 : 0);
  person.is_identified = true;
  fill_new_person(event, person);
  progress.created = true;
}

void Persons::fold(CachedPerson& source, CachedPerson& target, Progress& progress) {
  json::Object united = source.properties;
  united.overlay(target.properties);
  target.properties = std::move(united);
  target.created_at = std::min(target.created_at, source.created_at);
  target.is_identified = true;
  target.version = std::max(target.version, source.version) + 1;
  progress.version_raised = true;
  cache_.mark_changed(target);
  cache_.move_ids(source, target);
  counts_.add("persons_merged");
}

void Persons::update(const PersonEvent& event, Identified identified, Progress& progress) {
  CachedPerson& person = *progress.target.person;
  const bool becomes_identified = identified == Identified::requested && !person.is_identified;
  const bool may_skip_noisy = !is_merge_event(event.name) && event.name != "$set" &&
                              !becomes_identified && !progress.version_raised;
  bool changed = becomes_identified;
  if (becomes_identified) person.is_identified = true;
  if (!event.update.empty()) {
    const PropertyPlan plan(event.update, may_skip_noisy, person.properties);
    if (!plan.empty() && fits(plan, event, person)) {
      plan.apply(person.properties);
      changed = true;
    }
  }
  if (!changed) return;
  if (!progress.version_raised) ++person.version;
  progress.version_raised = true;
  cache_.mark_changed(person);
}

void Persons::warn_of_size(const PersonEvent& event, const CachedPerson& person) {
  json::Object details;
  details.set_text("personId", codec::to_string(person.uuid));
  details.set_text("distinctId", event.distinct_id);
  details.set("teamId", std::to_string(event.project.value));
  details.set_text("message", "the person's properties would be over the limit and were refused");
  warnings_.add(event.project, "person_properties_size_violation", std::move(details),
                codec::to_string(person.uuid));
}

bool Persons::fits(const PropertyPlan& plan, const PersonEvent& event, const CachedPerson& person) {
  const size_t before = person.properties_json().size();
  if (before + plan.bytes_added_max() <= person_properties_bytes_max) return true;
  json::Object updated = person.properties;
  plan.apply(updated);
  const size_t after = updated.to_json().size();
  // A person that is too large already may still change without growing.
  if (after <= person_properties_bytes_max || after <= before) return true;
  warn_of_size(event, person);
  return false;
}

void Persons::fill_new_person(const PersonEvent& event, CachedPerson& person) {
  json::Object properties = event.update.set_once;
  properties.overlay(event.update.set);
  properties.set_text("$creator_event_uuid", codec::to_string(event.uuid));
  if (properties.to_json().size() > person_properties_bytes_max) {
    warn_of_size(event, person);
    properties = json::Object();
    properties.set_text("$creator_event_uuid", codec::to_string(event.uuid));
  }
  person.properties = std::move(properties);
  cache_.mark_changed(person);
  counts_.add("persons_created");
}

PersonOnEvent Persons::process_personless(const PersonEvent& event) {
  CachedDistinctId& id = cache_.at(event.project, replace_nul(std::string(event.distinct_id)));
  PersonOnEvent on_event;
  on_event.mode = event::PersonMode::propertyless;
  if (id.person == nullptr) {
    cache_.mark_personless(id);
    on_event.person_id = event::person_id_of(event.project, id.distinct_id);
    on_event.created_at = synthetic_created_at;
    return on_event;
  }
  on_event.person_id = id.person->uuid;
  on_event.created_at = id.person->created_at;
  if (event.timestamp > id.person->created_at + force_upgrade_after) {
    on_event.mode = event::PersonMode::force_upgrade;
  }
  return on_event;
}

}  // namespace mr::ingest
