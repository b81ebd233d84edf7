#include "bench/loadgen/options.h"

#include <charconv>
#include <cstdlib>
#include <string_view>

#include "bench/loadgen/system.h"

namespace mr::bench {

namespace {

template <typename Number>
bool read_number(const std::string& text, Number& number) {
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  return read.ec == std::errc() && read.ptr == end && number >= 0;
}

// http://127.x.x.x:PORT/PATH
bool read_url(std::string_view url, Options& options) {
  constexpr std::string_view scheme = "http://127.";
  if (!url.starts_with(scheme)) return false;
  url.remove_prefix(std::string_view("http://").size());
  const size_t slash = url.find('/');
  options.path = slash == std::string_view::npos ? "/" : std::string(url.substr(slash));
  const std::string_view authority = url.substr(0, slash);
  const size_t colon = authority.find(':');
  if (colon == std::string_view::npos) return false;
  options.host = std::string(authority.substr(0, colon));
  return read_number(std::string(authority.substr(colon + 1)), options.port);
}

bool read_watched(const std::string& text, Options& options) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos) return false;
  WatchedProcess watched{text.substr(0, equals), 0};
  if (!read_number(text.substr(equals + 1), watched.process_id)) return false;
  options.watched.push_back(std::move(watched));
  return true;
}

bool read_form(std::string_view name, Options& options) {
  options.events.form = name == "segment" ? WireForm::segment : WireForm::posthog;
  return name == "segment" || name == "posthog";
}

// "Name: value"
bool read_header(const std::string& line, Options& options) {
  if (line.find(": ") == std::string::npos || line.find_first_of("\r\n") != std::string::npos) {
    return false;
  }
  options.headers.push_back(line);
  return true;
}

// Sets one option; false when its value cannot be read or its name is unknown.
bool set_option(std::string_view name, const std::string& value, Options& options) {
  if (name == "--url") return read_url(value, options);
  if (name == "--watch") return read_watched(value, options);
  if (name == "--shape") return read_form(value, options);
  if (name == "--header") return read_header(value, options);
  if (name == "--batch") return read_number(value, options.events.events_per_request);
  if (name == "--bytes") return read_number(value, options.events.event_bytes);
  if (name == "--users") return read_number(value, options.events.users);
  if (name == "--gzip") return read_number(value, options.gzip_level);
  if (name == "--connections") return read_number(value, options.connections);
  if (name == "--bodies") return read_number(value, options.bodies);
  if (name == "--warmup") return read_number(value, options.warmup_seconds);
  if (name == "--seconds") return read_number(value, options.seconds);
  if (name == "--rate") return read_number(value, options.rate);
  if (name == "--requests") return read_number(value, options.requests);
  if (name == "--token") return !(options.events.token = value).empty();
  if (name == "--label") return !(options.label = value).empty();
  if (name == "--json") return !(options.json_file = value).empty();
  return false;
}

Result<void> check(const Options& options) {
  if (options.port == 0 && !options.dump) {
    return fail(ErrorCode::invalid_input, "--url http://127.0.0.1:PORT/PATH is needed");
  }
  if (options.seconds + options.warmup_seconds > seconds_max || options.requests > requests_max) {
    return fail(ErrorCode::too_large, "a run has at most 3600 seconds and 50 million requests");
  }
  const uint64_t bodies = uint64_t{options.connections} * options.bodies;
  if (options.connections == 0 || options.connections > connections_max || options.bodies == 0 ||
      options.events.events_per_request == 0 ||
      bodies * options.events.events_per_request >= 1u << 24 || options.events.users == 0 ||
      options.gzip_level > 12) {
    return fail(ErrorCode::invalid_input,
                "--connections, --bodies, --batch, --users or --gzip is out of range");
  }
  return {};
}

}  // namespace

Result<Options> parse_options(std::span<char* const> arguments) {
  Options options;
  options.events.token = "phc_bench_token";
  options.events.started_at = wall_millis();
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string name = arguments[i];
    if (name == "--dump") {
      options.dump = true;
      continue;
    }
    if (i + 1 == arguments.size()) {
      return fail(ErrorCode::invalid_input, "unknown option, or one without a value: " + name);
    }
    const std::string value = arguments[++i];
    if (!set_option(name, value, options)) {
      return fail(ErrorCode::invalid_input,
                  "unknown option, or a value that cannot be used: " + name + " " + value);
    }
  }
  MR_CHECK(check(options));
  return options;
}

std::string_view usage() {
  return R"(loadgen: sends unique events to a capture endpoint on loopback and measures the answers

  loadgen --url http://127.0.0.1:PORT/PATH [options]

  --batch N          events in a request (1: a single event)            --gzip LEVEL  0 to 12
  --connections N    kept open (64)                 --bodies N  different bodies of each (4)
  --seconds S        measured time (5)              --warmup S  before it (1)
  --rate R           open loop: R requests a second, each answer timed from when it was due
  --requests N       stop after N answers           --token T   the project's token
  --shape FORM       posthog (default) or segment   --header L  one more, repeatable
  --bytes N          size of an event (1000)        --users N   distinct ids (10000)
  --watch NAME=PID   report CPU and memory of this process and its children; repeatable
  --label TEXT       copied into the report         --json FILE append the report here too
  --dump             print one body twice, as it would be sent, and stop

Prints one JSON object; bench/README.md explains its fields.
)";
}

}  // namespace mr::bench
