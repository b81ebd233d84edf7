#pragma once

#include <memory>

#include "http/tls_certificate.h"
#include "io/network.h"
#include "io/world.h"
#include "telemetry/metrics.h"

struct ssl_st;

namespace mr::http {

// How long a handshake may take from the connection on; slow ones hold up nobody meanwhile.
inline constexpr Millis tls_handshake_timeout{10'000};

// Encrypts the connections of another listener. The handshake is part of a connection's first read
// or write, so accepting never waits for a client. Owned by who serves it; certificate and metrics
// outlive it and its connections. One loop.
class TlsListener final : public io::Listener {
 public:
  TlsListener(io::World world, std::unique_ptr<io::Listener> plain,
              const TlsCertificate& certificate, telemetry::Metrics& metrics);

  io::Task<Result<std::unique_ptr<io::Connection>>> accept() override;
  io::Address address() const override { return plain_->address(); }
  void close() override { plain_->close(); }

 private:
  io::World world_;
  std::unique_ptr<io::Listener> plain_;
  const TlsCertificate& certificate_;
  telemetry::Metrics& metrics_;
};

// One side of an encrypted connection over a plain one; `session` says which side, and is owned
// from here on. Errors of reading and writing are those of io::Connection; a handshake that fails
// is `closed`, counted by its reason.
std::unique_ptr<io::Connection> make_tls_connection(io::World world,
                                                    std::unique_ptr<io::Connection> plain,
                                                    ssl_st* session, telemetry::Metrics& metrics);

}  // namespace mr::http
