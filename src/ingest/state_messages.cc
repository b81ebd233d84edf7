#include "ingest/state_messages.h"

#include "event/event_row.h"

namespace mr::ingest {
namespace {

state::OutboxRow message(std::string_view topic, std::string value, WallTime now) {
  state::OutboxRow row;
  row.topic = topic;
  row.value = std::move(value);
  row.timestamp = now;
  return row;
}

}  // namespace

state::OutboxRow person_message(const state::PersonRow& row, WallTime now) {
  event::PersonRow person;
  person.id = row.uuid;
  person.created_at = row.created_at;
  person.properties = row.properties;
  person.project = row.project;
  person.is_identified = row.is_identified;
  person.is_deleted = row.is_deleted;
  person.version = static_cast<uint64_t>(row.version);
  return message(persons_topic, person.to_json(), now);
}

state::OutboxRow distinct_id_message(const state::DistinctIdRow& row, WallTime now) {
  const event::DistinctIdRow id{row.person, row.project, row.distinct_id, row.version, false};
  return message(person_distinct_ids_topic, id.to_json(), now);
}

state::OutboxRow group_message(const state::GroupRow& row, WallTime now) {
  event::GroupRow group;
  group.type_index = static_cast<uint8_t>(row.type_index);
  group.key = row.key;
  group.project = row.project;
  group.properties = row.properties;
  group.created_at = row.created_at;
  group.version = static_cast<uint64_t>(row.version);
  return message(groups_topic, group.to_json(), now);
}

}  // namespace mr::ingest
