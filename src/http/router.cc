#include "http/router.h"

namespace mr::http {
namespace {

// So that a request to a wrong path is told that, and not that its body is too large.
constexpr size_t unknown_path_body_bytes_max = 1024 * 1024;

}  // namespace

Router& Router::add(Method method, std::string path, Handler& handler) {
  const bool prefix = path.ends_with('*');
  if (prefix) path.pop_back();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  routes_.push_back({method, std::move(path), prefix, &handler});
  return *this;
}

const Router::Route* Router::find(const RequestHead& head, std::string* allowed) const {
  std::string_view path = head.path;
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const Method method = head.method == Method::head ? Method::get : head.method;
  for (const Route& route : routes_) {
    const bool below =
        route.prefix && path.starts_with(route.path) &&
        (route.path == "/" || path.size() == route.path.size() || path[route.path.size()] == '/');
    if (path != route.path && !below) continue;
    if (route.method == method) return &route;
    if (allowed != nullptr) {
      allowed->append(allowed->empty() ? "" : ", ").append(to_string(route.method));
    }
  }
  return nullptr;
}

size_t Router::body_bytes_max(const RequestHead& head) const {
  const Route* route = find(head, nullptr);
  return route == nullptr ? unknown_path_body_bytes_max : route->handler->body_bytes_max(head);
}

io::Task<Response> Router::handle(Request request) {
  std::string allowed;
  const Route* route = find(*request.head, &allowed);
  if (route != nullptr) co_return co_await route->handler->handle(request);
  if (allowed.empty()) co_return Response::json(404, R"({"error":"there is no such path"})");
  Response response = Response::json(405, R"({"error":"this path has other methods"})");
  response.add_header("allow", allowed);
  co_return response;
}

}  // namespace mr::http
