#pragma once

#include <sys/socket.h>

#include <string>

#include "base/result.h"
#include "io/network.h"

namespace mr::io {

// An Address in the form that system calls take.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  int family() const { return storage.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }

  // Errors: invalid_input naming what is wrong with the text.
  static Result<SocketAddress> parse(const Address& address);
  // "127.0.0.1:8000", "[::1]:8000" or "unix:/path".
  std::string text() const;
  // Only the host part; empty for a unix socket.
  std::string host() const;
};

}  // namespace mr::io
