#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace mr::telemetry {

enum class Severity : uint8_t { debug, info, warning, error };
enum class LogFormat : uint8_t { text, json };

// One typed value beside a log line's message. A view: it lives for the call only.
struct Field {
  enum class Kind : uint8_t { text, integer, real, boolean };

  Field(std::string_view n, std::string_view v) : name(n), kind(Kind::text), text(v) {}
  Field(std::string_view n, const char* v) : name(n), kind(Kind::text), text(v) {}
  Field(std::string_view n, const std::string& v) : name(n), kind(Kind::text), text(v) {}
  Field(std::string_view n, bool v) : name(n), kind(Kind::boolean), integer(v ? 1 : 0) {}
  Field(std::string_view n, double v) : name(n), kind(Kind::real), real(v) {}
  template <std::integral Integer>
  Field(std::string_view n, Integer v)
      : name(n), kind(Kind::integer), integer(static_cast<int64_t>(v)) {}

  std::string_view name;
  Kind kind;
  std::string_view text;
  int64_t integer = 0;
  double real = 0;
};

// The word that a flag or a config file uses ("info", "text"), or nothing.
std::optional<Severity> parse_severity(std::string_view word);
std::optional<LogFormat> parse_log_format(std::string_view word);

// Where a process's log lines go. Made in main/ and handed down by reference. A line is one
// happening: a fixed message, and what varies in fields:
//   log.info("segment sealed", {{"topic", topic}, {"bytes", bytes}});
// Thread-safe. A line is written whole, so that lines of several processes on one stderr do not
// mix.
class Logger {
 public:
  // Writes to stderr. `process` (accept, pipeline, …) stands on every line.
  static std::unique_ptr<Logger> to_stderr(std::string_view process, LogFormat format,
                                           Severity minimum);
  // Keeps the lines (without time) in memory: for tests.
  static std::unique_ptr<Logger> to_memory();
  virtual ~Logger() = default;

  virtual bool enabled(Severity severity) const = 0;
  virtual void write(Severity severity, std::string_view message,
                     std::initializer_list<Field> fields) = 0;
  // What to_memory() kept, one line after another; empty for the others.
  virtual std::string kept() const { return {}; }

  void debug(std::string_view message, std::initializer_list<Field> fields = {}) {
    if (enabled(Severity::debug)) write(Severity::debug, message, fields);
  }
  void info(std::string_view message, std::initializer_list<Field> fields = {}) {
    if (enabled(Severity::info)) write(Severity::info, message, fields);
  }
  void warning(std::string_view message, std::initializer_list<Field> fields = {}) {
    if (enabled(Severity::warning)) write(Severity::warning, message, fields);
  }
  void error(std::string_view message, std::initializer_list<Field> fields = {}) {
    if (enabled(Severity::error)) write(Severity::error, message, fields);
  }
};

// The part of a line after the time: `message name=value …` or the members of a JSON object from
// "message" on, without braces. Control characters and quotes are escaped.
std::string render_fields(LogFormat format, std::string_view message,
                          std::initializer_list<Field> fields);

}  // namespace mr::telemetry
