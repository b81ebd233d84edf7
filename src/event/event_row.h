#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/strong.h"
#include "base/time.h"
#include "codec/uuid.h"

namespace mr::event {

// The finished rows that ingest writes and load and deliver read: one JSON object each, with the
// names and forms of the reference (contract: ingestion 5.3, 5.5, 5.7). Text ends in '}' and starts
// in '{' with at least one member, so a reader may splice further members in at either end.

// How an event relates to its person (contract: ingestion 4.1).
enum class PersonMode : uint8_t { full = 0, propertyless = 1, force_upgrade = 2 };
std::string_view to_string(PersonMode mode);

inline constexpr size_t group_types_max = 5;

// A group as it was when the event happened to it.
struct GroupOnEvent {
  std::string properties;  // JSON text
  WallTime created_at;
};

// A row of `events`, with the person and the groups on it.
struct EventRow {
  codec::Uuid uuid;
  std::string event;
  std::string properties = "{}";  // JSON text
  WallTime timestamp;
  ProjectId project;
  std::string distinct_id;
  std::string elements_chain;
  WallTime created_at;                  // when the row was finished
  std::optional<WallTime> captured_at;  // when the request arrived
  codec::Uuid person_id;
  WallTime person_created_at;
  std::string person_properties = "{}";  // JSON text
  PersonMode person_mode = PersonMode::full;
  std::array<std::optional<GroupOnEvent>, group_types_max> groups;
  bool historical = false;

  void append_json(std::string& out) const;
  std::string to_json() const;
};

// A row of `person`: the highest version of an id counts.
struct PersonRow {
  codec::Uuid id;
  WallTime created_at;
  std::string properties = "{}";  // JSON text
  ProjectId project;
  bool is_identified = false;
  bool is_deleted = false;
  uint64_t version = 0;
  std::optional<WallTime> last_seen_at;

  std::string to_json() const;
};

// A row of `person_distinct_id2`: the highest version of a distinct id counts.
struct DistinctIdRow {
  codec::Uuid person_id;
  ProjectId project;
  std::string distinct_id;
  int64_t version = 0;
  bool is_deleted = false;

  std::string to_json() const;
};

// A row of `groups`.
struct GroupRow {
  uint8_t type_index = 0;
  std::string key;
  ProjectId project;
  std::string properties = "{}";  // JSON text
  WallTime created_at;
  uint64_t version = 1;

  std::string to_json() const;
};

}  // namespace mr::event
