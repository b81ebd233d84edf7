#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/request_head.h"

namespace mr::capture {

// Paths below which everything is served a second time, so that a site can pass requests on under a
// path of its own choice that no list of blocked addresses knows. An immutable value.
class PathPrefixes {
 public:
  PathPrefixes() = default;

  // "/relay,/in/gest": separated by commas; each begins with a slash and does not end with one.
  // Errors: invalid_input names the part; `/api` and what begins with it cannot be one.
  static Result<PathPrefixes> parse(std::string_view list);

  // The head of a request below a prefix, as it would be without it: `prefix` says what was taken
  // off. Nothing for any other request. Its views are those of `head`.
  std::optional<http::RequestHead> stripped(const http::RequestHead& head) const;

 private:
  std::vector<std::string> prefixes_;
};

}  // namespace mr::capture
