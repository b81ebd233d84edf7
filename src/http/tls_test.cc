#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "http/server.h"
#include "http/tls_certificate.h"
#include "http/tls_listener.h"
#include "sim/sim_world.h"

namespace mr::http {
namespace {

using io::Task;

std::string text_of(BIO* memory) {
  std::string text(static_cast<size_t>(BIO_pending(memory)), '\0');
  BIO_read(memory, text.data(), static_cast<int>(text.size()));
  BIO_free(memory);
  return text;
}

struct Pair {
  std::string certificate;
  std::string key;
};

// A certificate that signs itself, with its key.
Pair make_pair(long serial) {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  BIO* const certificate_text = BIO_new(BIO_s_mem());
  BIO* const key_text = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate_text, certificate);
  PEM_write_bio_PrivateKey(key_text, key, nullptr, nullptr, 0, nullptr, nullptr);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return {text_of(certificate_text), text_of(key_text)};
}

class Echo final : public Handler {
 public:
  size_t body_bytes_max(const RequestHead&) const override { return 16 * 1024 * 1024; }
  Task<Response> handle(Request request) override {
    Response response = Response::text(200, as_text(request.body));
    response.add_header("x-encrypted", request.encrypted ? "yes" : "no");
    co_return response;
  }
};

// A TLS server in a simulated machine, and clients of it.
struct Fixture {
  explicit Fixture(io::World in)
      : world(in),
        certificate(in, "/d/cert.pem", "/d/key.pem", *log, metrics),
        server(in, echo, metrics, "test"),
        background(in.loop),
        client(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {}

  Task<Result<void>> write(Pair pair) {
    MR_CO_CHECK(co_await world.disk.make_folders("/d"));
    MR_CO_CHECK(co_await io::replace_file(world.disk, "/d/cert.pem", bytes_of(pair.certificate)));
    co_return co_await io::replace_file(world.disk, "/d/key.pem", bytes_of(pair.key));
  }
  Task<Result<void>> start() {
    MR_CO_CHECK(co_await write(make_pair(1)));
    MR_CO_CHECK(co_await certificate.open());
    MR_CO_TRY(auto plain, world.network.listen({"127.0.0.1:0"}));
    address = plain->address();
    background.spawn(
        serve(std::make_unique<TlsListener>(world, std::move(plain), certificate, metrics)));
    background.spawn(certificate.follow());
    co_return Result<void>{};
  }
  Task<void> serve(std::unique_ptr<io::Listener> listener) {
    EXPECT_TRUE(co_await server.serve(std::move(listener)));
  }
  Task<void> finish() {
    certificate.stop();
    server.stop(Millis{2000});
    co_await background.drain();
    EXPECT_EQ(server.connections(), 0u);
  }
  Instant soon() const { return world.clock.now() + Millis{30'000}; }
  Task<std::unique_ptr<io::Connection>> connect_plain() {
    co_return (co_await world.network.connect(address, soon())).value();
  }
  // `session` may be wanted to look at what was agreed.
  Task<std::unique_ptr<io::Connection>> connect(SSL** session = nullptr) {
    SSL* const made = SSL_new(client.get());
    SSL_set_connect_state(made);
    if (session != nullptr) *session = made;
    co_return make_tls_connection(world, co_await connect_plain(), made, client_metrics);
  }
  // What the server answers to a POST of `body`, up to where the body is whole.
  Task<std::string> ask(io::Connection& connection, std::string body) {
    const std::string head =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    if (!co_await connection.write_all(as_bytes(head + body), soon())) co_return "";
    std::string answer;
    Bytes piece(8192);
    while (!answer.ends_with(body) || answer.find("\r\n\r\n") == std::string::npos) {
      const auto size = co_await connection.read_some(piece, soon());
      if (!size || *size == 0) break;
      answer += as_text(ByteView(piece).first(*size));
    }
    co_return answer;
  }
  int64_t handshakes(std::string_view outcome) const {
    return metrics.value("millrace_tls_handshakes_total", {{"outcome", outcome}});
  }
  static Bytes bytes_of(const std::string& text) {
    const ByteView view = as_bytes(text);
    return Bytes(view.begin(), view.end());
  }

  io::World world;
  telemetry::Metrics metrics;
  telemetry::Metrics client_metrics;
  std::unique_ptr<telemetry::Logger> log = telemetry::Logger::to_memory();
  TlsCertificate certificate;
  Echo echo;
  Server server;
  io::TaskGroup background;
  TlsContext client;
  io::Address address;
};

template <typename Body>
void in_simulation(Body body) {
  sim::SimWorld world(1);
  Fixture fixture(world.world());
  EXPECT_TRUE(world.run(body(&fixture)).value_or(false));
}

Task<bool> answers(Fixture* f) {
  EXPECT_TRUE(co_await f->start());
  auto connection = co_await f->connect();
  for (const size_t size : {size_t{1}, size_t{100}, size_t{3'000'000}}) {
    const std::string body(size, 'x');
    const std::string answer = co_await f->ask(*connection, body);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << size;
    EXPECT_NE(answer.find("x-encrypted: yes"), std::string::npos);
    EXPECT_TRUE(answer.ends_with("\r\n\r\n" + body)) << size;
  }
  EXPECT_EQ(f->handshakes("done"), 1);
  connection->close();
  co_await f->finish();
  co_return true;
}
TEST(Tls, OneConnectionTakesManyRequestsOfAnySize) {
  in_simulation(answers);
}

long serial_of(SSL* session) {
  X509* const peer = SSL_get1_peer_certificate(session);
  const long serial = peer == nullptr ? 0 : ASN1_INTEGER_get(X509_get_serialNumber(peer));
  X509_free(peer);
  return serial;
}

Task<bool> reloads(Fixture* f) {
  EXPECT_TRUE(co_await f->start());
  SSL* first_session = nullptr;
  auto first = co_await f->connect(&first_session);
  co_await f->ask(*first, "a");
  EXPECT_EQ(serial_of(first_session), 1);
  EXPECT_TRUE(co_await f->write(make_pair(2)));
  co_await f->world.clock.sleep(Millis{5000});
  SSL* second_session = nullptr;
  auto second = co_await f->connect(&second_session);
  co_await f->ask(*second, "b");
  EXPECT_EQ(serial_of(second_session), 2);
  // The one that was open goes on.
  EXPECT_TRUE((co_await f->ask(*first, "c")).ends_with("c"));
  EXPECT_EQ(f->metrics.value("millrace_tls_certificate_reloads_total", {}), 1);

  // A key that does not fit is reported once, and nothing changes.
  Pair wrong = make_pair(3);
  wrong.key = make_pair(4).key;
  EXPECT_TRUE(co_await f->write(wrong));
  co_await f->world.clock.sleep(Millis{20'000});
  EXPECT_EQ(f->metrics.value("millrace_tls_certificate_failures_total", {}), 1);
  EXPECT_NE(f->log->kept().find("does not fit"), std::string::npos) << f->log->kept();
  SSL* third_session = nullptr;
  auto third = co_await f->connect(&third_session);
  co_await f->ask(*third, "d");
  EXPECT_EQ(serial_of(third_session), 2);
  for (auto* connection : {&first, &second, &third}) (*connection)->close();
  co_await f->finish();
  co_return true;
}
TEST(Tls, ANewCertificateIsUsedWithoutARestartAndABadOneIsNot) {
  in_simulation(reloads);
}

Task<bool> refuses_plain(Fixture* f) {
  EXPECT_TRUE(co_await f->start());
  auto plain = co_await f->connect_plain();
  EXPECT_TRUE(co_await plain->write_all(as_bytes("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), f->soon()));
  Bytes piece(8192);
  std::string got;
  for (;;) {
    const auto size = co_await plain->read_some(piece, f->soon());
    if (!size || *size == 0) break;
    got += as_text(ByteView(piece).first(*size));
  }
  EXPECT_EQ(got.find("HTTP/"), std::string::npos);
  EXPECT_EQ(f->handshakes("refused"), 1);
  co_await f->finish();
  co_return true;
}
TEST(Tls, AClientThatSpeaksNoTlsIsToldNothing) {
  in_simulation(refuses_plain);
}

Task<bool> cuts_slow(Fixture* f) {
  EXPECT_TRUE(co_await f->start());
  auto slow = co_await f->connect_plain();
  // The beginning of a handshake, and then nothing.
  EXPECT_TRUE(co_await slow->write_all(as_bytes("\x16\x03\x01"), f->soon()));
  auto quick = co_await f->connect();
  EXPECT_TRUE((co_await f->ask(*quick, "q")).ends_with("q"));
  Bytes piece(100);
  const Instant begun = f->world.clock.now();
  (void)co_await slow->read_some(piece, begun + Millis{60'000});
  const int64_t took = f->world.clock.now().micros - begun.micros;
  EXPECT_LT(took, (tls_handshake_timeout + Millis{1000}).count * 1000);
  EXPECT_EQ(f->handshakes("timed_out"), 1);
  quick->close();
  co_await f->finish();
  co_return true;
}
TEST(Tls, ASlowHandshakeIsCutAndHoldsUpNobody) {
  in_simulation(cuts_slow);
}

TEST(Tls, FilesThatCannotBeUsedAreNamed) {
  const Pair pair = make_pair(1);
  const auto with = [](const std::string& certificate, const std::string& key) {
    const auto context = make_tls_context(as_bytes(certificate), as_bytes(key));
    return context ? std::string() : context.error().message();
  };
  EXPECT_EQ(with(pair.certificate, pair.key), "");
  EXPECT_NE(with("", pair.key).find("the certificate cannot be used"), std::string::npos);
  EXPECT_NE(with(pair.key, pair.key).find("the certificate cannot be used"), std::string::npos);
  EXPECT_NE(with(pair.certificate, "nonsense").find("the key cannot be used"), std::string::npos);
  EXPECT_NE(with(pair.certificate, make_pair(2).key).find("does not fit"), std::string::npos);
}

}  // namespace
}  // namespace mr::http
