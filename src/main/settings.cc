#include "main/settings.h"

#define TOML_HEADER_ONLY 0
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <sstream>

#include "base/assert.h"

namespace mr::main {

namespace {

constexpr std::array definitions = {
    SettingDefinition{"data", SettingKind::text, "data", "the data directory"},
    SettingDefinition{"listen", SettingKind::text, "127.0.0.1:8000",
                      "the address for clients, ADDRESS:PORT"},
    SettingDefinition{"project_token", SettingKind::text, "",
                      "the first project's token, at the first start (default: a random one)"},
    SettingDefinition{"roles", SettingKind::text, "accept,pipeline,store",
                      "which processes to run, separated by commas"},
    SettingDefinition{"log.format", SettingKind::choice, "text", "how log lines are written",
                      "text|json"},
    SettingDefinition{"log.engine", SettingKind::choice, "embedded",
                      "where the log lies: on this machine's disk, or on Kafka", "embedded|kafka"},
    SettingDefinition{"log.segment_bytes", SettingKind::bytes, "64MiB",
                      "the size of a segment file of the log"},
    SettingDefinition{"log.reserved_bytes", SettingKind::bytes, "auto",
                      "disk space kept free: below it, capture answers 503 (auto: 5 % of the file "
                      "system, at most 1 GB)",
                      "auto"},
    SettingDefinition{"log.compression", SettingKind::choice, "none",
                      "how batches of at least 16 KiB are compressed on disk", "none|lz4"},
    SettingDefinition{"log.archive", SettingKind::text, "",
                      "a directory that keeps the topic captured for ever, compressed with zstd"},
    SettingDefinition{
        "log.retention", SettingKind::retention, "captured=7d, dead_letters=30d, *=3d",
        "how long topics are kept, TOPIC=LIMIT: an age, bytes, both with / or forever"},
    SettingDefinition{"log.retention_override", SettingKind::choice, "off",
                      "remove also what a consumer has not finished", "off|on"},
    SettingDefinition{
        "log.sync", SettingKind::sync, "always",
        "when captured events are synced: always before the answer, or interval=100ms"},
    SettingDefinition{"kafka.brokers", SettingKind::text, "127.0.0.1:9092",
                      "brokers to ask first, HOST:PORT separated by commas"},
    SettingDefinition{"kafka.topic_prefix", SettingKind::text, "",
                      "stands before the name of each Kafka topic"},
    SettingDefinition{"kafka.topics", SettingKind::text, "",
                      "other names for Kafka topics, TOPIC=NAME separated by semicolons"},
    SettingDefinition{"kafka.create_topics", SettingKind::choice, "on",
                      "make Kafka topics that are missing", "on|off"},
    SettingDefinition{"kafka.append_timeout", SettingKind::duration, "10s",
                      "how long the brokers may take to confirm what is appended"},
    SettingDefinition{"kafka.spool", SettingKind::choice, "on",
                      "keep events on this machine while the brokers do not answer", "on|off"},
    SettingDefinition{"kafka.spool_after", SettingKind::duration, "1s",
                      "how long the brokers may take before events are spooled"},
    SettingDefinition{"kafka.rdkafka", SettingKind::text, "",
                      "properties for librdkafka (TLS, SASL, ...), NAME=VALUE separated by "
                      "semicolons"},
    SettingDefinition{"capture.connections_max", SettingKind::count, "20000",
                      "connections of clients at a time"},
    SettingDefinition{"capture.partitions", SettingKind::count, "1",
                      "partitions of the topic captured; more are never made fewer"},
    SettingDefinition{"ingest.dedup_window", SettingKind::duration, "24h",
                      "how long a repeat of the same event is recognised"},
    SettingDefinition{"load.block_rows", SettingKind::count, "10000",
                      "rows that make a full block for the warehouse"},
    SettingDefinition{"load.delay", SettingKind::duration, "300ms",
                      "how long rows wait at most for a full block"},
    SettingDefinition{"store.library", SettingKind::text, "",
                      "the path of libchdb.so (default: beside the program)"},
    SettingDefinition{"store.query_time_max", SettingKind::duration, "60s",
                      "how long a query may run"},
    SettingDefinition{"store.query_memory_max", SettingKind::bytes, "2GiB",
                      "how much memory a query may use"},
};

constexpr std::array<std::string_view, 6> reserved = {
    "MILLRACE_ADMIN_TOKEN",  // what commands send with --url
    "MILLRACE_CHDB_CACHE",   // where the fetched library is kept
    "MILLRACE_LIBCHDB",      // where tests and packages put the library
    "MILLRACE_MISCHIEF",     // crash sites that fault tests switch on
    "MILLRACE_PROGRAM",      // the program that the end-to-end tests run
    "MILLRACE_URL",          // the server that commands talk to
};

const SettingDefinition* find_definition(std::string_view key) {
  const auto found = std::ranges::find(definitions, key, &SettingDefinition::key);
  return found == definitions.end() ? nullptr : &*found;
}

std::string variable_of(std::string_view key) {
  std::string name = "MILLRACE_";
  for (const char c : key) {
    name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

struct Unit {
  std::string_view name;
  int64_t factor;
};
constexpr std::array<Unit, 5> duration_units = {Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000},
                                                Unit{"h", 3'600'000}, Unit{"d", 86'400'000}};
constexpr std::array<Unit, 4> byte_units = {
    Unit{"", 1}, Unit{"KiB", 1024}, Unit{"MiB", 1024 * 1024}, Unit{"GiB", 1024 * 1024 * 1024}};
constexpr std::array<Unit, 1> no_units = {Unit{"", 1}};

std::optional<int64_t> parse_number(std::string_view text, std::span<const Unit> units) {
  int64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  const std::string_view unit(rest, static_cast<size_t>(text.data() + text.size() - rest));
  const auto found = std::ranges::find(units, unit, &Unit::name);
  if (found == units.end() || number > INT64_MAX / found->factor) return std::nullopt;
  return number * found->factor;
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

std::optional<Millis> parse_sync(std::string_view text) {
  constexpr std::string_view prefix = "interval=";
  if (text == "always") return Millis{0};
  if (!text.starts_with(prefix)) return std::nullopt;
  const auto interval = parse_number(text.substr(prefix.size()), duration_units);
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
      const auto age = parse_number(limit, duration_units);
      const auto bytes = parse_number(limit, byte_units);
      if ((!age && !bytes) || (age && *age == 0) || (bytes && *bytes == 0)) return std::nullopt;
      if (age) rule.age = Millis{*age};
      if (bytes) rule.bytes = static_cast<uint64_t>(*bytes);
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

// Whether a text says something for a kind that is not a number.
bool is_valid_text(SettingKind kind, std::string_view text) {
  if (kind == SettingKind::sync) return parse_sync(text).has_value();
  if (kind == SettingKind::retention) return parse_retention(text).has_value();
  return kind == SettingKind::text;
}

std::optional<int64_t> parse_value(SettingKind kind, std::string_view text) {
  switch (kind) {
    case SettingKind::count:
      return parse_number(text, no_units);
    case SettingKind::bytes:
      return parse_number(text, byte_units);
    case SettingKind::duration:
      return parse_number(text, duration_units);
    case SettingKind::text:
    case SettingKind::choice:
    case SettingKind::sync:
    case SettingKind::retention:
      break;
  }
  return std::nullopt;
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
             "(7d/10GiB) "
             "or forever";
    case SettingKind::text:
      break;
  }
  return "text";
}

bool is_choice(std::string_view value, std::string_view choices) {
  while (!choices.empty()) {
    const size_t bar = std::min(choices.find('|'), choices.size());
    if (choices.substr(0, bar) == value) return true;
    choices.remove_prefix(std::min(bar + 1, choices.size()));
  }
  return false;
}

// The keys of a TOML table as dotted paths with their values as text.
Result<void> flatten(const toml::table& table, const std::string& prefix,
                     std::vector<std::pair<std::string, std::string>>& into,
                     const std::string& file_name) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    if (const toml::table* inner = node.as_table()) {
      MR_CHECK(flatten(*inner, key + ".", into, file_name));
    } else if (const auto text = node.value<std::string>(); node.is_string()) {
      into.emplace_back(key, *text);
    } else if (const auto number = node.value<int64_t>(); node.is_integer()) {
      into.emplace_back(key, std::to_string(*number));
    } else {
      return fail(ErrorCode::invalid_input,
                  file_name + ": " + key + " must be a text or a whole number");
    }
  }
  return {};
}

std::unexpected<Error> unknown_key(std::string_view key, std::string_view origin,
                                   const std::vector<std::string_view>& candidates) {
  std::string message = std::string(origin) + ": unknown setting \"" + std::string(key) + "\"";
  const std::string_view near = nearest(key, candidates);
  if (!near.empty()) message += "; did you mean \"" + std::string(near) + "\"?";
  return fail(ErrorCode::invalid_input, std::move(message));
}

}  // namespace

std::span<const SettingDefinition> setting_definitions() {
  return definitions;
}
std::span<const std::string_view> reserved_variables() {
  return reserved;
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

Settings::Settings() {
  for (const SettingDefinition& definition : definitions) {
    values_[std::string(definition.key)] = std::string(definition.default_text);
  }
}

Result<void> Settings::apply_toml(std::string_view text, const std::string& file_name) {
  toml::table parsed;
  try {
    parsed = toml::parse(text, file_name);
  } catch (const toml::parse_error& error) {
    std::ostringstream message;
    message << file_name << " line " << error.source().begin.line << ": " << error.description();
    return fail(ErrorCode::invalid_input, message.str());
  }
  std::vector<std::pair<std::string, std::string>> values;
  MR_CHECK(flatten(parsed, "", values, file_name));
  for (const auto& [key, value] : values) MR_CHECK(set(key, value, file_name));
  return {};
}

Result<void> Settings::apply_environment(const std::vector<std::string>& variables) {
  constexpr std::string_view prefix = "MILLRACE_";
  std::vector<std::string> names;
  for (const SettingDefinition& definition : definitions)
    names.push_back(variable_of(definition.key));
  for (const std::string& variable : variables) {
    if (!variable.starts_with(prefix)) continue;
    const size_t equals = std::min(variable.find('='), variable.size());
    const std::string name = variable.substr(0, equals);
    if (std::ranges::find(reserved, name) != reserved.end()) continue;
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) {
      return unknown_key(name, "environment", {names.begin(), names.end()});
    }
    const SettingDefinition& definition = definitions[static_cast<size_t>(found - names.begin())];
    MR_CHECK(set(definition.key, variable.substr(std::min(equals + 1, variable.size())), name));
  }
  return {};
}

Result<void> Settings::set(std::string_view key, std::string_view value, std::string_view origin) {
  const SettingDefinition* definition = find_definition(key);
  if (definition == nullptr) {
    std::vector<std::string_view> keys;
    for (const SettingDefinition& known : definitions) keys.push_back(known.key);
    return unknown_key(key, origin, keys);
  }
  const bool valid = parse_value(definition->kind, value).has_value() ||
                     is_valid_text(definition->kind, value) ||
                     is_choice(value, definition->choices);
  if (!valid) {
    return fail(ErrorCode::invalid_input, std::string(origin) + ": " + std::string(key) + " is \"" +
                                              std::string(value) + "\" but must be " +
                                              expectation(*definition));
  }
  values_[std::string(key)] = std::string(value);
  return {};
}

const std::string& Settings::text(std::string_view key) const {
  const auto found = values_.find(key);
  MR_ASSERT(found != values_.end());
  return found->second;
}

int64_t Settings::count(std::string_view key) const {
  return *parse_value(find_definition(key)->kind, text(key));
}
uint64_t Settings::bytes(std::string_view key) const {
  return static_cast<uint64_t>(count(key));
}
Millis Settings::sync_interval(std::string_view key) const {
  return parse_sync(text(key)).value_or(Millis{0});
}
std::vector<RetentionRule> Settings::retention(std::string_view key) const {
  return parse_retention(text(key)).value_or(std::vector<RetentionRule>{});
}
Millis Settings::duration(std::string_view key) const {
  return {count(key)};
}

}  // namespace mr::main
