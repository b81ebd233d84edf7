#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/strong.h"
#include "base/time.h"
#include "codec/json_object.h"
#include "codec/uuid.h"
#include "event/event_row.h"
#include "ingest/counts.h"
#include "ingest/person_cache.h"
#include "ingest/person_properties.h"
#include "ingest/warnings.h"

namespace mr::ingest {

// What the person rules need of an event. Views live for the call.
struct PersonEvent {
  ProjectId project;
  codec::Uuid uuid;
  std::string_view name;
  std::string_view distinct_id;
  WallTime timestamp;
  // False: $process_person_profile is false, and the event leaves no trace on a person.
  bool process_person = true;
  // The event's properties, and what they ask of the person (empty when not processed).
  const json::Object& properties;
  const PropertyUpdate& update;
};

// The person data for the event's row.
struct PersonOnEvent {
  codec::Uuid person_id;
  WallTime created_at;
  std::string properties = "{}";  // JSON
  event::PersonMode mode = event::PersonMode::full;
};

// The events that may merge persons.
bool is_merge_event(std::string_view event_name);

// The merge that an event asks for (contract 2.6).
struct MergeRequest {
  std::string source;  // the other distinct id, as it was sent
  bool even_if_identified = false;
};
// Nothing when the event asks for none. An id of the wrong type was refused before.
std::optional<MergeRequest> merge_request(std::string_view event_name,
                                          const json::Object& properties);

// The rules by which events make, change and merge persons, over what PersonCache holds. Purely in
// memory; events come in the order of the log. Refusals are warned of.
class Persons {
 public:
  Persons(PersonCache& cache, Counts& counts, Warnings& warnings)
      : cache_(cache), counts_(counts), warnings_(warnings) {}

  // Adds what process() will look up.
  void want(ProjectId project, std::string_view event_name, std::string_view distinct_id,
            const json::Object& properties, state::StateRequest& request);
  // Applies the event and yields what its row says of the person.
  PersonOnEvent process(const PersonEvent& event);

 private:
  enum class Identified { as_it_is, requested };
  struct Progress;

  Identified merge(const PersonEvent& event, const MergeRequest& request, Progress& progress);
  void merge_into_new(const PersonEvent& event, CachedDistinctId& target, CachedDistinctId& source,
                      Progress& progress);
  void fold(CachedPerson& source, CachedPerson& target, Progress& progress);
  void update(const PersonEvent& event, Identified identified, Progress& progress);
  // Whether the person stays within its size limit; if not, the update is refused as a whole.
  bool fits(const PropertyPlan& plan, const PersonEvent& event, const CachedPerson& person);
  void warn_of_size(const PersonEvent& event, const CachedPerson& person);
  void fill_new_person(const PersonEvent& event, CachedPerson& person);
  PersonOnEvent process_personless(const PersonEvent& event);

  PersonCache& cache_;
  Counts& counts_;
  Warnings& warnings_;
};

}  // namespace mr::ingest
