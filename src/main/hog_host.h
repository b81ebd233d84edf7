#pragma once

#include <string>

#include "hog/host.h"
#include "io/real_random.h"

namespace mr::main {

// The world for Hog programs that people run by hand: the machine's clocks, its time zone database,
// and a list that collects what they print.
class HogHost final : public hog::Host {
 public:
  // `async`: whether fetch and sleep answer later, or do not exist.
  explicit HogHost(bool async) : async_(async) {}

  double wall_clock_millis() override;
  double steady_millis() override;
  uint64_t random_bits() override { return random_.next(); }
  std::optional<std::string> time_zone(std::string_view name) override;
  void print(hog::Context& context, std::span<const hog::Value> values) override;
  bool is_async(std::string_view name) override;

  const std::vector<std::string>& lines() const { return lines_; }
  size_t lines_dropped() const { return lines_dropped_; }

 private:
  bool async_;
  io::RealRandom random_;
  std::vector<std::string> lines_;
  size_t lines_bytes_ = 0;
  size_t lines_dropped_ = 0;
};

}  // namespace mr::main
