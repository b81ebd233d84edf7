#include "main/mischief.h"

#include <algorithm>
#include <cstdlib>

namespace mr::main {

std::string mischief_at(std::string_view site) {
  const char* variable = std::getenv("MILLRACE_MISCHIEF");
  std::string_view rest = variable != nullptr ? variable : "";
  while (!rest.empty()) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view pair = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (pair.starts_with(site) && pair.substr(site.size()).starts_with('=')) {
      return std::string(pair.substr(site.size() + 1));
    }
  }
  return {};
}

}  // namespace mr::main
