#include "ingest/normalise.h"

#include "codec/json_text.h"
#include "ingest/elements_chain.h"
#include "ingest/groups.h"
#include "ingest/persons.h"
#include "ingest/text_limits.h"

namespace mr::ingest {
namespace {

bool is_neither_text_nor_null(const std::optional<std::string_view>& raw) {
  return raw && !json::is_string(*raw) && !json::is_null(*raw);
}

// Large or internal, and of no use once the event is stored.
constexpr std::string_view dropped_keys[] = {"ph_product_tours", "$product_tours_activated",
                                             "$override_feature_flag_payloads",
                                             // Only a project's secret could vouch for it.
                                             "$verified"};

}  // namespace

std::string_view refusal(const event::RawEvent& event, Counts& counts) {
  if (event.cookieless) return "cookieless_disabled";
  if (utf16_units(event.distinct_id) > distinct_id_units_max) {
    counts.add("warning:skipping_event_invalid_distinct_id");
    return "distinct_id_too_long";
  }
  if (event.event == "$groupidentify") {
    const auto key = event.properties.find_text("$group_key");
    if (key && utf16_units(*key) > group_key_units_max) {
      counts.add("warning:group_key_too_long");
      return "group_key_too_long";
    }
  }
  if (!is_merge_event(event.event)) return {};
  if (is_neither_text_nor_null(event.properties.find("$anon_distinct_id"))) {
    counts.add("warning:invalid_anon_distinct_id");
    return "invalid_anon_distinct_id";
  }
  if (is_neither_text_nor_null(event.properties.find("alias"))) {
    counts.add("warning:invalid_alias");
    return "invalid_alias";
  }
  // A personless event is kept even so: it is no longer a merge (contract 2.1).
  if (!event.personless && event.properties.find("$process_person_profile") == "false") {
    counts.add("warning:invalid_event_when_process_person_profile_is_false");
    return "invalid_event_for_flags";
  }
  return {};
}

bool wants_person_processing(const event::RawEvent& event, Counts& counts) {
  if (event.personless) return false;
  const auto flag = event.properties.find("$process_person_profile");
  if (!flag || *flag == "true") return true;
  if (*flag == "false") return false;
  counts.add("warning:invalid_process_person_profile");
  return true;
}

PropertyUpdate normalise(event::RawEvent& event, bool process_person) {
  json::Object& properties = event.properties;
  event.event.resize(cut_utf16(event.event, event_name_units_max).size());
  event.distinct_id = replace_nul(std::move(event.distinct_id));
  if (event.event != "$snapshot" && event.event != "$performance_event") {
    const auto os_name = properties.find("$os_name");
    const auto server = properties.find("$is_server");
    const bool is_server = server && json::is_true(*server);
    if (os_name && !is_server && !properties.contains("$os")) properties.set("$os", *os_name);
    if (lift_person_properties(properties, event.set, event.set_once)) {
      event::store_person_properties(event);
    }
  }
  PropertyUpdate update;
  if (process_person) {
    properties.erase("$process_person_profile");
  } else {
    properties.set("$process_person_profile", "false");
  }
  if (process_person && event.event != "$groupidentify") {
    update = {std::move(event.set), std::move(event.set_once), std::move(event.unset)};
  } else {
    properties.erase_if([](const json::Member& member) {
      return member.key == "$set" || member.key == "$set_once" || member.key == "$unset";
    });
  }
  for (const std::string_view key : dropped_keys) properties.erase(key);
  return update;
}

std::string take_elements_chain(event::RawEvent& event) {
  json::Object& properties = event.properties;
  std::string chain;
  if (auto given = properties.find_text("$elements_chain")) {
    chain = std::move(*given);
  } else if (const auto elements = properties.find("$elements")) {
    chain = elements_to_chain(*elements);
  } else {
    return chain;
  }
  properties.erase("$elements_chain");
  properties.erase("$elements");
  return chain;
}

}  // namespace mr::ingest
