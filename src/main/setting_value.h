#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  // Of a number, in its smallest unit.
  int64_t least = 0;
  int64_t most = INT64_MAX;
};

// A number of any kind that is one, in bytes or milliseconds where it has a unit. Nothing when the
// text is none.
std::optional<int64_t> parse_number(SettingKind kind, std::string_view text);
// Nothing when the text says something else; 0 for "always".
std::optional<Millis> parse_sync(std::string_view text);
std::optional<std::vector<RetentionRule>> parse_retention(std::string_view text);

// What is wrong with a value, as the end of a sentence ("must be a whole number"); nothing when it
// is fine.
std::optional<std::string> complaint_about(const SettingDefinition& definition,
                                           std::string_view value);
// What a number must lie between, as "1MiB to 1GiB"; empty when everything goes.
std::string range_text(const SettingDefinition& definition);

// The candidate that differs from `word` least, for "did you mean"; empty when none is near.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace mr::main
