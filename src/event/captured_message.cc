#include "event/captured_message.h"

#include <algorithm>
#include <array>
#include <optional>

#include "codec/json_object.h"
#include "codec/json_text.h"
#include "event/raw_event.h"
#include "event/recording.h"
#include "event/timestamp.h"

namespace mr::event {
namespace {

constexpr std::array<std::string_view, 12> data_fields = {
    "token", "$token",     "api_key",   "distinct_id", "$distinct_id", "uuid",
    "event", "properties", "timestamp", "offset",      "$set",         "$set_once"};

Result<std::string> posthog_data(const Envelope& envelope, std::string_view value) {
  MR_TRY(json::Object data, json::Object::parse_borrowed(value));
  data.erase_if([](const json::Member& member) {
    return std::ranges::find(data_fields, member.key) == data_fields.end();
  });
  if (data.find("uuid").value_or("\"\"") == "\"\"") data.set("uuid", "null");
  if (!data.contains("event")) data.set_text("event", envelope.event);
  if (!data.contains("properties")) data.set("properties", "{}");
  return data.to_json();
}

Result<std::string> mapped_data(const Envelope& envelope, std::string_view value) {
  MR_TRY(const RawEvent event, read_raw_event(envelope, value));
  json::Object data;
  data.set_text("event", event.event);
  data.set_text("distinct_id", event.distinct_id);
  data.set_text("uuid", codec::to_string(event.uuid));
  data.set("properties", event.properties.to_json());
  data.set_text("timestamp", format_rfc3339(event.timestamp));
  return data.to_json();
}

// All snapshots of the request in one array, beside what is known of their session (contract:
// capture section 8).
Result<std::string> recording_data(const Envelope& envelope, std::string_view value) {
  if (envelope.packed) {
    return fail(ErrorCode::unsupported, "a recording so large has no form as one message");
  }
  MR_TRY(const auto snapshots, snapshots_of(value));
  std::string items = "[";
  for (const std::string_view snapshot : snapshots) {
    if (items.size() > 1) items += ',';
    items += snapshot;
  }
  items += ']';
  MR_TRY(const json::Object context, json::Object::parse_borrowed(envelope.context));
  json::Object properties;
  properties.set_text("distinct_id", envelope.distinct_id);
  properties.overlay(context);
  properties.set("$snapshot_items", items);
  json::Object data;
  data.set_text("event", snapshot_items_event);
  data.set("properties", properties.to_json());
  return data.to_json();
}

Result<std::string> data_of(const Envelope& envelope, std::string_view value) {
  if (envelope.dialect == Dialect::posthog) return posthog_data(envelope, value);
  if (envelope.dialect == Dialect::replay) return recording_data(envelope, value);
  return mapped_data(envelope, value);
}

}  // namespace

Result<std::string> captured_message_json(const Envelope& envelope, std::string_view value) {
  MR_TRY(const std::string data, data_of(envelope, value));
  json::Object message;
  message.set_text("uuid", codec::to_string(envelope.uuid));
  message.set_text("distinct_id", envelope.distinct_id);
  message.set_text("ip", envelope.ip);
  message.set_text("data", data);
  message.set_text("now", format_rfc3339(envelope.arrival));
  if (envelope.sent_at) message.set_text("sent_at", format_rfc3339(*envelope.sent_at));
  message.set_text("token", envelope.token);
  message.set_text("event", envelope.event);
  message.set_text("timestamp", format_rfc3339(envelope.timestamp));
  if (envelope.cookieless) message.set("is_cookieless_mode", "true");
  if (envelope.historical) message.set("historical_migration", "true");
  return message.to_json();
}

namespace {

std::string session_of(const Envelope& envelope, std::string_view value) {
  std::string scratch;
  if (envelope.dialect == Dialect::replay) return record_key(envelope);
  if (envelope.dialect == Dialect::posthog_v1) {
    const std::string_view beside = json::member_of(value, "session_id");
    if (json::is_string(beside)) return std::string(json::text_of(beside, scratch));
  }
  const std::string_view own = json::member_of(json::member_of(value, "properties"), "$session_id");
  return std::string(json::text_of(own, scratch));
}

}  // namespace

MessageHeaders captured_message_headers(const Envelope& envelope, std::string_view value) {
  MessageHeaders headers = {{"token", envelope.token}, {"distinct_id", envelope.distinct_id}};
  std::string session = session_of(envelope, value);
  if (!session.empty()) headers.emplace_back("session_id", std::move(session));
  headers.emplace_back("timestamp", std::to_string(envelope.timestamp.millis));
  headers.emplace_back("event", envelope.event);
  headers.emplace_back("uuid", codec::to_string(envelope.uuid));
  headers.emplace_back("now", format_rfc3339(envelope.arrival));
  if (envelope.personless) headers.emplace_back(personless_header, "true");
  if (envelope.historical) headers.emplace_back("historical_migration", "true");
  return headers;
}

namespace {

std::unexpected<Error> bad_field(std::string_view name) {
  return fail(ErrorCode::invalid_input,
              "a captured message without a valid `" + std::string(name) + "`");
}

Result<std::optional<WallTime>> read_time(const json::Object& message, std::string_view name) {
  const auto text = message.find_text(name);
  if (!text) return std::optional<WallTime>();
  const auto time = parse_timestamp(*text);
  if (!time || *time < time_min || *time > time_max) return bad_field(name);
  return time;
}

bool is_set(const json::Object& message, std::string_view name) {
  return json::is_true(message.find(name).value_or("false"));
}

// What a message of snapshots says of their session becomes the context again.
Result<void> read_recording(const json::Object& data, Envelope& envelope) {
  MR_TRY(const RecordingContext context,
         read_recording_context(data.find("properties").value_or("{}")));
  envelope.dialect = Dialect::replay;
  envelope.context = recording_context_json(context);
  return {};
}

// The first of the names under which the object has a text.
std::string first_text(const json::Object& object, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (auto text = object.find_text(name)) return *std::move(text);
  }
  return {};
}

}  // namespace

