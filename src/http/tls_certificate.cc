#include "http/tls_certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "io/clock.h"

namespace mr::http {
namespace {

constexpr uint64_t file_bytes_max = 1024 * 1024;
constexpr Millis look_pause{2'000};

template <typename Object, void (*release)(Object*)>
struct Releases {
  void operator()(Object* object) const { release(object); }
};
using Certificate = std::unique_ptr<X509, Releases<X509, X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Releases<EVP_PKEY, EVP_PKEY_free>>;
using Source = std::unique_ptr<BIO, Releases<BIO, BIO_free_all>>;

Source source_of(ByteView bytes) {
  return Source(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

// What the library says of the last failure.
std::string reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const text = code == 0 ? nullptr : ERR_reason_error_string(code);
  return text == nullptr ? "not PEM" : text;
}

std::unexpected<Error> unusable(std::string_view what) {
  return fail(ErrorCode::invalid_input, std::string(what) + ": " + reason());
}

// No password is asked for on a terminal.
int no_password(char*, int, int, void*) {
  return 0;
}

Result<void> take_certificates(SSL_CTX* context, ByteView pem) {
  const Source source = source_of(pem);
  const Certificate own(PEM_read_bio_X509(source.get(), nullptr, no_password, nullptr));
  if (!own || SSL_CTX_use_certificate(context, own.get()) != 1) {
    return unusable("the certificate cannot be used");
  }
  for (;;) {
    const Certificate next(PEM_read_bio_X509(source.get(), nullptr, no_password, nullptr));
    if (!next) break;  // the end, or a remark behind the chain
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) {
      return unusable("the certificate's chain cannot be used");
    }
  }
  ERR_clear_error();
  return {};
}

Result<void> take_key(SSL_CTX* context, ByteView pem) {
  const Source source = source_of(pem);
  const Key key(PEM_read_bio_PrivateKey(source.get(), nullptr, no_password, nullptr));
  if (!key) return unusable("the key cannot be used (one with a password cannot be, either)");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return unusable("the key does not fit the certificate");
  }
  return {};
}

// Clients that offer protocols get HTTP/1.1, or, when they do not know it, no answer to that.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
  static constexpr unsigned char ours[] = "\x08http/1.1";
  unsigned char* found = nullptr;
  const int outcome =
      SSL_select_next_proto(&found, chosen_size, ours, sizeof ours - 1, offered, offered_size);
  *chosen = found;
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

Result<TlsContext> make_tls_context(ByteView certificate, ByteView key) {
  TlsContext context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return fail(ErrorCode::failed, "TLS cannot be started: " + reason());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Idle connections must stay cheap, and a write is given whole.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
  MR_CHECK(take_certificates(context.get(), certificate));
  MR_CHECK(take_key(context.get(), key));
  return context;
}

TlsCertificate::TlsCertificate(io::World world, io::Path certificate, io::Path key,
                               telemetry::Logger& log, telemetry::Metrics& metrics)
    : world_(world),
      certificate_path_(std::move(certificate)),
      key_path_(std::move(key)),
      log_(log),
      reloads_(metrics.counter("millrace_tls_certificate_reloads_total",
                               "New certificates that were taken while running.")),
      failures_(metrics.counter("millrace_tls_certificate_failures_total",
                                "Changes of the certificate's files that could not be used.")),
      stop_asked_(world.loop) {
}

io::Task<Result<TlsCertificate::Files>> TlsCertificate::read() {
  Files files;
  MR_CO_TRY(files.certificate,
            co_await io::read_whole_file(world_.disk, certificate_path_, file_bytes_max));
  MR_CO_TRY(files.key, co_await io::read_whole_file(world_.disk, key_path_, file_bytes_max));
  co_return files;
}

Result<TlsContext> TlsCertificate::make(const Files& files) const {
  auto context = make_tls_context(files.certificate, files.key);
  if (context) return context;
  return fail(context.error().within("using " + certificate_path_ + " with " + key_path_));
}

io::Task<Result<void>> TlsCertificate::open() {
  MR_CO_TRY(files_, co_await read());
  MR_CO_TRY(current_, make(files_));
  co_return Result<void>{};
}

io::Task<void> TlsCertificate::look() {
  Result<Files> files = co_await read();
  std::string trouble;
  if (!files) {
    trouble = files.error().message();
  } else if (*files != files_) {
    auto context = make(*files);
    if (context) {
      current_ = *std::move(context);
      files_ = *std::move(files);
      reloads_.add();
      log_.info("a new certificate is in use", {{"file", certificate_path_}});
    } else {
      // Perhaps only one of the two files has been written yet.
      trouble = context.error().message();
    }
  }
  if (trouble != trouble_ && !trouble.empty()) {
    failures_.add();
    log_.error("the new certificate cannot be used; the last one stays", {{"error", trouble}});
  }
  trouble_ = std::move(trouble);
}

io::Task<void> TlsCertificate::follow() {
  while (!stopping_) {
    co_await stop_asked_.wait_until(world_.clock, world_.clock.now() + look_pause);
    if (!stopping_) co_await look();
  }
}

void TlsCertificate::stop() {
  stopping_ = true;
  stop_asked_.notify();
}

}  // namespace mr::http
