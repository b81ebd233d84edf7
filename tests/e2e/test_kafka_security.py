"""The Kafka engine before real brokers that ask for TLS or for a password."""

import contextlib
import subprocess

import pytest

from kafka_broker import Broker
from millrace import CommandFailed, run_cli
from test_kafka import batch, event, prefix  # noqa: F401 (prefix is a fixture)

SECURE = "listener.security.protocol.map=PLAINTEXT:{},CONTROLLER:PLAINTEXT"
LOGIN = ("org.apache.kafka.common.security.plain.PlainLoginModule required "
         "username=broker password=broker-secret user_broker=broker-secret user_millrace=right;")


def openssl(*words, folder):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Two authorities, `ca` and `other`, and a certificate of the first for this machine."""
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("ca", "other"):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem", folder=folder)
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-keyout",
            "broker.key", "-out", "broker.csr", folder=folder)
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
    openssl("x509", "-req", "-in", "broker.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2",
            "-CAcreateserial", "-extfile", "names", "-out", "broker.crt", folder=folder)
    (folder / "broker.pem").write_text((folder / "broker.key").read_text() +
                                       (folder / "broker.crt").read_text())
    return folder


@contextlib.contextmanager
def running(folder, *lines):
    broker = Broker(folder, "\\n".join(lines)).start()
    try:
        yield broker
    finally:
        broker.script("wipe")


@pytest.fixture(scope="module")
def tls_broker(certificates, tmp_path_factory):
    with running(tmp_path_factory.mktemp("kafka"), SECURE.format("SSL"), "ssl.keystore.type=PEM",
                 f"ssl.keystore.location={certificates}/broker.pem", "ssl.truststore.type=PEM",
                 f"ssl.truststore.location={certificates}/ca.pem") as broker:
        yield broker


@pytest.fixture(scope="module")
def password_broker(tmp_path_factory):
    with running(tmp_path_factory.mktemp("kafka"), SECURE.format("SASL_PLAINTEXT"),
                 "sasl.enabled.mechanisms=PLAIN", "sasl.mechanism.inter.broker.protocol=PLAIN",
                 f"listener.name.plaintext.plain.sasl.jaas.config={LOGIN}") as broker:
        yield broker


def tls(authority):
    return f"security.protocol=SSL;ssl.ca.location={authority}"


def password(secret):
    return ("security.protocol=SASL_PLAINTEXT;sasl.mechanism=PLAIN;sasl.username=millrace;"
            f"sasl.password={secret}")


def stores_an_event(server, unique):
    assert batch(server, [event("secured", unique)])[0] == 200
    server.wait_events(f"distinct_id = '{unique}'", 1)


def refusal(server):
    with pytest.raises(CommandFailed) as refused:
        run_cli(*server.command()[1:], timeout=30)
    return refused.value.errors


def test_events_go_through_brokers_that_speak_tls(tls_broker, certificates, prefix, make_millrace,
                                                  unique):
    options = tls_broker.options(prefix, rdkafka=tls(certificates / "ca.pem"))
    stores_an_event(make_millrace(options=options).start(), unique)


def test_an_authority_that_did_not_sign_the_brokers_certificate_ends_the_start(
        tls_broker, certificates, prefix, make_millrace):
    options = tls_broker.options(prefix, rdkafka=tls(certificates / "other.pem"))
    errors = refusal(make_millrace(options=options))
    assert "kafka.rdkafka" in errors and "certificate" in errors


def test_events_go_through_brokers_that_ask_for_a_password(password_broker, prefix, make_millrace,
                                                           unique):
    options = password_broker.options(prefix, rdkafka=password("right"))
    stores_an_event(make_millrace(options=options).start(), unique)


def test_a_wrong_password_ends_the_start_and_is_not_shown(password_broker, prefix, make_millrace):
    errors = refusal(make_millrace(options=password_broker.options(prefix,
                                                                   rdkafka=password("wrong-word"))))
    assert "kafka.rdkafka" in errors and "uthentication" in errors and "wrong-word" not in errors
