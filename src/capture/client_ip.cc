#include "capture/client_ip.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>

#include "http/text.h"

namespace mr::capture {
namespace {

bool is_address(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.empty() || text.size() >= terminated.size()) return false;
  std::memcpy(terminated.data(), text.data(), text.size());
  std::array<unsigned char, 16> bytes{};
  const int family = text.find(':') == std::string_view::npos ? AF_INET : AF_INET6;
  return ::inet_pton(family, terminated.data(), bytes.data()) == 1;
}

// "1.2.3.4:567", "[::1]:567", "\"[::1]\"" and plain addresses; empty when it is none.
std::string_view address_in(std::string_view item) {
  item = http::trimmed(item);
  if (item.size() >= 2 && item.front() == '"' && item.back() == '"') {
    item = item.substr(1, item.size() - 2);
  }
  if (item.starts_with('[')) {
    item = item.substr(1, item.find(']') == std::string_view::npos ? 0 : item.find(']') - 1);
  } else if (const size_t colon = item.find(':');
             colon != std::string_view::npos &&
             item.find(':', colon + 1) == std::string_view::npos) {
    item = item.substr(0, colon);
  }
  return is_address(item) ? item : std::string_view();
}

// The leftmost address of a comma-separated list.
std::string_view first_address(std::string_view list) {
  while (!list.empty()) {
    const std::string_view address = address_in(http::next_item(list, ','));
    if (!address.empty()) return address;
  }
  return {};
}

// The leftmost `for=` of a Forwarded header (RFC 7239).
std::string_view first_forwarded(std::string_view list) {
  while (!list.empty()) {
    std::string_view element = http::next_item(list, ',');
    while (!element.empty()) {
      const std::string_view pair = http::next_item(element, ';');
      if (pair.size() < 4 || !http::equals_ignoring_case(pair.substr(0, 4), "for=")) continue;
      const std::string_view address = address_in(pair.substr(4));
      if (!address.empty()) return address;
    }
  }
  return {};
}

}  // namespace

std::string_view client_ip(const http::RequestHead& head, std::string_view peer,
                           const TrustedProxies& trusted) {
  if (!trusted.contains(peer)) return peer;
  static constexpr std::array<std::string_view, 5> single = {
      "x-real-ip", "cf-connecting-ip", "true-client-ip", "fastly-client-ip", "x-client-ip"};
  std::string_view found = first_address(head.header_or_empty("x-forwarded-for"));
  if (found.empty()) found = first_forwarded(head.header_or_empty("forwarded"));
  for (const std::string_view name : single) {
    if (found.empty()) found = address_in(head.header_or_empty(name));
  }
  return found.empty() ? peer : found;
}

}  // namespace mr::capture
