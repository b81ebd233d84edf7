#include "telemetry/log_line.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cmath>
#include <cstdio>

namespace mr::telemetry {
namespace {

void append_json_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.append("\\").push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
      out += escaped;
    } else {
      out += c;
    }
  }
  out += '"';
}

// A value without blanks and quotes stays bare in text lines.
bool needs_quotes(std::string_view text) {
  if (text.empty()) return true;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == '"' || c == '\\' || c == '=') return true;
  }
  return false;
}

void append_value(std::string& out, LogFormat format, const Field& field) {
  switch (field.kind) {
    case Field::Kind::integer:
      out += std::to_string(field.integer);
      return;
    case Field::Kind::boolean:
      out += field.integer != 0 ? "true" : "false";
      return;
    case Field::Kind::real: {
      if (!std::isfinite(field.real)) {
        out += "null";
        return;
      }
      char text[32];
      std::snprintf(text, sizeof text, "%.6g", field.real);
      out += text;
      return;
    }
    case Field::Kind::text:
      if (format == LogFormat::json || needs_quotes(field.text)) {
        append_json_text(out, field.text);
      } else {
        out += field.text;
      }
  }
}

class StderrLogger final : public Logger {
 public:
  StderrLogger(std::string_view process, LogFormat format, Severity minimum)
      : format_(format),
        minimum_(minimum),
        target_("millrace", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    const std::string name(process);
    target_.set_level(spdlog::level::trace);
    target_.flush_on(spdlog::level::trace);
    const std::string time = "%Y-%m-%dT%H:%M:%S.%eZ";
    target_.set_pattern(
        format == LogFormat::json
            ? "{\"time\":\"" + time + "\",\"level\":\"%l\",\"process\":\"" + name + "\",%v}"
            : time + " %l " + name + ": %v",
        spdlog::pattern_time_type::utc);
  }

  bool enabled(Severity severity) const override { return severity >= minimum_; }

  void write(Severity severity, std::string_view message,
             std::initializer_list<Field> fields) override {
    static constexpr spdlog::level::level_enum levels[] = {
        spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err};
    const std::string line = render_fields(format_, message, fields);
    target_.log(levels[static_cast<size_t>(severity)],
                spdlog::string_view_t(line.data(), line.size()));
  }

 private:
  LogFormat format_;
  Severity minimum_;
  spdlog::logger target_;
};

class MemoryLogger final : public Logger {
 public:
  bool enabled(Severity) const override { return true; }
  void write(Severity, std::string_view message, std::initializer_list<Field> fields) override {
    kept_ += render_fields(LogFormat::text, message, fields) + "\n";
  }
  std::string kept() const override { return kept_; }

 private:
  std::string kept_;
};

}  // namespace

std::optional<Severity> parse_severity(std::string_view word) {
  if (word == "debug") return Severity::debug;
  if (word == "info") return Severity::info;
  if (word == "warning") return Severity::warning;
  if (word == "error") return Severity::error;
  return std::nullopt;
}

std::optional<LogFormat> parse_log_format(std::string_view word) {
  if (word == "text") return LogFormat::text;
  if (word == "json") return LogFormat::json;
  return std::nullopt;
}

std::unique_ptr<Logger> Logger::to_stderr(std::string_view process, LogFormat format,
                                          Severity minimum) {
  return std::make_unique<StderrLogger>(process, format, minimum);
}

std::unique_ptr<Logger> Logger::to_memory() {
  return std::make_unique<MemoryLogger>();
}

std::string render_fields(LogFormat format, std::string_view message,
                          std::initializer_list<Field> fields) {
  std::string out;
  if (format == LogFormat::json) {
    out += "\"message\":";
    append_json_text(out, message);
    for (const Field& field : fields) {
      out += ',';
      append_json_text(out, field.name);
      out += ':';
      append_value(out, format, field);
    }
    return out;
  }
  out += message;
  for (const Field& field : fields) {
    out.append(" ").append(field.name).append("=");
    append_value(out, format, field);
  }
  return out;
}

}  // namespace mr::telemetry
