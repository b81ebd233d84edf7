#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "main/setting_value.h"

namespace mr::main {

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

}  // namespace mr::main
