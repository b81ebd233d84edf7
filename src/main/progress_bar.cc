#include "main/progress_bar.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "main/text_table.h"

namespace mr::main {

namespace {

constexpr uint64_t bar_columns = 30;
constexpr uint64_t whole = 100;

uint64_t percent_of(uint64_t done, uint64_t total) {
  return total == 0 ? whole : std::min(whole, done * whole / total);
}

}  // namespace

std::string render_bar(const std::string& label, uint64_t done, uint64_t total) {
  const uint64_t percent = percent_of(done, total);
  const uint64_t filled = percent * bar_columns / whole;
  return label + " [" + std::string(filled, '#') + std::string(bar_columns - filled, ' ') + "] " +
         std::to_string(percent) + " % of " + readable_bytes(total);
}

ProgressBar::ProgressBar(std::string label, uint64_t bytes_total)
    : label_(std::move(label)), total_(bytes_total), visible_(isatty(STDERR_FILENO) != 0) {
  draw();
}

ProgressBar::~ProgressBar() {
  if (visible_) std::fputs("\r\033[K", stderr);
}

void ProgressBar::advanced(uint64_t bytes) {
  done_ += bytes;
  draw();
}

void ProgressBar::draw() {
  const auto percent = static_cast<int>(percent_of(done_, total_));
  if (!visible_ || percent == drawn_percent_) return;
  drawn_percent_ = percent;
  std::fprintf(stderr, "\r%s\033[K", render_bar(label_, done_, total_).c_str());
  std::fflush(stderr);
}

}  // namespace mr::main
