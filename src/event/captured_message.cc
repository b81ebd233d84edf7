#include "event/captured_message.h"

#include <algorithm>
#include <array>

#include "codec/json_object.h"
#include "codec/json_text.h"
#include "event/raw_event.h"
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

Result<std::string> segment_data(const Envelope& envelope, std::string_view value) {
  MR_TRY(const RawEvent event, read_raw_event(envelope, value));
  json::Object data;
  data.set_text("event", event.event);
  data.set_text("distinct_id", event.distinct_id);
  data.set_text("uuid", codec::to_string(event.uuid));
  data.set("properties", event.properties.to_json());
  data.set_text("timestamp", format_rfc3339(event.timestamp));
  return data.to_json();
}

}  // namespace

Result<std::string> captured_message_json(const Envelope& envelope, std::string_view value) {
  MR_TRY(const std::string data, envelope.dialect == Dialect::segment
                                     ? segment_data(envelope, value)
                                     : posthog_data(envelope, value));
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

}  // namespace mr::event
