#include "main/settings.h"

#define TOML_HEADER_ONLY 0
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "base/assert.h"

namespace mr::main {

namespace {

constexpr std::array definitions = {
    SettingDefinition{"data", SettingKind::text, "data", "the data directory"},
    SettingDefinition{"listen", SettingKind::text, "127.0.0.1:8000",
                      "the address for clients, ADDRESS:PORT"},
    SettingDefinition{"tls.certificate", SettingKind::text, "",
                      "a PEM file with the certificate and its chain: serves TLS, too"},
    SettingDefinition{"tls.key", SettingKind::text, "", "the PEM file with the certificate's key"},
    SettingDefinition{"tls.listen", SettingKind::text, "127.0.0.1:8443",
                      "the address for clients that speak TLS, ADDRESS:PORT"},
    SettingDefinition{"project_token", SettingKind::text, "",
                      "the first project's token, at the first start (default: a random one)"},
    SettingDefinition{"roles", SettingKind::text, "accept,pipeline,store",
                      "which processes to run, separated by commas"},
    SettingDefinition{"log.format", SettingKind::choice, "text", "how log lines are written",
                      "text|json"},
    SettingDefinition{"log.engine", SettingKind::choice, "embedded",
                      "where the log lies: on this machine's disk, or on Kafka", "embedded|kafka"},
    SettingDefinition{"log.segment_bytes", SettingKind::bytes, "64MiB",
                      "the size of a segment file of the log", "", 1024 * 1024, 1024 * 1024 * 1024},
    SettingDefinition{"log.reserved_bytes", SettingKind::bytes, "auto",
                      "disk space kept free: below it, capture answers 503 (auto: 5 % of the file "
                      "system, at most 1 GB)",
                      "auto"},
    SettingDefinition{"log.compression", SettingKind::choice, "none",
                      "how batches of at least 16 KiB are compressed on disk", "none|lz4"},
    SettingDefinition{"log.archive", SettingKind::text, "",
                      "a directory that keeps the topic captured for ever, compressed with zstd"},
    SettingDefinition{
        "log.retention", SettingKind::retention,
        "captured=7d, captured.replay=30d, session_replay_events=30d, dead_letters=30d, *=3d",
        "how long topics are kept, TOPIC=LIMIT: an age, bytes, both with / or forever"},
    SettingDefinition{"log.retention_override", SettingKind::choice, "off",
                      "remove also what a consumer has not finished", "off|on"},
    SettingDefinition{
        "log.sync", SettingKind::sync, "always",
        "when captured events are synced: always before the answer, or interval=100ms", "", 1,
        60'000},
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
    SettingDefinition{"kafka.renew_after", SettingKind::duration, "30s",
                      "how long events only go to the spool after the Kafka client has failed for "
                      "good, before a new one is tried"},
    SettingDefinition{"kafka.rdkafka", SettingKind::text, "",
                      "properties for librdkafka (TLS, SASL, ...), NAME=VALUE separated by "
                      "semicolons"},
    SettingDefinition{"capture.connections_max", SettingKind::count, "20000",
                      "connections of clients at a time, over all ports", "", 1},
    SettingDefinition{"capture.receive_memory_max", SettingKind::bytes, "256MiB",
                      "memory for what clients are sending, over all ports; above: 503", "",
                      64 * 1024 * 1024},
    SettingDefinition{"capture.partitions", SettingKind::count, "1",
                      "partitions of the topic captured; more are never made fewer", "", 1, 1024},
    SettingDefinition{"capture.trusted_proxies", SettingKind::text, "loopback,private",
                      "whose word about a client's address is believed: addresses, networks, "
                      "loopback, private, all, separated by commas"},
    SettingDefinition{"capture.path_prefixes", SettingKind::text, "",
                      "paths below which everything is served too, separated by commas (/relay)"},
    SettingDefinition{"capture.overflow_rate", SettingKind::count, "1000",
                      "events a second above which a key (project and distinct id) goes to the "
                      "overflow lane; 0: never",
                      "", 0, 1'000'000'000},
    SettingDefinition{"capture.overflow_burst", SettingKind::count, "10000",
                      "events that a key may send at once before that", "", 1, 1'000'000'000},
    SettingDefinition{
        "capture.global_limit", SettingKind::count, "0",
        "events of a key in capture.global_window above which they go to the overflow "
        "lane without persons; 0: never",
        "", 0, 10'000'000},
    SettingDefinition{"capture.global_window", SettingKind::duration, "60s",
                      "the time in which a key may send capture.global_limit events"},
    SettingDefinition{"capture.unknown_tokens", SettingKind::choice, "reject",
                      "events of tokens that no project has: 401, or kept and dropped by ingest",
                      "reject|accept"},
    SettingDefinition{"capture.receipts", SettingKind::choice, "off",
                      "answers name where their events lie in the log: header Millrace-Receipt",
                      "off|on"},
    SettingDefinition{"capture.static_folder", SettingKind::text, "",
                      "a folder of scripts that browser libraries load at /static/NAME.js, such as "
                      "posthog-js's recorder"},
    SettingDefinition{"replay.projects", SettingKind::text, "",
                      "whose browsers are told to record sessions: tokens separated by commas, or "
                      "* for all projects"},
    SettingDefinition{"ingest.dedup_window", SettingKind::duration, "24h",
                      "how long a repeat of the same event is recognised"},
    SettingDefinition{"load.block_rows", SettingKind::count, "10000",
                      "rows that make a full block for the warehouse", "", 1},
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
  if (const auto complaint = complaint_about(*definition, value)) {
    return fail(ErrorCode::invalid_input, std::string(origin) + ": " + std::string(key) + " is \"" +
                                              std::string(value) + "\" but " + *complaint);
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
  return *parse_number(find_definition(key)->kind, text(key));
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
