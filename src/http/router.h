#pragma once

#include <string>
#include <vector>

#include "http/response.h"

namespace mr::http {

// Sends each request to the handler of its path: exact paths, or prefixes written with a final
// "*" ("/api/*", which also takes "/api"). A trailing slash is ignored. An unknown path is 404,
// a known one with another method 405 with Allow; both as {"error": …}. HEAD goes where GET goes.
class Router final : public Handler {
 public:
  // `handler` outlives the router. Earlier routes win.
  Router& add(Method method, std::string path, Handler& handler);

  size_t body_bytes_max(const RequestHead& head) const override;
  io::Task<Response> handle(Request request) override;

 private:
  struct Route {
    Method method;
    std::string path;  // without the "*"
    bool prefix;
    Handler* handler;
  };
  const Route* find(const RequestHead& head, std::string* allowed) const;

  std::vector<Route> routes_;
};

}  // namespace mr::http
