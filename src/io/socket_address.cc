#include "io/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <charconv>
#include <cstddef>
#include <cstring>

namespace mr::io {

namespace {

constexpr std::string_view unix_prefix = "unix:";

std::unexpected<Error> bad_address(const Address& address, std::string_view why) {
  return fail(ErrorCode::invalid_input,
              "\"" + address.text + "\" is not an address: " + std::string(why));
}

Result<SocketAddress> parse_unix(const Address& address) {
  SocketAddress parsed;
  auto* to = reinterpret_cast<sockaddr_un*>(&parsed.storage);
  const std::string path = address.text.substr(unix_prefix.size());
  if (path.empty() || path.size() >= sizeof to->sun_path) {
    return bad_address(address, "the path of a unix socket has 1 to 107 bytes");
  }
  to->sun_family = AF_UNIX;
  std::memcpy(to->sun_path, path.c_str(), path.size() + 1);
  parsed.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return parsed;
}

}  // namespace

Result<SocketAddress> SocketAddress::parse(const Address& address) {
  const std::string& text = address.text;
  if (text.starts_with(unix_prefix)) return parse_unix(address);
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return bad_address(address, "expected HOST:PORT");
  uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, port);
  if (error != std::errc() || rest != end) {
    return bad_address(address, "the port is a number from 0 to 65535");
  }
  std::string host = text.substr(0, colon);
  if (host == "localhost") host = "127.0.0.1";
  SocketAddress parsed;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&parsed.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&parsed.storage);
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    parsed.length = sizeof *v4;
    return parsed;
  }
  if (host.size() > 2 && host.front() == '[' && host.back() == ']' &&
      inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    parsed.length = sizeof *v6;
    return parsed;
  }
  return bad_address(address, "the host is an IPv4 address, an IPv6 address in [ ], or localhost");
}

std::string SocketAddress::host() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&storage)->sin_addr, text,
              sizeof text);
  } else if (family() == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
  }
  return text;
}

std::string SocketAddress::text() const {
  if (family() == AF_UNIX) {
    return std::string(unix_prefix) + reinterpret_cast<const sockaddr_un*>(&storage)->sun_path;
  }
  if (family() == AF_INET) {
    return host() + ":" +
           std::to_string(ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port));
  }
  return "[" + host() +
         "]:" + std::to_string(ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port));
}

}  // namespace mr::io
