#include "http/relay.h"

#include <array>

#include "http/client.h"
#include "http/text.h"

namespace mr::http {
namespace {

// Headers that belong to one connection (RFC 9110 7.6.1), and those that each side writes itself.
bool is_hop_header(std::string_view name) {
  static constexpr std::array<std::string_view, 11> names = {
      "connection", "keep-alive",        "proxy-connection", "te",   "trailer", "upgrade",
      "expect",     "transfer-encoding", "content-length",   "host", "date"};
  for (const std::string_view hop : names) {
    if (equals_ignoring_case(name, hop)) return true;
  }
  return false;
}

Response unreachable(const Error& error) {
  const bool late = error.code() == ErrorCode::timed_out;
  Response response = Response::json(
      late ? 504 : 503,
      late ? R"({"error":{"code":"timed_out","message":"the process behind this path did not )"
             R"(answer in time"}})"
           : R"({"error":{"code":"busy","message":"the process behind this path is down or only )"
             R"(starting: try again soon"}})");
  response.add_header("retry-after", "1");
  return response;
}

}  // namespace

io::Task<Response> relay(io::Network& network, io::Clock& clock, io::Address to, Request request,
                         Millis timeout) {
  ClientRequest onward;
  onward.method = to_string(request.head->method);
  onward.target = request.head->target;
  onward.body = as_text(request.body);
  for (const Header& header : request.head->headers) {
    if (is_hop_header(header.name)) continue;
    onward.header_lines.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  auto stream = co_await ResponseStream::open(network, std::move(to), std::move(onward),
                                              clock.now() + timeout);
  if (!stream) co_return unreachable(stream.error());
  Response response((*stream)->status());
  for (const auto& header : (*stream)->headers()) {
    if (!is_hop_header(header.name)) response.add_header(header.name, header.value);
  }
  response.source = std::move(*stream);
  co_return response;
}

}  // namespace mr::http
