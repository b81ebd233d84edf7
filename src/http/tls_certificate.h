#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "io/disk.h"
#include "io/signal.h"
#include "io/world.h"
#include "telemetry/log_line.h"
#include "telemetry/metrics.h"

struct ssl_ctx_st;

namespace mr::http {

// What a server proves itself with, ready for handshakes: TLS 1.2 and 1.3, HTTP/1.1 by ALPN, no
// renegotiation. Shared by the connections that began with it. Immutable.
using TlsContext = std::shared_ptr<ssl_ctx_st>;

// Makes it from PEM: the certificate with its chain, the server's own first, and the private key.
// Errors: invalid_input says which of the two cannot be used and why.
Result<TlsContext> make_tls_context(ByteView certificate, ByteView key);

// Certificate and key in files, which are read again when they change: connections that come then
// are given the new ones. One loop; collaborators outlive it.
class TlsCertificate {
 public:
  TlsCertificate(io::World world, io::Path certificate, io::Path key, telemetry::Logger& log,
                 telemetry::Metrics& metrics);

  // Reads both. Errors: not_found, denied, invalid_input; the message names the file.
  io::Task<Result<void>> open();
  // Looks at the files every few seconds until stop(). New ones that cannot be used are reported
  // once, and the last good ones stay.
  io::Task<void> follow();
  void stop();

  // Of the last good files; only after open().
  const TlsContext& current() const { return current_; }

 private:
  struct Files {
    Bytes certificate;
    Bytes key;
    bool operator==(const Files&) const = default;
  };
  io::Task<Result<Files>> read();
  Result<TlsContext> make(const Files& files) const;
  io::Task<void> look();

  io::World world_;
  io::Path certificate_path_;
  io::Path key_path_;
  telemetry::Logger& log_;
  telemetry::Counter& reloads_;
  telemetry::Counter& failures_;
  TlsContext current_;
  Files files_;
  std::string trouble_;
  bool stopping_ = false;
  io::Signal stop_asked_;
};

}  // namespace mr::http
