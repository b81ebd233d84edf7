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

// Of a distinct id that is too long, its warning shows so much.
constexpr size_t distinct_id_units_shown = 100;

// Which event a warning is about.
json::Object details_of(const event::RawEvent& event) {
  json::Object details;
  details.set_text("eventUuid", codec::to_string(event.uuid));
  details.set_text("event", event.event);
  details.set_text("distinctId", event.distinct_id);
  return details;
}

// Large or internal, and of no use once the event is stored.
constexpr std::string_view dropped_keys[] = {"ph_product_tours", "$product_tours_activated",
                                             "$override_feature_flag_payloads",
                                             // Only a project's secret could vouch for it.
                                             "$verified"};

}  // namespace

std::string_view refusal(const event::RawEvent& event, ProjectId project, Warnings& warnings) {
  if (event.cookieless) return "cookieless_disabled";
  if (const size_t units = utf16_units(event.distinct_id); units > distinct_id_units_max) {
    json::Object details;
    details.set_text("distinctId", cut_utf16(event.distinct_id, distinct_id_units_shown));
    details.set("distinctIdLength", std::to_string(units));
    details.set("maxLength", std::to_string(distinct_id_units_max));
    warnings.add(project, "skipping_event_invalid_distinct_id", std::move(details));
    return "distinct_id_too_long";
  }
  if (event.event == "$groupidentify") {
    const auto key = event.properties.find_text("$group_key");
    if (key && utf16_units(*key) > group_key_units_max) {
      json::Object details = details_of(event);
      details.set_text("groupKey", *key);
      details.set("groupKeyLength", std::to_string(utf16_units(*key)));
      details.set("maxLength", std::to_string(group_key_units_max));
      warnings.add(project, "group_key_too_long", std::move(details));
      return "group_key_too_long";
    }
  }
  if (!is_merge_event(event.event)) return {};
  constexpr std::pair<std::string_view, std::string_view> names[] = {
      {"$anon_distinct_id", "invalid_anon_distinct_id"}, {"alias", "invalid_alias"}};
  for (const auto& [property, type] : names) {
    const auto other = event.properties.find(property);
    if (!is_neither_text_nor_null(other)) continue;
    json::Object details = details_of(event);
    details.set_text("receivedType", javascript_type(*other));
    warnings.add(project, type, std::move(details));
    return type;
  }
  // A personless event is kept even so: it is no longer a merge (contract 2.1).
  if (!event.personless && event.properties.find("$process_person_profile") == "false") {
    warnings.add(project, "invalid_event_when_process_person_profile_is_false", details_of(event));
    return "invalid_event_for_flags";
  }
  return {};
}

bool wants_person_processing(const event::RawEvent& event, ProjectId project, Warnings& warnings) {
  if (event.personless) return false;
  const auto flag = event.properties.find("$process_person_profile");
  if (!flag || *flag == "true") return true;
  if (*flag == "false") return false;
  json::Object details = details_of(event);
  details.set("$process_person_profile", *flag);
  details.set_text("message", "only the booleans true and false count as $process_person_profile");
  warnings.add(project, "invalid_process_person_profile", std::move(details));
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
