#include "event/v1_event.h"

#include <algorithm>
#include <array>

#include "codec/json_text.h"
#include "codec/utf8.h"

namespace mr::event {
namespace {

constexpr std::string_view gateway_prefix = "$ai_gateway";

bool read_flag_text(std::string_view text, std::optional<bool>& flag) {
  constexpr std::array<std::string_view, 5> yes = {"true", "t", "yes", "y", "on"};
  constexpr std::array<std::string_view, 5> no = {"false", "f", "no", "n", "off"};
  const std::string word = codec::lower_ascii(codec::trim(text));
  if (word.empty()) return true;
  if (std::ranges::find(yes, word) != yes.end()) {
    flag = true;
  } else if (std::ranges::find(no, word) != no.end()) {
    flag = false;
  } else if (json::kind_of(word) == json::Kind::number && json::is_valid(word)) {
    flag = json::as_double(word) != 0;
  } else {
    return false;
  }
  return true;
}

// A text, or an integer, which is taken as its digits.
bool read_identifier(std::string_view raw, std::optional<std::string>& identifier) {
  if (raw.empty() || json::is_null(raw)) return true;
  if (json::is_string(raw) || json::as_int64(raw)) {
    identifier = json::to_plain_text(raw);
    return true;
  }
  return false;
}

void set_flag(json::Object& properties, std::string_view name, std::optional<bool> flag) {
  if (flag) properties.set(name, *flag ? "true" : "false");
}

void set_options(json::Object& properties, const V1Options& options) {
  set_flag(properties, "$cookieless_mode", options.cookieless_mode);
  set_flag(properties, "$ignore_sent_at", options.disable_skew_correction);
  if (options.product_tour_id) properties.set_text("$product_tour_id", *options.product_tour_id);
  set_flag(properties, "$process_person_profile", options.process_person_profile);
}

}  // namespace

bool read_v1_flag(std::string_view raw, std::optional<bool>& flag) {
  std::string scratch;
  switch (json::kind_of(raw)) {
    case json::Kind::boolean:
      flag = json::is_true(raw);
      return true;
    case json::Kind::number:
      flag = json::as_double(raw) != 0;
      return true;
    case json::Kind::string:
      return read_flag_text(json::text_of(raw, scratch), flag);
    default:
      return raw.empty() || json::is_null(raw);
  }
}

std::optional<V1Options> read_v1_options(std::string_view raw) {
  V1Options options;
  if (raw.empty() || json::is_null(raw)) return options;
  if (json::kind_of(raw) != json::Kind::object) return std::nullopt;
  const auto object = json::Object::parse_borrowed(raw);
  if (!object) return std::nullopt;
  const auto find = [&](std::string_view name) { return object->find(name).value_or(""); };
  const bool readable =
      read_v1_flag(find("cookieless_mode"), options.cookieless_mode) &&
      read_v1_flag(find("disable_skew_correction"), options.disable_skew_correction) &&
      read_v1_flag(find("process_person_profile"), options.process_person_profile) &&
      read_identifier(find("product_tour_id"), options.product_tour_id);
  if (!readable) return std::nullopt;
  return options;
}

Result<RawEvent> read_v1_event(const Envelope& envelope, std::string_view value) {
  if (!codec::is_valid_utf8(value)) {
    return fail(ErrorCode::invalid_input, "the captured event is not valid UTF-8");
  }
  RawEvent event;
  std::string_view session;
  std::string_view window;
  std::string_view options;
  json::Reader reader(value);
  reader.enter_object();
  std::string_view key;
  while (reader.next_member(key)) {
    if (key == "properties" && reader.peek() == json::Kind::object) {
      event.properties = json::Object::read(reader);
    } else if (key == "session_id") {
      session = reader.value();
    } else if (key == "window_id") {
      window = reader.value();
    } else if (key == "options") {
      options = reader.value();
    } else {
      reader.value();
    }
  }
  if (!reader.at_end()) return fail(reader.error().within("reading a captured event"));
  json::Object& properties = event.properties;
  properties.erase_if(
      [](const json::Member& member) { return member.key.starts_with(gateway_prefix); });
  if (json::is_string(session)) properties.set("$session_id", session);
  if (json::is_string(window)) properties.set("$window_id", window);
  // Capture dropped what cannot be read.
  set_options(properties, read_v1_options(options).value_or(V1Options{}));
  if (!envelope.context.empty()) {
    MR_TRY(const auto library, json::Object::parse_borrowed(envelope.context));
    properties.overlay(library);
  }
  finish_raw_event(envelope, {}, {}, event);
  return event;
}

}  // namespace mr::event
