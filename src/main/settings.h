#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace mr::main {

// How a setting's text is read.
enum class SettingKind : uint8_t {
  text,
  choice,     // one of `choices`
  count,      // a whole number
  bytes,      // a whole number, optionally with KiB, MiB or GiB; or one of `choices`
  duration,   // a whole number with ms, s, m, h or d
  sync,       // "always", or "interval=" and a duration
  retention,  // "topic=limit" separated by commas; see RetentionRule
};

// How much of one topic the log keeps: at least one limit, or none ("forever").
struct RetentionRule {
  std::string topic;   // "*": every other one
  Millis age{0};       // 0: no limit
  uint64_t bytes = 0;  // 0: no limit
};

// One setting `a.b_c`: the key a.b_c in the configuration file, the flag --a.b_c and the variable
// MILLRACE_A_B_C. docs/OPERATING.md lists them all; tidy compares it with the table.
struct SettingDefinition {
  std::string_view key;
  SettingKind kind;
  std::string_view default_text;
  std::string_view help;
  std::string_view choices = "";  // separated by '|'
};

// All settings, in the order in which help shows them.
std::span<const SettingDefinition> setting_definitions();

// The values in force. Precedence: file < environment < flag.
class Settings {
 public:
  // Every setting at its default.
  Settings();

  // Reads a TOML text. Errors name the file, the line where there is one, and for an unknown key
  // the nearest valid one. `file_name` is for messages.
  Result<void> apply_toml(std::string_view text, const std::string& file_name);
  // Takes MILLRACE_… variables ("NAME=value" each) of known settings. Unknown MILLRACE_ names are
  // errors too; those in `reserved_variables()` are for tools and tests.
  Result<void> apply_environment(const std::vector<std::string>& variables);
  // Sets one value from its text. `origin` names where it came from, for the message.
  Result<void> set(std::string_view key, std::string_view value, std::string_view origin);

  const std::string& text(std::string_view key) const;
  int64_t count(std::string_view key) const;
  uint64_t bytes(std::string_view key) const;
  Millis duration(std::string_view key) const;
  // Of a sync setting: 0 for "always".
  Millis sync_interval(std::string_view key) const;
  std::vector<RetentionRule> retention(std::string_view key) const;

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

// Variables that start with MILLRACE_ without being settings.
std::span<const std::string_view> reserved_variables();

// The candidate that differs from `word` least, for "did you mean"; empty when none is near.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace mr::main
