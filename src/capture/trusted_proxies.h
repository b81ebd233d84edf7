#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mr::capture {

// Whose word about a client's address is believed: forwarding headers count only when the peer of
// the connection is one of these. Anyone else could claim any address. An immutable value.
class TrustedProxies {
 public:
  // Nobody is believed.
  TrustedProxies() = default;

  // Addresses ("192.0.2.1", "2001:db8::1"), networks ("10.0.0.0/8") and the words `loopback`,
  // `private` (10/8, 172.16/12, 192.168/16, 169.254/16, 100.64/10, fc00::/7, fe80::/10) and `all`,
  // separated by commas. Errors: invalid_input names the part.
  static Result<TrustedProxies> parse(std::string_view list);

  // `peer` is an address as text; an IPv4 address in IPv6's clothes counts as what it is. What is
  // no address (a unix socket's peer) is on this machine and is believed when loopback is.
  bool contains(std::string_view peer) const;

 private:
  // IPv4 addresses are kept as IPv6's ::ffff:a.b.c.d.
  using Address = std::array<uint8_t, 16>;
  struct Network {
    Address address{};
    unsigned bits = 0;  // of 128
  };
  static Result<Network> parse_network(std::string_view text);
  static bool parse_address(std::string_view text, Address& into);

  std::vector<Network> networks_;
};

}  // namespace mr::capture
