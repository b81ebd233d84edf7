#include "main/trial_output.h"

#include <map>

#include "codec/json_object.h"
#include "codec/json_text.h"
#include "event/timestamp.h"
#include "main/text_table.h"

namespace mr::main {

namespace {

using ingest::Fate;

// Writes a JSON array of objects.
class List {
 public:
  void add(const json::Object& object) {
    if (text_.size() > 1) text_ += ',';
    object.append_json(text_);
  }
  std::string finish() { return text_ + "]"; }

 private:
  std::string text_ = "[";
};

std::string number(int64_t value) {
  return std::to_string(value);
}
std::string_view truth(bool value) {
  return value ? "true" : "false";
}

// A row whose members named hold JSON as text, with the JSON itself.
json::Object with_parsed(std::string_view row, std::initializer_list<std::string_view> names) {
  json::Object object = json::Object::parse(row).value();
  for (const std::string_view name : names) {
    const auto text = object.find_text(name);
    if (text && json::Object::parse(*text)) object.set(name, *text);
  }
  return object;
}

json::Object event_of(const std::string& row) {
  return with_parsed(row,
                     {"properties", "person_properties", "group0_properties", "group1_properties",
                      "group2_properties", "group3_properties", "group4_properties"});
}

// The distinct ids of each person, as a JSON array.
std::map<std::string, std::string> ids_by_person(const ingest::TrialOutcome& outcome) {
  std::map<std::string, std::string> ids;
  for (const auto& [key, row] : outcome.distinct_ids) {
    std::string& list = ids[codec::to_string(row.person)];
    list += (list.empty() ? "" : ",") + json::quote(row.distinct_id);
  }
  return ids;
}

std::string persons_json(const ingest::TrialOutcome& outcome) {
  const auto ids = ids_by_person(outcome);
  List list;
  for (const auto& [key, row] : outcome.persons) {
    if (row.is_deleted) continue;
    const std::string uuid = codec::to_string(row.uuid);
    const auto own = ids.find(uuid);
    json::Object person;
    person.set_text("uuid", uuid);
    person.set("distinct_ids", "[" + (own == ids.end() ? std::string() : own->second) + "]");
    person.set("properties", row.properties);
    person.set("is_identified", truth(row.is_identified));
    person.set_text("created_at", event::format_rfc3339(row.created_at));
    person.set("version", number(row.version));
    list.add(person);
  }
  return list.finish();
}

std::string distinct_ids_json(const ingest::TrialOutcome& outcome) {
  List list;
  for (const auto& [key, row] : outcome.distinct_ids) {
    json::Object id;
    id.set_text("distinct_id", row.distinct_id);
    id.set_text("person_id", codec::to_string(row.person));
    id.set("version", number(row.version));
    id.set("override", truth(row.version > 0));
    list.add(id);
  }
  return list.finish();
}

std::string group_types_json(const ingest::TrialOutcome& outcome) {
  List list;
  for (const auto& [key, type] : outcome.group_types) {
    json::Object entry;
    entry.set_text("group_type", type);
    entry.set("group_type_index", number(key.second));
    list.add(entry);
  }
  return list.finish();
}

std::string groups_json(const ingest::TrialOutcome& outcome) {
  List list;
  for (const auto& [key, row] : outcome.groups) {
    json::Object group;
    group.set("group_type_index", number(row.type_index));
    group.set_text("group_key", row.key);
    group.set("group_properties", row.properties);
    group.set_text("created_at", event::format_rfc3339(row.created_at));
    group.set("version", number(row.version));
    list.add(group);
  }
  return list.finish();
}

std::string events_json(const ingest::TrialOutcome& outcome) {
  List list;
  for (const ingest::TrialFate& fate : outcome.fates) {
    if (fate.fate == Fate::stored) list.add(event_of(fate.row));
  }
  return list.finish();
}

std::string warnings_json(const ingest::TrialOutcome& outcome) {
  List list;
  for (const std::string& row : outcome.warnings) {
    const json::Object whole = with_parsed(row, {"details"});
    json::Object warning;
    warning.set("type", whole.find("type").value_or("null"));
    warning.set("details", whole.find("details").value_or("{}"));
    list.add(warning);
  }
  return list.finish();
}

std::string reason_of(const ingest::TrialFate& fate) {
  return fate.fate == Fate::duplicate ? "duplicate" : fate.reason;
}

json::Object fate_json(const ingest::TrialFate& fate) {
  json::Object object;
  object.set("line", std::to_string(fate.line));
  object.set_text("reason", reason_of(fate));
  object.set_text("event", fate.event);
  object.set_text("distinct_id", fate.distinct_id);
  object.set_text("uuid", codec::to_string(fate.uuid));
  return object;
}

std::string dead_letters_json(const ingest::TrialOutcome& outcome) {
  List list;
  for (const ingest::TrialFate& fate : outcome.fates) {
    if (fate.fate != Fate::dead_lettered) continue;
    json::Object letter = fate_json(fate);
    letter.set_text("error", fate.error);
    letter.set_text("payload", fate.payload);
    list.add(letter);
  }
  return list.finish();
}

bool is_drop(const ingest::TrialFate& fate) {
  return fate.fate == Fate::dropped || fate.fate == Fate::duplicate;
}

std::string dropped_json(const ingest::TrialOutcome& outcome,
                         const std::vector<RefusedLine>& refused) {
  List list;
  for (const RefusedLine& line : refused) {
    json::Object object;
    object.set("line", std::to_string(line.line));
    object.set_text("reason", line.reason);
    object.set_text("message", line.message);
    list.add(object);
  }
  for (const ingest::TrialFate& fate : outcome.fates) {
    if (is_drop(fate)) list.add(fate_json(fate));
  }
  return list.finish();
}

}  // namespace

std::string trial_json(const ingest::TrialOutcome& outcome,
                       const std::vector<RefusedLine>& refused) {
  json::Object all;
  all.set("persons", persons_json(outcome));
  all.set("distinct_ids", distinct_ids_json(outcome));
  all.set("group_types", group_types_json(outcome));
  all.set("groups", groups_json(outcome));
  all.set("events", events_json(outcome));
  all.set("warnings", warnings_json(outcome));
  all.set("dead_letters", dead_letters_json(outcome));
  all.set("dropped", dropped_json(outcome, refused));
  return all.to_json();
}

namespace {

// A section under its name; nothing when it has no rows.
class Section {
 public:
  Section(std::string title, std::vector<std::string> names)
      : title_(std::move(title)), table_(std::move(names)) {}
  void add(std::vector<std::string> cells) {
    table_.add(std::move(cells));
    ++rows_;
  }
  std::string render() const {
    return rows_ == 0 ? "" : title_ + " (" + std::to_string(rows_) + ")\n" + table_.render() + "\n";
  }