Result<CapturedRecord> read_captured_message(std::string_view json) {
  MR_TRY(const json::Object message, json::Object::parse_borrowed(json));
  CapturedRecord record;
  Envelope& envelope = record.envelope;
  const auto data = message.find_text("data");
  if (!data) return bad_field("data");
  record.value = *data;
  const auto raw = json::Object::parse_borrowed(record.value);
  if (!raw) return bad_field("data");
  const auto uuid = codec::parse_uuid(message.find_text("uuid").value_or(""));
  if (!uuid) return bad_field("uuid");
  envelope.uuid = *uuid;
  const auto distinct_id = message.find_text("distinct_id");
  if (!distinct_id) return bad_field("distinct_id");
  envelope.distinct_id = *distinct_id;
  envelope.ip = message.find_text("ip").value_or("");
  MR_TRY(const auto arrival, read_time(message, "now"));
  if (!arrival) return bad_field("now");
  envelope.arrival = *arrival;
  MR_TRY(envelope.sent_at, read_time(message, "sent_at"));
  MR_TRY(const auto timestamp, read_time(message, "timestamp"));
  envelope.timestamp = timestamp.value_or(envelope.arrival);
  envelope.token = message.contains("token") ? first_text(message, {"token"})
                                             : first_text(*raw, {"token", "$token", "api_key"});
  if (envelope.token.empty()) return bad_field("token");
  envelope.event =
      message.contains("event") ? first_text(message, {"event"}) : first_text(*raw, {"event"});
  if (envelope.event == snapshot_items_event) MR_CHECK(read_recording(*raw, envelope));
  envelope.cookieless = is_set(message, "is_cookieless_mode");
  envelope.historical = is_set(message, "historical_migration");
  return record;
}

}  // namespace mr::event
