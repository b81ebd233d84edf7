#include "event/raw_event.h"

#include "codec/json_text.h"
#include "codec/utf8.h"
#include "event/segment_mapping.h"
#include "event/timestamp.h"
#include "event/v1_event.h"

namespace mr::event {
namespace {

bool is_object(std::string_view raw) {
  return json::kind_of(raw) == json::Kind::object;
}

// The object under `name` in the properties, overlaid by the one from beside them; written back
// when the latter changed it.
json::Object merge_person_object(json::Object& properties, std::string_view name,
                                 std::string_view top) {
  json::Object merged;
  const auto own = properties.find(name);
  if (own && is_object(*own)) {
    if (auto parsed = json::Object::parse_borrowed(*own)) merged = *std::move(parsed);
  }
  if (!is_object(top)) return merged;
  if (const auto parsed = json::Object::parse_borrowed(top)) {
    merged.overlay(*parsed);
    properties.set(name, merged.to_json());
  }
  return merged;
}

// An array of keys, or the keys of an object; entries of other kinds are ignored.
std::vector<std::string> read_unset(const json::Object& properties) {
  std::vector<std::string> keys;
  const auto raw = properties.find("$unset");
  if (!raw) return keys;
  if (is_object(*raw)) {
    if (const auto object = json::Object::parse_borrowed(*raw)) {
      for (const json::Member& member : *object) keys.emplace_back(member.key);
    }
  } else if (json::kind_of(*raw) == json::Kind::array) {
    const auto items = json::split_array(*raw);
    if (!items) return keys;
    for (const std::string_view item : *items) {
      if (auto key = json::unquote(item)) keys.push_back(*std::move(key));
    }
  }
  return keys;
}

Result<RawEvent> read_posthog_event(const Envelope& envelope, std::string_view value) {
  if (!codec::is_valid_utf8(value)) {
    return fail(ErrorCode::invalid_input, "the captured event is not valid UTF-8");
  }
  RawEvent event;
  std::string_view top_set;
  std::string_view top_set_once;
  json::Reader reader(value);
  reader.enter_object();
  std::string_view key;
  while (reader.next_member(key)) {
    if (key == "properties" && reader.peek() == json::Kind::object) {
      event.properties = json::Object::read(reader);
    } else if (key == "$set") {
      top_set = reader.value();
    } else if (key == "$set_once") {
      top_set_once = reader.value();
    } else {
      reader.value();
    }
  }
  if (!reader.at_end()) return fail(reader.error().within("reading a captured event"));
  finish_raw_event(envelope, top_set, top_set_once, event);
  return event;
}

}  // namespace

void finish_raw_event(const Envelope& envelope, std::string_view top_set,
                      std::string_view top_set_once, RawEvent& event) {
  event.event = envelope.event;
  event.distinct_id = envelope.distinct_id;
  event.uuid = envelope.uuid;
  event.timestamp = envelope.timestamp;
  event.arrival = envelope.arrival;
  event.historical = envelope.historical;
  event.cookieless = envelope.cookieless;
  event.personless = envelope.personless;
  event.set = merge_person_object(event.properties, "$set", top_set);
  event.set_once = merge_person_object(event.properties, "$set_once", top_set_once);
  event.unset = read_unset(event.properties);
  if (!envelope.ip.empty() && !event.properties.contains("$ip")) {
    event.properties.set_text("$ip", envelope.ip);
  }
  if (envelope.sent_at) {
    event.properties.set_text("$sent_at", format_rfc3339(*envelope.sent_at));
  }
}

void store_person_properties(RawEvent& event) {
  if (!event.set.empty()) event.properties.set("$set", event.set.to_json());
  if (!event.set_once.empty()) event.properties.set("$set_once", event.set_once.to_json());
}

Result<RawEvent> read_raw_event(const Envelope& envelope, std::string_view value) {
  switch (envelope.dialect) {
    case Dialect::posthog:
      return read_posthog_event(envelope, value);
    case Dialect::segment:
      return read_segment_event(envelope, value);
    case Dialect::posthog_v1:
      return read_v1_event(envelope, value);
    case Dialect::replay:
      return fail(ErrorCode::invalid_input, "a recording is no event");
  }
  return fail(ErrorCode::invalid_input, "the captured event is of an unknown dialect");
}

}  // namespace mr::event
