#include "main/setting_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "kafka/options.h"

namespace mr::main {

namespace {

struct Unit {
  std::string_view name;
  int64_t factor;
};
constexpr std::array<Unit, 5> duration_units = {Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000},
                                                Unit{"h", 3'600'000}, Unit{"d", 86'400'000}};
constexpr std::array<Unit, 4> byte_units = {
    Unit{"", 1}, Unit{"KiB", 1024}, Unit{"MiB", 1024 * 1024}, Unit{"GiB", 1024 * 1024 * 1024}};
constexpr std::array<Unit, 1> no_units = {Unit{"", 1}};

// The units of a kind of number, the smallest first; none for other kinds.
std::span<const Unit> units_of(SettingKind kind) {
  switch (kind) {
    case SettingKind::count:
      return no_units;
    case SettingKind::bytes:
      return byte_units;
    case SettingKind::duration:
    case SettingKind::sync:
      return duration_units;
    case SettingKind::text:
    case SettingKind::choice:
    case SettingKind::retention:
      break;
  }
  return {};
}

std::optional<int64_t> parse_with(std::string_view text, std::span<const Unit> units) {
  int64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  const std::string_view unit(rest, static_cast<size_t>(text.data() + text.size() - rest));
  const auto found = std::ranges::find(units, unit, &Unit::name);
  if (found == units.end() || number > INT64_MAX / found->factor) return std::nullopt;
  return number * found->factor;
}

// In the largest unit that divides it.
std::string with_unit(int64_t number, std::span<const Unit> units) {
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (number % unit.factor == 0) best = &unit;
  }
  return std::to_string(number / best->factor) + std::string(best->name);
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// The part before the first `mark`, which is taken off the text together with the mark.
std::string_view take_part(std::string_view& text, char mark) {
  const size_t at = std::min(text.find(mark), text.size());
  const std::string_view part = trimmed(text.substr(0, at));
  text.remove_prefix(std::min(at + 1, text.size()));
  return part;
}

bool is_choice(std::string_view value, std::string_view choices) {
  while (!choices.empty()) {
    const size_t bar = std::min(choices.find('|'), choices.size());
    if (choices.substr(0, bar) == value) return true;
    choices.remove_prefix(std::min(bar + 1, choices.size()));
  }
  return false;
}

std::string expectation(const SettingDefinition& definition) {
  switch (definition.kind) {
    case SettingKind::count:
      return "a whole number";
    case SettingKind::bytes:
      return "a whole number of bytes, or with KiB, MiB or GiB" +
             (definition.choices.empty() ? "" : ", or " + std::string(definition.choices));
    case SettingKind::duration:
      return "a whole number with ms, s, m, h or d";
    case SettingKind::choice:
      return "one of " + std::string(definition.choices);
    case SettingKind::sync:
      return "always, or interval= and a duration";
    case SettingKind::retention:
      return "TOPIC=LIMIT separated by commas, each limit an age (7d), bytes (10GiB), both "
             "(7d/10GiB) or forever";
    case SettingKind::text:
      break;
  }
  return "text";
}

// Topics that are not ours would be kept like all others, unnoticed.
std::optional<std::string> complaint_about(const std::vector<RetentionRule>& rules) {
  const std::vector<std::string_view> topics = kafka::known_topics();
  for (auto rule = rules.begin(); rule != rules.end(); ++rule) {
    if (std::ranges::find(rules.begin(), rule, rule->topic, &RetentionRule::topic) != rule) {
      return "names " + rule->topic + " twice";
    }
    if (rule->topic == "*" || std::ranges::find(topics, rule->topic) != topics.end()) continue;
    std::string known;
    for (const std::string_view topic : topics) known += std::string(topic) + ", ";
    const std::string_view near = nearest(rule->topic, topics);
    return "there is no topic \"" + rule->topic + "\"" +
           (near.empty() ? "" : "; did you mean \"" + std::string(near) + "\"?") + " Topics are " +
           known + "and * for those that are not named";
  }
  return std::nullopt;
}

}  // namespace

std::optional<int64_t> parse_number(SettingKind kind, std::string_view text) {
  if (kind == SettingKind::sync) return std::nullopt;
  return parse_with(text, units_of(kind));
}

std::optional<Millis> parse_sync(std::string_view text) {
  constexpr std::string_view prefix = "interval=";
  if (text == "always") return Millis{0};
  if (!text.starts_with(prefix)) return std::nullopt;
  const auto interval = parse_with(text.substr(prefix.size()), duration_units);
  return interval && *interval > 0 ? std::optional(Millis{*interval}) : std::nullopt;
}

std::optional<std::vector<RetentionRule>> parse_retention(std::string_view text) {
  std::vector<RetentionRule> rules;
  while (!text.empty()) {
    std::string_view item = take_part(text, ',');
    RetentionRule rule;
    rule.topic = take_part(item, '=');
    if (rule.topic.empty() || item.empty()) return std::nullopt;
    while (!item.empty()) {
      const std::string_view limit = take_part(item, '/');
      if (limit == "forever") continue;
      const auto age = parse_with(limit, duration_units);
      const auto bytes = parse_with(limit, byte_units);
      if ((!age && !bytes) || (age && *age == 0) || (bytes && *bytes == 0)) return std::nullopt;
      if (age) rule.age = Millis{*age};
      if (bytes) rule.bytes = static_cast<uint64_t>(*bytes);
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

std::string range_text(const SettingDefinition& definition) {
  const std::span<const Unit> units = units_of(definition.kind);
  if (definition.most < INT64_MAX) {
    return with_unit(definition.least, units) + " to " + with_unit(definition.most, units);
  }
  return definition.least > 0 ? "at least " + with_unit(definition.least, units) : "";
}

std::optional<std::string> complaint_about(const SettingDefinition& definition,
                                           std::string_view value) {
  if (is_choice(value, definition.choices)) return std::nullopt;
  if (definition.kind == SettingKind::text) return std::nullopt;
  if (definition.kind == SettingKind::retention) {
    const auto rules = parse_retention(value);
    if (rules) return complaint_about(*rules);
  } else {
    std::optional<int64_t> number = parse_number(definition.kind, value);
    if (definition.kind == SettingKind::sync) {
      const auto interval = parse_sync(value);
      if (interval && *interval == Millis{0}) return std::nullopt;
      if (interval) number = interval->count;
    }
    if (number && *number >= definition.least && *number <= definition.most) return std::nullopt;
  }
  const std::string range = range_text(definition);
  return "must be " + expectation(definition) + (range.empty() ? "" : " (" + range + ")");
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  std::string_view best;
  size_t best_distance = std::max<size_t>(word.size() / 2, 2) + 1;
  for (const std::string_view candidate : candidates) {
    std::vector<size_t> row(candidate.size() + 1);
    for (size_t j = 0; j <= candidate.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= word.size(); ++i) {
      size_t diagonal = row[0];
      row[0] = i;
      for (size_t j = 1; j <= candidate.size(); ++j) {
        const size_t change = diagonal + (word[i - 1] == candidate[j - 1] ? 0 : 1);
        diagonal = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

}  // namespace mr::main
