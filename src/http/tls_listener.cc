#include "http/tls_listener.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <string>

#include "io/clock.h"

namespace mr::http {
namespace {

constexpr size_t handshake_bytes_step = 2 * 1024;
// Encrypted at once, so that an answer of megabytes is not held twice.
constexpr size_t write_bytes_step = 64 * 1024;

struct FreeSession {
  void operator()(SSL* session) const { SSL_free(session); }
};

class TlsConnection final : public io::Connection {
 public:
  TlsConnection(io::World world, std::unique_ptr<io::Connection> plain, SSL* session,
                telemetry::Metrics& metrics)
      : world_(world),
        plain_(std::move(plain)),
        session_(session),
        metrics_(metrics),
        handshake_end_(world.clock.now() + tls_handshake_timeout),
        incoming_(BIO_new(BIO_s_mem())),
        outgoing_(BIO_new(BIO_s_mem())) {
    SSL_set_bio(session_.get(), incoming_, outgoing_);  // which owns them now
  }

  io::Task<Result<size_t>> read_some(MutableBytes into, Instant deadline) override {
    MR_CO_CHECK(co_await finish_handshake(deadline));
    for (;;) {
      size_t taken = 0;
      ERR_clear_error();
      const int outcome = SSL_read_ex(session_.get(), into.data(), into.size(), &taken);
      const int error = SSL_get_error(session_.get(), outcome);
      // Also reading may have something to say: a ticket, a new key.
      MR_CO_CHECK(co_await flush(deadline));
      if (outcome == 1) co_return taken;
      if (error == SSL_ERROR_ZERO_RETURN) co_return size_t{0};
      if (error != SSL_ERROR_WANT_READ) co_return broken("what came is no TLS");
      // The reader's own memory serves for what is still encrypted, too.
      MR_CO_TRY(const bool more, co_await receive(into, deadline));
      if (!more) co_return size_t{0};
    }
  }

  io::Task<Result<void>> write_all(ByteView data, Instant deadline) override {
    MR_CO_CHECK(co_await finish_handshake(deadline));
    while (!data.empty()) {
      const ByteView step = data.first(std::min(data.size(), write_bytes_step));
      size_t taken = 0;
      ERR_clear_error();
      // Memory takes everything.
      if (SSL_write_ex(session_.get(), step.data(), step.size(), &taken) != 1) {
        co_return broken("nothing more can be sent");
      }
      data = data.subspan(taken);
      MR_CO_CHECK(co_await flush(deadline));
    }
    co_return Result<void>{};
  }

  // Without TLS's own word for it: nothing here can wait for it to be sent, and HTTP's lengths say
  // where an answer ends.
  void shutdown_write() override { plain_->shutdown_write(); }
  void close() override { plain_->close(); }
  const std::string& peer_host() const override { return plain_->peer_host(); }
  bool is_encrypted() const override { return true; }

 private:
  std::unexpected<Error> broken(const char* what) {
    ERR_clear_error();
    return fail(ErrorCode::closed, what);
  }

  io::Task<Result<void>> finish_handshake(Instant deadline) {
    if (handshaken_) co_return Result<void>{};
    const Instant until = std::min(deadline, handshake_end_);
    const Result<void> finished = co_await handshake(until);
    if (finished) {
      count("done");
      co_return finished;
    }
    const bool late = finished.error().code() == ErrorCode::timed_out;
    if (!late || until == handshake_end_) count(late ? "timed_out" : reason_);
    co_return finished;
  }

  io::Task<Result<void>> handshake(Instant until) {
    while (!handshaken_) {
      ERR_clear_error();
      const int outcome = SSL_do_handshake(session_.get());
      const int error = SSL_get_error(session_.get(), outcome);
      // An alert is part of a failed handshake.
      const Result<void> sent = co_await flush(until);
      if (outcome == 1) {
        handshaken_ = true;
        co_return sent;
      }
      if (error != SSL_ERROR_WANT_READ) {
        reason_ = "refused";
        co_return broken("the handshake failed");
      }
      MR_CO_CHECK(sent);
      std::array<uint8_t, handshake_bytes_step> buffer;
      MR_CO_TRY(const bool more, co_await receive(buffer, until));
      if (!more) co_return broken("the peer left during the handshake");
    }
    co_return Result<void>{};
  }

  // Takes in what the peer sent, through `buffer`; false at its end.
  io::Task<Result<bool>> receive(MutableBytes buffer, Instant deadline) {
    MR_CO_TRY(const size_t size, co_await plain_->read_some(buffer, deadline));
    if (size == 0) co_return false;
    BIO_write(incoming_, buffer.data(), static_cast<int>(size));
    co_return true;
  }

  // Sends what is encrypted. Whoever finds somebody else sending leaves it to them.
  io::Task<Result<void>> flush(Instant deadline) {
    if (sending_) co_return Result<void>{};
    sending_ = true;
    Result<void> sent;
    while (sent && BIO_pending(outgoing_) > 0) {
      Bytes piece(static_cast<size_t>(BIO_pending(outgoing_)));
      BIO_read(outgoing_, piece.data(), static_cast<int>(piece.size()));
      sent = co_await plain_->write_all(piece, deadline);
    }
    sending_ = false;
    co_return sent;
  }

  void count(std::string_view outcome) {
    metrics_
        .counter("millrace_tls_handshakes_total", "Handshakes of encrypted connections.",
                 {{"outcome", outcome}})
        .add();
  }

  io::World world_;
  std::unique_ptr<io::Connection> plain_;
  std::unique_ptr<SSL, FreeSession> session_;
  telemetry::Metrics& metrics_;
  Instant handshake_end_;
  BIO* incoming_;
  BIO* outgoing_;
  bool handshaken_ = false;
  bool sending_ = false;
  std::string_view reason_ = "left";
};

}  // namespace

std::unique_ptr<io::Connection> make_tls_connection(io::World world,
                                                    std::unique_ptr<io::Connection> plain,
                                                    ssl_st* session, telemetry::Metrics& metrics) {
  return std::make_unique<TlsConnection>(world, std::move(plain), session, metrics);
}

TlsListener::TlsListener(io::World world, std::unique_ptr<io::Listener> plain,
                         const TlsCertificate& certificate, telemetry::Metrics& metrics)
    : world_(world), plain_(std::move(plain)), certificate_(certificate), metrics_(metrics) {
}

io::Task<Result<std::unique_ptr<io::Connection>>> TlsListener::accept() {
  MR_CO_TRY(auto plain, co_await plain_->accept());
  SSL* const session = SSL_new(certificate_.current().get());
  if (session == nullptr) {
    ERR_clear_error();
    co_return fail(ErrorCode::failed, "no memory for an encrypted connection");
  }
  SSL_set_accept_state(session);
  co_return make_tls_connection(world_, std::move(plain), session, metrics_);
}

}  // namespace mr::http
