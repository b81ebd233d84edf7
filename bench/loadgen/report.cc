#include "bench/loadgen/report.h"

#include <array>
#include <cstdio>

namespace mr::bench {

namespace {

// Writes the members of JSON objects; names and labels are ours and need no escapes but quotes.
class JsonWriter {
 public:
  void number(const char* name, double value, int decimals = 0) {
    std::array<char, 64> text;
    std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
    member(name);
    text_ += text.data();
  }
  void string(const char* name, const std::string& value) {
    member(name);
    text_ += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') text_ += '\\';
      text_ += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    text_ += '"';
  }
  void open(const char* name) {
    if (name != nullptr) member(name);
    text_ += '{';
    first_ = true;
  }
  void close() {
    text_ += '}';
    first_ = false;
  }
  std::string take() { return std::move(text_) + "\n"; }

 private:
  void member(const char* name) {
    if (!first_) text_ += ',';
    first_ = false;
    text_ += '"';
    text_ += name;
    text_ += "\":";
  }

  std::string text_;
  bool first_ = true;
};

double ratio(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

void add_latency(JsonWriter& json, const char* name, const LatencyHistogram& histogram) {
  json.open(name);
  json.number("p50", histogram.percentile_ms(0.5), 3);
  json.number("p90", histogram.percentile_ms(0.9), 3);
  json.number("p99", histogram.percentile_ms(0.99), 3);
  json.number("p999", histogram.percentile_ms(0.999), 3);
  json.number("max", histogram.max_ms(), 3);
  json.close();
}

void add_watched(JsonWriter& json, const std::string& name, const TreeUsage& before,
                 const TreeUsage& after, double events, const Measurements& seen) {
  const double cpu = after.cpu_seconds() - before.cpu_seconds();
  json.open(name.c_str());
  json.number("cpu_seconds", cpu, 2);
  json.number("user_seconds", after.user_seconds - before.user_seconds, 2);
  json.number("system_seconds", after.system_seconds - before.system_seconds, 2);
  json.number("cores", ratio(cpu, seen.elapsed_seconds), 2);
  json.number("cpu_seconds_per_million_events", ratio(cpu, events) * 1e6, 3);
  json.open("cpu_seconds_by_role");
  for (const auto& [role, seconds] : after.cpu_by_role) {
    const auto earlier = before.cpu_by_role.find(role);
    const double base = earlier == before.cpu_by_role.end() ? 0 : earlier->second;
    json.number(role.c_str(), seconds - base, 2);
  }
  json.close();
  json.number("pss_mib", after.proportional_mib, 1);
  json.number("rss_mib", after.resident_mib, 1);
  json.number("written_bytes_per_event",
              ratio(static_cast<double>(after.written_bytes - before.written_bytes), events));
  json.number("context_switches_per_request",
              ratio(static_cast<double>(after.context_switches - before.context_switches),
                    static_cast<double>(seen.answered)),
              3);
  json.close();
}

void add_load(JsonWriter& json, const Options& options, const Measurements& seen) {
  json.string("label", options.label);
  json.number("batch", options.events.events_per_request);
  json.number("gzip", options.gzip_level);
  json.number("connections", options.connections);
  json.number("rate", options.rate);
  json.number("started_monotonic", static_cast<double>(seen.started) / 1e9, 6);
  json.number("seconds", seen.elapsed_seconds, 3);
}

}  // namespace

std::string report(const Options& options, const Measurements& seen) {
  const auto answered = static_cast<double>(seen.answered);
  const double events = answered * options.events.events_per_request;
  JsonWriter json;
  json.open(nullptr);
  add_load(json, options, seen);
  json.number("requests_per_second", ratio(answered, seen.elapsed_seconds), 1);
  json.number("events_per_second", ratio(events, seen.elapsed_seconds), 0);
  json.number("answered", answered);
  json.number("refused", static_cast<double>(seen.refused));
  json.number("broken", static_cast<double>(seen.broken));
  json.number("reconnects", static_cast<double>(seen.reconnects));
  json.open("statuses");
  for (const auto& [status, count] : seen.statuses) {
    json.number(std::to_string(status).c_str(), static_cast<double>(count));
  }
  json.close();
  json.number("events_accepted", static_cast<double>(seen.events_accepted));
  json.number("text_bytes_per_event", static_cast<double>(seen.text_bytes_per_event));
  json.number("wire_bytes_per_event", ratio(static_cast<double>(seen.wire_bytes), events));
  add_latency(json, "answer_ms", seen.from_sent);
  if (options.rate > 0) {
    add_latency(json, "answer_from_due_ms", seen.from_due);
    json.number("never_sent", static_cast<double>(seen.never_sent));
  }
  json.number("loadgen_cpu_seconds", seen.own_cpu_seconds, 2);
  double watched_cpu = 0;
  for (size_t i = 0; i < seen.after.size(); ++i) {
    add_watched(json, options.watched[i].name, seen.before[i], seen.after[i], events, seen);
    watched_cpu += seen.after[i].cpu_seconds() - seen.before[i].cpu_seconds();
  }
  json.number(
      "others_cores",
      ratio(seen.machine_busy_seconds - watched_cpu - seen.own_cpu_seconds, seen.elapsed_seconds),
      2);
  json.close();
  return json.take();
}

}  // namespace mr::bench
