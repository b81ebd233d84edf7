#pragma once

#include <cstdint>
#include <string>

#include "log/progress.h"

namespace mr::main {

// A bar on standard error that shows how far a long command has come: "verifying [####    ] 52 %
// 1.2 GiB". Draws only when standard error is a terminal, at most a few times a second.
class ProgressBar final : public log::Progress {
 public:
  ProgressBar(std::string label, uint64_t bytes_total);
  // Erases the bar.
  ~ProgressBar() override;
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void advanced(uint64_t bytes) override;

 private:
  void draw();

  std::string label_;
  uint64_t total_;
  uint64_t done_ = 0;
  int drawn_percent_ = -1;
  bool visible_;
};

// The bar as text, for a line of about 60 columns.
std::string render_bar(const std::string& label, uint64_t done, uint64_t total);

}  // namespace mr::main
