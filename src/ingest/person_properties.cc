#include "ingest/person_properties.h"

#include <algorithm>
#include <iterator>

#include "codec/json_text.h"

namespace mr::ingest {
namespace {

// Without $os_name, which only stands in for $os: normalisation has filled that from it by now.
constexpr std::string_view lifted_keys[] = {"$app_build",
                                            "$app_name",
                                            "$app_namespace",
                                            "$app_version",
                                            "$browser",
                                            "$browser_version",
                                            "$device_type",
                                            "$current_url",
                                            "$pathname",
                                            "$os",
                                            "$os_version",
                                            "$referrer",
                                            "$referring_domain",
                                            "$screen_height",
                                            "$screen_width",
                                            "$viewport_height",
                                            "$viewport_width",
                                            "$raw_user_agent",
                                            "utm_source",
                                            "utm_medium",
                                            "utm_campaign",
                                            "utm_content",
                                            "utm_name",
                                            "utm_term",
                                            "gclid",
                                            "gad_source",
                                            "gclsrc",
                                            "dclid",
                                            "gbraid",
                                            "wbraid",
                                            "fbclid",
                                            "msclkid",
                                            "twclid",
                                            "li_fat_id",
                                            "mc_cid",
                                            "igshid",
                                            "ttclid",
                                            "rdt_cid",
                                            "irclid",
                                            "_kx",
                                            "epik",
                                            "qclid",
                                            "sccid"};

constexpr std::string_view noisy_keys[] = {"$current_url",
                                           "$pathname",
                                           "$referring_domain",
                                           "$referrer",
                                           "$screen_height",
                                           "$screen_width",
                                           "$viewport_height",
                                           "$viewport_width",
                                           "$browser",
                                           "$browser_version",
                                           "$device_type",
                                           "$raw_user_agent",
                                           "$os",
                                           "$os_name",
                                           "$os_version",
                                           "$geoip_postal_code",
                                           "$geoip_time_zone",
                                           "$geoip_latitude",
                                           "$geoip_longitude",
                                           "$geoip_accuracy_radius",
                                           "$geoip_subdivision_1_code",
                                           "$geoip_subdivision_1_name",
                                           "$geoip_subdivision_2_code",
                                           "$geoip_subdivision_2_name",
                                           "$geoip_subdivision_3_code",
                                           "$geoip_subdivision_3_name",
                                           "$geoip_city_confidence",
                                           "$geoip_country_confidence",
                                           "$geoip_postal_code_confidence",
                                           "$geoip_subdivision_1_confidence",
                                           "$geoip_subdivision_2_confidence"};

bool is_noisy(std::string_view key) {
  return std::find(std::begin(noisy_keys), std::end(noisy_keys), key) != std::end(noisy_keys);
}

// The reference compares by identity, so objects and arrays always count as changed.
bool differs(std::string_view before, std::string_view after) {
  const json::Kind kind = json::kind_of(after);
  if (kind == json::Kind::object || kind == json::Kind::array) return true;
  return before != after && !json::equal(before, after);
}

std::string initial_key(std::string_view key) {
  return "$initial_" + std::string(key.starts_with('$') ? key.substr(1) : key);
}

}  // namespace

bool lift_person_properties(const json::Object& properties, json::Object& set,
                            json::Object& set_once) {
  const auto is_server = properties.find("$is_server");
  const bool server = is_server && json::is_true(*is_server);
  bool lifted = false;
  for (const std::string_view key : lifted_keys) {
    if (server && (key == "$os" || key == "$os_version")) continue;
    const auto raw = properties.find(key);
    if (!raw) continue;
    lifted = true;
    if (!set.contains(key)) set.set(key, *raw);
    const std::string initial = initial_key(key);
    if (!set_once.contains(initial)) set_once.set(initial, *raw);
  }
  return lifted;
}

PropertyPlan::PropertyPlan(const PropertyUpdate& update, bool may_skip_noisy,
                           const json::Object& person) {
  bool only_noisy = true;
  for (const json::Member& member : update.set_once) {
    const auto stored = person.find(member.key);
    if (stored && (!json::is_null(*stored) || json::is_null(member.raw))) continue;
    sets_.push_back(member);
    only_noisy = false;
  }
  for (const json::Member& member : update.set) {
    const auto stored = person.find(member.key);
    if (stored && !differs(*stored, member.raw)) continue;
    sets_.push_back(member);
    if (!stored || !is_noisy(member.key)) only_noisy = false;
  }
  for (const std::string& key : update.unset) {
    if (!person.contains(key)) continue;
    removals_.push_back(key);
    only_noisy = false;
  }
  if (only_noisy && may_skip_noisy) sets_.clear();
}

size_t PropertyPlan::bytes_added_max() const {
  // Six bytes for each character of a key that has to be escaped, and the punctuation.
  size_t bytes = 0;
  for (const json::Member& member : sets_) bytes += 6 * member.key.size() + member.raw.size() + 4;
  return bytes;
}

void PropertyPlan::apply(json::Object& person) const {
  for (const json::Member& member : sets_) person.set(member.key, member.raw);
  for (const std::string_view key : removals_) person.erase(key);
}

std::string overlaid_json(const json::Object& below, const json::Object& above) {
  std::string out = "{";
  const auto put = [&out](std::string_view key, std::string_view raw) {
    if (out.size() > 1) out += ',';
    json::append_quoted(out, key);
    out += ':';
    out += raw;
  };
  for (const json::Member& member : below) {
    const auto over = above.find(member.key);
    put(member.key, over ? *over : member.raw);
  }
  for (const json::Member& member : above) {
    if (!below.contains(member.key)) put(member.key, member.raw);
  }
  out += '}';
  return out;
}

}  // namespace mr::ingest
