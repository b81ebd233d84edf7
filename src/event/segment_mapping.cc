#include "event/segment_mapping.h"

#include <array>
#include <optional>

#include "codec/json_text.h"
#include "codec/utf8.h"
#include "event/segment_call.h"

namespace mr::event {
namespace {

// The raw fields of a call that the mapping looks at, each empty when absent.
struct Call {
  SegmentCall kind = SegmentCall::track;
  json::Object properties;
  std::string_view type;
  std::string_view name;
  std::string_view category;
  std::string_view traits;
  std::string_view anonymous_id;
  std::string_view user_id;
  std::string_view group_id;
  std::string_view previous_id;
  std::string_view context;
};

// A property, and where in the context its value lies.
struct ContextField {
  std::string_view property;
  std::string_view section;  // empty: at the top
  std::string_view name;
};

constexpr std::array<ContextField, 22> context_fields = {{
    {"$current_url", "page", "url"},
    {"$host", "page", "host"},
    {"$pathname", "page", "path"},
    {"$referrer", "page", "referrer"},
    {"$referring_domain", "page", "referring_domain"},
    {"$title", "page", "title"},
    {"$lib", "library", "name"},
    {"$lib_version", "library", "version"},
    {"$raw_user_agent", "", "userAgent"},
    {"$locale", "", "locale"},
    {"$timezone", "", "timezone"},
    {"$os", "os", "name"},
    {"$os_version", "os", "version"},
    {"$app_name", "app", "name"},
    {"$app_version", "app", "version"},
    {"$app_build", "app", "build"},
    {"$app_namespace", "app", "namespace"},
    {"$device_type", "device", "type"},
    {"$device_manufacturer", "device", "manufacturer"},
    {"$device_model", "device", "model"},
    {"$screen_width", "screen", "width"},
    {"$screen_height", "screen", "height"},
}};

bool is_there(std::string_view raw) {
  return !raw.empty() && !json::is_null(raw);
}

void set_if_absent(json::Object& properties, std::string_view name, std::string_view raw) {
  if (is_there(raw) && !properties.contains(name)) properties.set(name, raw);
}

Result<Call> read_call(const Envelope& envelope, std::string_view value) {
  if (!codec::is_valid_utf8(value)) {
    return fail(ErrorCode::invalid_input, "the captured call is not valid UTF-8");
  }
  constexpr std::array<std::pair<std::string_view, std::string_view Call::*>, 9> fields = {
      {{"type", &Call::type},
       {"name", &Call::name},
       {"category", &Call::category},
       {"traits", &Call::traits},
       {"anonymousId", &Call::anonymous_id},
       {"userId", &Call::user_id},
       {"groupId", &Call::group_id},
       {"previousId", &Call::previous_id},
       {"context", &Call::context}}};
  Call call;
  json::Reader reader(value);
  reader.enter_object();
  std::string_view key;
  while (reader.next_member(key)) {
    if (key == "properties" && reader.peek() == json::Kind::object) {
      call.properties = json::Object::read(reader);
      continue;
    }
    std::string_view unused;
    std::string_view* place = &unused;
    for (const auto& [name, field] : fields) {
      if (key == name) place = &(call.*field);
    }
    *place = reader.value();
  }
  if (!reader.at_end()) return fail(reader.error().within("reading a captured call"));
  // Capture goes by the item's type and else by the path, which shows in the event's name only.
  std::string scratch;
  if (const auto kind = segment_call_of_type(json::text_of(call.type, scratch))) {
    call.kind = *kind;
  } else {
    for (const SegmentCall kind_of_path :
         {SegmentCall::page, SegmentCall::screen, SegmentCall::identify, SegmentCall::group,
          SegmentCall::alias}) {
      if (envelope.event == segment_event_name(kind_of_path)) call.kind = kind_of_path;
    }
  }
  return call;
}

// The call's own context over the batch's, section by section.
json::Object merged_context(const Envelope& envelope, const Call& call) {
  json::Object context;
  for (const std::string_view raw : {std::string_view(envelope.context), call.context}) {
    if (json::kind_of(raw) != json::Kind::object) continue;
    if (const auto parsed = json::Object::parse_borrowed(raw)) context.overlay(*parsed);
  }
  return context;
}

void apply_context(const json::Object& context, json::Object& properties) {
  for (const ContextField& field : context_fields) {
    const auto outer = context.find(field.section.empty() ? field.name : field.section);
    if (!outer) continue;
    set_if_absent(properties, field.property,
                  field.section.empty() ? *outer : json::member_of(*outer, field.name));
  }
  const auto campaign = context.find("campaign");
  if (!campaign || json::kind_of(*campaign) != json::Kind::object) return;
  const auto parsed = json::Object::parse_borrowed(*campaign);
  if (!parsed) return;
  for (const json::Member& member : *parsed) {
    const std::string name = member.key == "name" ? "campaign" : std::string(member.key);
    set_if_absent(properties, "utm_" + name, member.raw);
  }
}

void map_page(const Call& call, json::Object& properties) {
  const std::array<std::pair<std::string_view, std::string_view>, 4> fields = {
      {{"$current_url", "url"},
       {"$pathname", "path"},
       {"$referrer", "referrer"},
       {"$title", "title"}}};
  for (const auto& [property, own] : fields) {
    if (const auto raw = properties.find(own)) set_if_absent(properties, property, *raw);
  }
  set_if_absent(properties, "name", call.name);
  set_if_absent(properties, "category", call.category);
}

void map_screen(const Call& call, json::Object& properties) {
  set_if_absent(properties, "$screen_name", call.name);
  set_if_absent(properties, "category", call.category);
}

void map_identify(const Envelope& envelope, const Call& call, json::Object& properties) {
  if (!is_there(call.user_id) || !is_there(call.anonymous_id)) return;
  const std::string anonymous = json::to_plain_text(call.anonymous_id);
  if (anonymous.empty() || anonymous == envelope.distinct_id) return;
  properties.set_text("$anon_distinct_id", anonymous);
}

void map_group(const Call& call, json::Object& properties) {
  json::Object group_set;
  if (json::kind_of(call.traits) == json::Kind::object) {
    if (auto parsed = json::Object::parse_borrowed(call.traits)) group_set = *std::move(parsed);
  }
  std::string type(segment_group_type_default);
  if (const auto named = group_set.find_text("groupType"); named && !named->empty()) {
    type = *named;
    group_set.erase("groupType");
  }
  properties.set_text("$group_type", type);
  properties.set("$group_set", group_set.to_json());
  if (!is_there(call.group_id)) return;
  const std::string key = json::to_plain_text(call.group_id);
  properties.set_text("$group_key", key);
  json::Object groups;
  groups.set_text(type, key);
  properties.set("$groups", groups.to_json());
}

}  // namespace

Result<RawEvent> read_segment_event(const Envelope& envelope, std::string_view value) {
  MR_TRY(Call call, read_call(envelope, value));
  RawEvent event;
  event.properties = std::move(call.properties);
  const json::Object context = merged_context(envelope, call);
  std::string_view person_traits;
  switch (call.kind) {
    case SegmentCall::track:
      break;
    case SegmentCall::page:
      map_page(call, event.properties);
      break;
    case SegmentCall::screen:
      map_screen(call, event.properties);
      break;
    case SegmentCall::identify:
      map_identify(envelope, call, event.properties);
      person_traits = call.traits;
      if (!is_there(person_traits)) person_traits = context.find("traits").value_or("");
      break;
    case SegmentCall::group:
      map_group(call, event.properties);
      break;
    case SegmentCall::alias:
      if (is_there(call.previous_id)) {
        event.properties.set_text("alias", json::to_plain_text(call.previous_id));
      }
      break;
  }
  apply_context(context, event.properties);
  finish_raw_event(envelope, person_traits, {}, event);
  return event;
}

}  // namespace mr::event
