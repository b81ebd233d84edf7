#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/strong.h"
#include "base/time.h"

namespace mr::catalog {

// What a quota counts. An event counts for one of them: `events` are all that the others do not
// name (contract: capture section 2).
enum class Resource : uint8_t { events, exceptions, recordings, ai };
inline constexpr std::array all_resources = {Resource::events, Resource::exceptions,
                                             Resource::recordings, Resource::ai};
std::string_view to_string(Resource resource);
std::optional<Resource> resource_of(std::string_view name);

// Calendar days or months of UTC.
enum class Period : uint8_t { day, month };
std::string_view to_string(Period period);
std::optional<Period> period_of(std::string_view name);

// How much of a resource a project may send in a period; one for each project and resource.
struct Quota {
  ProjectId project;
  Resource resource = Resource::events;
  Period period = Period::month;
  int64_t limit = 0;  // from 0 on

  bool operator==(const Quota&) const = default;
};

// What happens to events that a restriction is about.
enum class RestrictionAction : uint8_t {
  drop,         // answered with success, not kept
  overflow,     // kept in the lane of crowds, without person processing
  skip_person,  // kept, without person processing
  dead_letter,  // kept among the dead letters
};
std::string_view to_string(RestrictionAction action);
std::optional<RestrictionAction> restriction_action_of(std::string_view name);

// A rule for events of a project: those with the distinct id and the name that it says, where it
// says any; else all.
struct Restriction {
  int64_t id = 0;
  ProjectId project;
  RestrictionAction action = RestrictionAction::drop;
  std::string distinct_id;  // empty: any
  std::string event;        // empty: any
  WallTime created_at;

  bool operator==(const Restriction&) const = default;
};

// A restriction's texts have at most this many bytes.
inline constexpr size_t restriction_text_bytes_max = 800;

}  // namespace mr::catalog
