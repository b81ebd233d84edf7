#pragma once

#include <chrono>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "hog/host.h"
#include "hog/print.h"

namespace mr::hog {

// A world in which nothing happens by itself: the clock stands unless a test moves it.
class TestHost : public Host {
 public:
  double wall_clock_millis() override { return wall_millis; }
  double steady_millis() override { return steady += millis_each_look; }
  uint64_t random_bits() override { return random; }
  std::optional<std::string> time_zone(std::string_view name) override {
    if (name.empty() || name.front() == '/' || name.find("..") != std::string_view::npos) return {};
    std::ifstream file("/usr/share/zoneinfo/" + std::string(name), std::ios::binary);
    std::stringstream contents;
    contents << file.rdbuf();
    return file ? std::optional(contents.str()) : std::nullopt;
  }
  void print(Context& context, std::span<const Value> values) override {
    lines.push_back(printed_line(context, values).value_or("(too deep)"));
  }
  bool is_async(std::string_view name) override { return async.contains(name); }

  double wall_millis = 1'700'000'000'000;
  double steady = 0;
  double millis_each_look = 0;
  uint64_t random = 0x9e3779b97f4a7c15;
  std::vector<std::string> lines;
  std::set<std::string, std::less<>> async;
};

}  // namespace mr::hog
