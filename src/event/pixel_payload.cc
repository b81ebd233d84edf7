#include "event/pixel_payload.h"

#include <algorithm>
#include <array>

#include "codec/base64.h"
#include "codec/json_object.h"
#include "codec/json_text.h"
#include "codec/percent.h"
#include "codec/utf8.h"

namespace mr::event {
namespace {

// Fields that speak of the request and not of the event.
constexpr std::array<std::string_view, 6> not_of_the_call = {
    "data", "writeKey", "writekey", "cookie_domain", "process_headers", "destination_url"};

bool is_of_the_call(std::string_view name) {
  return std::ranges::find(not_of_the_call, name) == not_of_the_call.end();
}

// Puts the value where the steps of the name lead; what is in the way and no object is replaced.
void put_nested(json::Object& object, std::string_view name, std::string_view raw, size_t steps) {
  const size_t dot = name.find('.');
  if (steps <= 1 || dot == std::string_view::npos || dot == 0 || dot + 1 == name.size()) {
    object.set(name, raw);
    return;
  }
  const std::string_view step = name.substr(0, dot);
  json::Object inner;
  if (const auto there = object.find(step); there && json::kind_of(*there) == json::Kind::object) {
    if (auto parsed = json::Object::parse(*there)) inner = *std::move(parsed);
  }
  put_nested(inner, name.substr(dot + 1), raw, steps - 1);
  object.set(step, inner.to_json());
}

std::expected<json::Object, Refusal> call_in_data(const std::string* data) {
  if (data == nullptr || data->empty()) return json::Object();
  std::string base64 = *data;
  std::ranges::replace(base64, ' ', '+');  // a '+' that was not encoded
  const auto text = codec::base64_decode(base64);
  if (!text) return refuse(400, RefusalReason::not_json, "data is not base64");
  auto call = json::Object::parse(*text);
  if (!call) {
    return refuse(400, RefusalReason::not_json,
                  "data is not a valid JSON object: " + call.error().message());
  }
  return *std::move(call);
}

std::string_view without_quotes(std::string_view text) {
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

}  // namespace

std::expected<Pixel, Refusal> read_pixel(std::string_view query, std::string_view type) {
  const auto fields = codec::parse_form(query);
  auto call = call_in_data(codec::find_field(fields, "data"));
  if (!call) return std::unexpected(std::move(call).error());
  Pixel pixel;
  for (const codec::FormField& field : fields) {
    if (pixel.write_key.empty() && codec::lower_ascii(field.name) == "writekey") {
      pixel.write_key = field.value;
    }
    if (field.name.empty() || !is_of_the_call(field.name)) continue;
    if (!codec::is_valid_utf8(field.name) || !codec::is_valid_utf8(field.value)) {
      return refuse(400, RefusalReason::not_utf8, "the query is not valid UTF-8");
    }
    std::string_view text = field.value;
    if (field.name == "anonymousId") text = without_quotes(text);
    if (field.name == "name" && text.empty() && type == "page") text = "Unknown Page";
    put_nested(*call, field.name, json::quote(text), pixel_steps_max);
  }
  if (!type.empty()) call->set_text("type", type);
  pixel.call = call->to_json();
  return pixel;
}

std::string_view pixel_gif() {
  // Version 89a, 1 by 1, two colours, of which the drawn one is transparent.
  constexpr std::string_view gif(
      "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"
      "\x21\xf9\x04\x01\x00\x00\x00\x00"
      "\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b",
      43);
  return gif;
}

}  // namespace mr::event
