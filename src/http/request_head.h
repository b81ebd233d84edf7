#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace mr::http {

enum class Method : uint8_t { get, head, post, put, patch, remove, options, other };

// The word of the request line ("GET"); "OTHER" for other.
std::string_view to_string(Method method);

struct Header {
  std::string_view name;
  std::string_view value;  // without blanks at its ends
};

// The part of a request before its body. All views point into the connection's receive buffer and
// live until the request has been answered.
struct RequestHead {
  Method method = Method::other;
  std::string_view target;  // as sent: path and query, or an absolute URL, or "*"
  std::string_view path;    // raw: not percent-decoded; never empty
  std::string_view prefix;  // what a handler took off the path's front; the parser leaves it empty
  std::string_view query;   // after '?', without it
  int minor_version = 1;    // of HTTP/1.x
  std::vector<Header> headers;

  bool keep_alive = true;  // the client wants to send more on this connection
  bool chunked = false;
  bool expects_continue = false;
  std::optional<uint64_t> content_length;

  // The value of the first header of that name (any case), or nothing.
  std::optional<std::string_view> header(std::string_view name) const;
  // The same, with "" for a missing header.
  std::string_view header_or_empty(std::string_view name) const;
};

}  // namespace mr::http
