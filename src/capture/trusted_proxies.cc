#include "capture/trusted_proxies.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>

#include "http/text.h"

namespace mr::capture {
namespace {

constexpr unsigned address_bits = 128;
// Of the prefix ::ffff:0:0/96, below which IPv4 lies.
constexpr unsigned mapped_bits = 96;

constexpr std::string_view loopback = "127.0.0.0/8,::1";
constexpr std::string_view private_networks =
    "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16,100.64.0.0/10,fc00::/7,fe80::/10";
constexpr std::string_view everyone = "::/0";

std::string_view meaning_of(std::string_view part) {
  if (part == "loopback") return loopback;
  if (part == "private") return private_networks;
  return part == "all" ? everyone : part;
}

}  // namespace

bool TrustedProxies::parse_address(std::string_view text, Address& into) {
  const std::string terminated(text);
  std::array<uint8_t, 4> four{};
  if (::inet_pton(AF_INET, terminated.c_str(), four.data()) == 1) {
    into = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, four[0], four[1], four[2], four[3]};
    return true;
  }
  return ::inet_pton(AF_INET6, terminated.c_str(), into.data()) == 1;
}

Result<TrustedProxies::Network> TrustedProxies::parse_network(std::string_view text) {
  Network network;
  const size_t slash = std::min(text.find('/'), text.size());
  const std::string_view address = text.substr(0, slash);
  const bool is_four = address.find(':') == std::string_view::npos;
  bool good = parse_address(address, network.address);
  network.bits = address_bits;
  if (slash < text.size()) {
    const std::string_view digits = text.substr(slash + 1);
    const char* const end = digits.data() + digits.size();
    const auto [rest, error] = std::from_chars(digits.data(), end, network.bits);
    good = good && error == std::errc() && rest == end;
    if (is_four) network.bits += mapped_bits;
    good = good && network.bits <= address_bits;
  }
  if (good) return network;
  return fail(ErrorCode::invalid_input,
              "\"" + std::string(text) +
                  "\" is no address, no network as 10.0.0.0/8, and none of the words loopback, "
                  "private and all");
}

Result<TrustedProxies> TrustedProxies::parse(std::string_view list) {
  TrustedProxies proxies;
  while (!list.empty()) {
    const std::string_view part = http::trimmed(http::next_item(list, ','));
    if (part.empty()) continue;
    std::string_view networks = meaning_of(part);
    while (!networks.empty()) {
      MR_TRY(const Network network, parse_network(http::next_item(networks, ',')));
      proxies.networks_.push_back(network);
    }
  }
  return proxies;
}

bool TrustedProxies::contains(std::string_view peer) const {
  Address address{};
  if (!parse_address(peer, address)) address[address.size() - 1] = 1;  // ::1
  return std::ranges::any_of(networks_, [&](const Network& network) {
    const size_t whole = network.bits / 8;
    if (std::memcmp(address.data(), network.address.data(), whole) != 0) return false;
    const unsigned rest = network.bits % 8;
    const auto mask = static_cast<uint8_t>(0xff00U >> rest);
    return rest == 0 || ((address[whole] ^ network.address[whole]) & mask) == 0;
  });
}

}  // namespace mr::capture
