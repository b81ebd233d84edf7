#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "codec/json_object.h"

namespace mr::ingest {

// What an event asks to change on its person (contract 2.4).
struct PropertyUpdate {
  json::Object set;
  json::Object set_once;
  std::vector<std::string> unset;
  bool empty() const { return set.empty() && set_once.empty() && unset.empty(); }
};

// Adds the automatic person properties (contract 2.3) that are among the event's properties to
// `set` and `set_once`, where they are not given already. Whether there were any.
bool lift_person_properties(const json::Object& properties, json::Object& set,
                            json::Object& set_once);

// What an update comes to against a person's properties as they are before the event: set_once for
// absent keys, then set for different values, then unset of stored keys. Views into the update.
class PropertyPlan {
 public:
  // `may_skip_noisy`: the event is none of those that always write, so an update that only changes
  // values of noisy properties is left out altogether.
  PropertyPlan(const PropertyUpdate& update, bool may_skip_noisy, const json::Object& person);

  bool empty() const { return sets_.empty() && removals_.empty(); }
  // By how much the person's JSON can grow at most.
  size_t bytes_added_max() const;
  void apply(json::Object& person) const;

 private:
  std::vector<json::Member> sets_;
  std::vector<std::string_view> removals_;
};

// The JSON of `below` with the members of `above` over it.
std::string overlaid_json(const json::Object& below, const json::Object& above);

// Person properties above this are refused (contract 2.10; here of the JSON text).
inline constexpr size_t person_properties_bytes_max = 655'360;

}  // namespace mr::ingest
