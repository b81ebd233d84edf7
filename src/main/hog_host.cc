#include "main/hog_host.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "hog/print.h"
#include "io/system_time.h"

namespace mr::main {
namespace {

constexpr size_t lines_bytes_max = size_t{16} << 20U;

// "Europe/Brussels", but nothing that leaves the folder.
bool is_zone_name(std::string_view name) {
  return !name.empty() && name.front() != '/' && name.find("..") == std::string_view::npos &&
         std::ranges::all_of(name, [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '/' || c == '_' || c == '-' || c == '+';
         });
}

}  // namespace

double HogHost::wall_clock_millis() {
  return static_cast<double>(io::system_wall().millis);
}

double HogHost::steady_millis() {
  return static_cast<double>(io::system_instant().micros) / 1000;
}

std::optional<std::string> HogHost::time_zone(std::string_view name) {
  if (!is_zone_name(name)) return std::nullopt;
  std::ifstream file("/usr/share/zoneinfo/" + std::string(name), std::ios::binary);
  if (!file) return std::nullopt;
  std::string contents{std::istreambuf_iterator<char>(file), {}};
  if (file.bad() || contents.empty()) return std::nullopt;
  return contents;
}

void HogHost::print(hog::Context& context, std::span<const hog::Value> values) {
  std::string line = hog::printed_line(context, values).value_or("(a value that nests too deeply)");
  if (lines_bytes_ + line.size() > lines_bytes_max) {
    ++lines_dropped_;
    return;
  }
  lines_bytes_ += line.size();
  lines_.push_back(std::move(line));
}

bool HogHost::is_async(std::string_view name) {
  return async_ && (name == "fetch" || name == "sleep");
}

}  // namespace mr::main
