#include "telemetry/exposition.h"

#include <string_view>
#include <unordered_map>
#include <vector>

namespace mr::telemetry {
namespace {

struct Family {
  std::string_view help;
  std::string_view type;
  std::vector<std::string_view> samples;
};

// The second word behind `prefix`, or nothing when the line does not start with it.
std::string_view name_behind(std::string_view line, std::string_view prefix) {
  if (!line.starts_with(prefix)) return {};
  line.remove_prefix(prefix.size());
  return line.substr(0, line.find(' '));
}

}  // namespace

std::string merge_expositions(std::span<const std::string> texts) {
  std::vector<Family> families;
  std::unordered_map<std::string_view, size_t> by_name;
  const auto family_of = [&families, &by_name](std::string_view name) -> size_t {
    const auto [found, is_new] = by_name.try_emplace(name, families.size());
    if (is_new) families.emplace_back();
    return found->second;
  };
  size_t bytes = 0;
  for (const std::string& text : texts) {
    bytes += text.size();
    size_t present = SIZE_MAX;  // samples follow the header of their family
    for (std::string_view rest = text; !rest.empty();) {
      const size_t end = rest.find('\n');
      const std::string_view line = rest.substr(0, end);
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
      if (const auto name = name_behind(line, "# HELP "); !name.empty()) {
        present = family_of(name);
        if (families[present].help.empty()) families[present].help = line;
      } else if (const auto typed = name_behind(line, "# TYPE "); !typed.empty()) {
        present = family_of(typed);
        if (families[present].type.empty()) families[present].type = line;
      } else if (!line.empty() && line.front() != '#' && present != SIZE_MAX) {
        families[present].samples.push_back(line);
      }
    }
  }
  std::string merged;
  merged.reserve(bytes);
  for (const Family& family : families) {
    if (!family.help.empty()) merged.append(family.help).append("\n");
    if (!family.type.empty()) merged.append(family.type).append("\n");
    for (const std::string_view sample : family.samples) merged.append(sample).append("\n");
  }
  return merged;
}

}  // namespace mr::telemetry
