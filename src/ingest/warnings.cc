#include "ingest/warnings.h"

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "codec/json_text.h"
#include "event/timestamp.h"

namespace mr::ingest {
namespace {

constexpr Millis told_again_after{3'600'000};
constexpr size_t told_max = 100'000;

struct WarningType {
  std::string_view name;
  std::string_view category;
  std::string_view severity;  // error: lost; warning: kept, but changed or partly refused
  bool always = false;        // repeats travel too
};

constexpr std::array types = {
    WarningType{"message_size_too_large", "size", "error"},
    WarningType{"person_properties_size_violation", "size", "error"},
    WarningType{"group_key_too_long", "size", "error"},
    WarningType{"cannot_merge_already_identified", "merge", "warning", true},
    WarningType{"cannot_merge_with_illegal_distinct_id", "merge", "warning", true},
    WarningType{"skipping_event_invalid_distinct_id", "event", "error"},
    WarningType{"invalid_anon_distinct_id", "event", "error"},
    WarningType{"invalid_alias", "event", "error"},
    WarningType{"invalid_group_set", "event", "warning"},
    WarningType{"invalid_process_person_profile", "event", "warning"},
    WarningType{"invalid_event_when_process_person_profile_is_false", "event", "error", true},
};

const WarningType& type_of(std::string_view name) {
  const auto found = std::ranges::find(types, name, &WarningType::name);
  MR_ASSERT(found != types.end());
  return *found;
}

state::OutboxRow row_of(const Warning& warning, WallTime now) {
  json::Object row;
  row.set("team_id", std::to_string(warning.project.value));
  row.set_text("type", warning.type);
  // The name under which consumers of the reference know ingestion.
  row.set_text("source", "plugin-server");
  row.set_text("details", warning.details);
  row.set_text("timestamp", event::format_row_millis(now));
  state::OutboxRow out;
  out.topic = warnings_topic;
  out.value = row.to_json();
  out.timestamp = now;
  return out;
}

}  // namespace

void Warnings::add(ProjectId project, std::string_view type, json::Object details,
                   std::string_view key) {
  const WarningType& known = type_of(type);
  counts_.add("warning:" + std::string(type));
  details.set_text("category", known.category);
  details.set_text("severity", known.severity);
  pending_.push_back({project, known.name, details.to_json(), std::string(key)});
}

void Warnings::collect(WallTime now, std::vector<state::OutboxRow>& outbox) {
  for (const Warning& warning : pending_) {
    if (!is_repeat(warning, now)) outbox.push_back(row_of(warning, now));
  }
}

bool Warnings::is_repeat(const Warning& warning, WallTime now) {
  if (type_of(warning.type).always) return false;
  if (told_at_.size() >= told_max) {
    std::erase_if(told_at_,
                  [&](const auto& told) { return told.second + told_again_after <= now; });
    // To say something twice is better than to hold everything ever said.
    if (told_at_.size() >= told_max) told_at_.clear();
  }
  std::string key = std::to_string(warning.project.value) + ":" + std::string(warning.type) + ":";
  key += warning.key;
  const auto [told, first] = told_at_.try_emplace(std::move(key), now);
  if (first) return false;
  if (now < told->second + told_again_after) return true;
  told->second = now;
  return false;
}

std::string_view javascript_type(std::string_view raw) {
  switch (json::kind_of(raw)) {
    case json::Kind::array:
      return "array";
    case json::Kind::string:
      return "string";
    case json::Kind::number:
      return "number";
    case json::Kind::boolean:
      return "boolean";
    default:
      return "object";  // null too
  }
}

}  // namespace mr::ingest
