#include "serve/admin_gate.h"

#include <strings.h>

#include "serve/api_error.h"

namespace mr::serve {

namespace {

constexpr std::string_view scheme = "bearer ";

std::string bearer_token(const http::RequestHead& head) {
  const std::string_view value = head.header_or_empty("authorization");
  if (value.size() <= scheme.size() ||
      strncasecmp(value.data(), scheme.data(), scheme.size()) != 0) {
    return {};
  }
  return std::string(value.substr(scheme.size()));
}

}  // namespace

io::Task<http::Response> AdminGate::handle(http::Request request) {
  std::string token = bearer_token(*request.head);
  if (token.empty() || !co_await tokens_.matches(std::move(token))) {
    http::Response response = api_error(
        Error(ErrorCode::unauthorized,
              "the control API needs the header \"Authorization: Bearer ADMIN_TOKEN\"; the admin "
              "token was shown when the server started for the first time"));
    response.status = 401;
    response.add_header("WWW-Authenticate", "Bearer");
    co_return response;
  }
  co_return co_await inner_.handle(request);
}

}  // namespace mr::serve
