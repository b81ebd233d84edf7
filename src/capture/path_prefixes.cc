#include "capture/path_prefixes.h"

#include "http/text.h"

namespace mr::capture {
namespace {

bool is_path_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-_.~/").find(c) != std::string_view::npos;
}

bool is_prefix(std::string_view part) {
  if (part.size() < 2 || part.front() != '/' || part.back() == '/') return false;
  if (part == "/api" || part.starts_with("/api/")) return false;
  for (const char c : part) {
    if (!is_path_character(c)) return false;
  }
  return part.find("//") == std::string_view::npos;
}

}  // namespace

Result<PathPrefixes> PathPrefixes::parse(std::string_view list) {
  PathPrefixes prefixes;
  while (!list.empty()) {
    const std::string_view part = http::trimmed(http::next_item(list, ','));
    if (part.empty()) continue;
    if (!is_prefix(part)) {
      return fail(ErrorCode::invalid_input,
                  "\"" + std::string(part) +
                      "\" cannot be a prefix: it begins with a slash, does not end with one, has "
                      "letters, digits and -_.~ only, and is not /api");
    }
    prefixes.prefixes_.emplace_back(part);
  }
  return prefixes;
}

std::optional<http::RequestHead> PathPrefixes::stripped(const http::RequestHead& head) const {
  for (const std::string& prefix : prefixes_) {
    if (!head.path.starts_with(prefix)) continue;
    if (head.path.size() > prefix.size() && head.path[prefix.size()] != '/') continue;
    http::RequestHead inner = head;
    inner.prefix = head.path.substr(0, prefix.size());
    inner.path = head.path.size() == prefix.size() ? "/" : head.path.substr(prefix.size());
    return inner;
  }
  return std::nullopt;
}

}  // namespace mr::capture
