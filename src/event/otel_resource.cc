#include "event/otel_resource.h"

#include <algorithm>
#include <array>

#include "codec/json_text.h"
#include "event/otel_properties.h"

namespace mr::event {
namespace {

constexpr std::array<std::string_view, 4> noisy_prefixes = {"host.", "process.", "os.",
                                                            "telemetry."};

bool is_noisy(std::string_view key) {
  return std::ranges::any_of(noisy_prefixes,
                             [&](std::string_view prefix) { return key.starts_with(prefix); });
}

}  // namespace

OtelResource::OtelResource(OtelAttributes attributes) : attributes_(std::move(attributes)) {
  json::Object& values = attributes_.values;
  values.erase_if([](const json::Member& member) { return is_noisy(member.key); });
  for (const json::Member& member : values) {
    bytes_ += member.key.size() + member.raw.size();
    if (is_used_up(member.key)) continue;
    places_.emplace_back(member.key, places_.size());
    json::append_quoted(members_, member.key);
    members_ += ':';
    members_ += member.raw;
    members_ += ',';
    ends_.push_back(members_.size());
  }
  std::ranges::sort(places_);
  if (places_.size() == values.size()) return;
  known_.resize(known_attributes.size());
  for (size_t i = 0; i < known_attributes.size(); ++i) {
    const KnownAttribute& known = known_attributes[i];
    if (const auto raw = values.find(known.name)) known_[i] = opened_value(known.property, *raw);
  }
}

std::string OtelResource::text_at(std::string_view key) const {
  return attributes_.values.find_text(key).value_or("");
}

std::optional<std::string_view> OtelResource::known(size_t index) const {
  if (index >= known_.size()) return std::nullopt;
  return known_[index];
}

void OtelResource::append_members(std::string& out, const json::Object& over) const {
  std::vector<size_t> left_out;
  if (!places_.empty()) {
    for (const json::Member& member : over) {
      const auto place = std::ranges::lower_bound(places_, member.key, {},
                                                  &std::pair<std::string_view, size_t>::first);
      if (place != places_.end() && place->first == member.key) left_out.push_back(place->second);
    }
  }
  std::ranges::sort(left_out);
  size_t next = 0;
  for (const size_t index : left_out) {
    const size_t begin = index == 0 ? 0 : ends_[index - 1];
    out.append(members_, next, begin - next);
    next = ends_[index];
  }
  out.append(members_, next, members_.size() - next);
}

}  // namespace mr::event