 private:
  std::string title_;
  TextTable table_;
  size_t rows_ = 0;
};

}  // namespace

std::string trial_tables(const ingest::TrialOutcome& outcome,
                         const std::vector<RefusedLine>& refused) {
  const auto ids = ids_by_person(outcome);
  Section persons("Persons", {"uuid", "distinct ids", "identified", "version", "properties"});
  for (const auto& [key, row] : outcome.persons) {
    if (row.is_deleted) continue;
    const std::string uuid = codec::to_string(row.uuid);
    const auto own = ids.find(uuid);
    persons.add({uuid, own == ids.end() ? "" : own->second, row.is_identified ? "yes" : "no",
                 number(row.version), row.properties});
  }
  Section groups("Groups", {"type", "key", "version", "properties"});
  for (const auto& [key, row] : outcome.groups) {
    const auto type = outcome.group_types.find({row.project.value, row.type_index});
    groups.add({type == outcome.group_types.end() ? number(row.type_index) : type->second, row.key,
                number(row.version), row.properties});
  }
  Section events("Events", {"line", "event", "distinct id", "person", "mode"});
  Section lost("Not stored", {"line", "event", "fate", "reason"});
  for (const RefusedLine& line : refused) {
    lost.add(
        {std::to_string(line.line), "", "refused by capture", line.reason + ": " + line.message});
  }
  for (const ingest::TrialFate& fate : outcome.fates) {
    const std::string line = std::to_string(fate.line);
    if (fate.fate != Fate::stored) {
      lost.add({line, fate.event, std::string(to_string(fate.fate)), reason_of(fate)});
      continue;
    }
    const json::Object row = json::Object::parse(fate.row).value();
    events.add({line, fate.event, fate.distinct_id, row.find_text("person_id").value_or(""),
                row.find_text("person_mode").value_or("")});
  }
  Section warnings("Warnings", {"type", "details"});
  for (const std::string& row : outcome.warnings) {
    const json::Object warning = json::Object::parse(row).value();
    warnings.add(
        {warning.find_text("type").value_or(""), warning.find_text("details").value_or("")});
  }
  return persons.render() + groups.render() + events.render() + warnings.render() + lost.render();
}

}  // namespace mr::main
