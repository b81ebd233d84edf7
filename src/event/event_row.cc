#include "event/event_row.h"

#include "codec/json_text.h"
#include "event/timestamp.h"

namespace mr::event {
namespace {

// Writes one flat object member by member into a text.
class RowWriter {
 public:
  explicit RowWriter(std::string& out) : out_(out) {}

  void text(std::string_view name, std::string_view value) {
    begin(name);
    json::append_quoted(out_, value);
  }
  void number(std::string_view name, int64_t value) {
    begin(name);
    out_ += std::to_string(value);
  }
  void count(std::string_view name, uint64_t value) {
    begin(name);
    out_ += std::to_string(value);
  }
  void uuid(std::string_view name, const codec::Uuid& value) {
    begin(name);
    out_ += '"';
    codec::append_text(out_, value);
    out_ += '"';
  }
  void raw(std::string_view name, std::string_view value) {
    begin(name);
    out_ += value;
  }
  void end() { out_ += '}'; }

 private:
  // Names are ours and need no escapes.
  void begin(std::string_view name) {
    out_ += before_;
    before_ = ',';
    out_ += '"';
    out_ += name;
    out_ += "\":";
  }

  std::string& out_;
  char before_ = '{';
};

}  // namespace

std::string_view to_string(PersonMode mode) {
  switch (mode) {
    case PersonMode::full:
      return "full";
    case PersonMode::propertyless:
      return "propertyless";
    case PersonMode::force_upgrade:
      return "force_upgrade";
  }
  return "unknown";
}

void EventRow::append_json(std::string& out) const {
  out.reserve(out.size() + 768 + event.size() + distinct_id.size() + elements_chain.size() +
              properties.size() * 5 / 4 + person_properties.size() * 5 / 4);
  RowWriter row(out);
  row.uuid("uuid", uuid);
  row.text("event", event);
  row.text("properties", properties);
  row.text("timestamp", format_row_millis(timestamp));
  row.number("team_id", project.value);
  row.number("project_id", project.value);
  row.text("distinct_id", distinct_id);
  row.text("elements_chain", elements_chain);
  row.text("created_at", format_row_millis(created_at));
  if (captured_at) {
    row.text("captured_at", format_row_millis(*captured_at));
  } else {
    row.raw("captured_at", "null");
  }
  row.uuid("person_id", person_id);
  row.text("person_created_at", format_row_seconds(person_created_at));
  row.text("person_properties", person_properties);
  row.text("person_mode", to_string(person_mode));
  for (size_t i = 0; i < groups.size(); ++i) {
    if (!groups[i]) continue;
    const std::string prefix = "group" + std::to_string(i);
    row.text(prefix + "_properties", groups[i]->properties);
    row.text(prefix + "_created_at", format_row_seconds(groups[i]->created_at));
  }
  if (historical) row.raw("historical_migration", "true");
  row.end();
}

std::string EventRow::to_json() const {
  std::string out;
  append_json(out);
  return out;
}

std::string PersonRow::to_json() const {
  std::string out;
  RowWriter row(out);
  row.uuid("id", id);
  row.text("created_at", format_row_seconds(created_at));
  row.text("properties", properties);
  row.number("team_id", project.value);
  row.number("is_identified", is_identified ? 1 : 0);
  row.number("is_deleted", is_deleted ? 1 : 0);
  row.count("version", version);
  if (last_seen_at) {
    row.text("last_seen_at", format_row_seconds(*last_seen_at));
  } else {
    row.raw("last_seen_at", "null");
  }
  row.end();
  return out;
}

std::string DistinctIdRow::to_json() const {
  std::string out;
  RowWriter row(out);
  row.uuid("person_id", person_id);
  row.number("team_id", project.value);
  row.text("distinct_id", distinct_id);
  row.number("version", version);
  row.number("is_deleted", is_deleted ? 1 : 0);
  row.end();
  return out;
}

std::string GroupRow::to_json() const {
  std::string out;
  RowWriter row(out);
  row.number("group_type_index", type_index);
  row.text("group_key", key);
  row.number("team_id", project.value);
  row.text("group_properties", properties);
  row.text("created_at", format_row_seconds(created_at));
  row.count("version", version);
  row.end();
  return out;
}

}  // namespace mr::event
