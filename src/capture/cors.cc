#include "capture/cors.h"

namespace mr::capture {

void add_cors_headers(const http::RequestHead& head, http::Response& response) {
  if (const auto origin = head.header("origin"); origin && !origin->empty()) {
    response.add_header("access-control-allow-origin", *origin);
  }
  response.add_header("access-control-allow-credentials", "true");
  response.add_header("vary",
                      "origin, access-control-request-method, access-control-request-headers");
}

http::Response preflight(const http::RequestHead& head, std::string_view methods, bool lasts) {
  http::Response response(200);
  add_cors_headers(head, response);
  response.add_header("access-control-allow-methods", methods);
  if (const auto headers = head.header("access-control-request-headers")) {
    response.add_header("access-control-allow-headers", *headers);
  }
  if (lasts) response.add_header("access-control-max-age", "900");
  return response;
}

}  // namespace mr::capture
