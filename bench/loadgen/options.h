#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/loadgen/event_text.h"

namespace mr::bench {

// Bounds of one run, so that a mistyped command ends by itself.
inline constexpr double seconds_max = 3600;
inline constexpr uint64_t requests_max = 50'000'000;
inline constexpr uint32_t connections_max = 4096;

// A process tree whose use of the machine is reported.
struct WatchedProcess {
  std::string name;
  int process_id = 0;
};

// What one run does.
struct Options {
  std::string host = "127.0.0.1";
  uint16_t port = 0;
  std::string path = "/";
  std::vector<std::string> headers;  // more lines of each request's head, without their ends
  std::string label;
  EventShape events;
  int gzip_level = 0;
  uint32_t connections = 64;
  uint32_t bodies = 4;  // per connection, sent in turn
  double warmup_seconds = 1;
  double seconds = 5;     // measured, after the warm-up
  double rate = 0;        // requests a second; 0 sends the next when an answer came
  uint64_t requests = 0;  // stops measuring after so many answers; 0: only time counts
  std::string json_file;  // the report is appended here too
  std::vector<WatchedProcess> watched;
  bool dump = false;  // only print two bodies and stop
};

// Reads the command line. Errors name the option; anything but a loopback address is refused.
Result<Options> parse_options(std::span<char* const> arguments);

// The text of --help.
std::string_view usage();

}  // namespace mr::bench
