"""TLS on a port of its own: real clients, a certificate that changes, files that cannot be used."""

import http.client
import json
import socket
import ssl
import subprocess
import sys
import threading

import pytest

from millrace import CommandFailed, free_port, run_cli, sql_text, wait_until
from test_http import event

RELOAD_SECONDS = 10
IDLE_CONNECTIONS = 500


def make_certificate(folder, serial):
    """A self-signed certificate for 127.0.0.1 in `folder`, by openssl."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-set_serial", str(serial),
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                   check=True, capture_output=True)


@pytest.fixture
def secure(make_millrace, tmp_path):
    """A server that speaks TLS on `tls_port`, and a context that trusts it."""
    make_certificate(tmp_path, 1)
    port = free_port()
    server = make_millrace(options=["--tls.certificate", str(tmp_path / "cert.pem"),
                                    "--tls.key", str(tmp_path / "key.pem"),
                                    "--tls.listen", f"127.0.0.1:{port}"]).start()
    server.tls_port = port
    server.tls_folder = tmp_path
    return server


def connect(server):
    trust = ssl.create_default_context(cafile=server.tls_folder / "cert.pem")
    return http.client.HTTPSConnection("127.0.0.1", server.tls_port, context=trust, timeout=30)


def post(connection, path, body):
    connection.request("POST", path, json.dumps(body))
    answer = connection.getresponse()
    return answer.status, answer.read()


def serial_shown(server):
    trust = ssl.create_default_context()
    trust.check_hostname = False
    trust.verify_mode = ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", server.tls_port), 10) as plain:
        with trust.wrap_socket(plain) as wrapped:
            shown = ssl.DER_cert_to_PEM_cert(wrapped.getpeercert(binary_form=True))
    printed = subprocess.run(["openssl", "x509", "-noout", "-serial"], input=shown, text=True,
                             check=True, capture_output=True)
    return int(printed.stdout.strip().removeprefix("serial="), 16)


def test_events_come_over_tls_and_plain(secure, unique):
    connection = connect(secure)
    for _ in range(3):  # on one connection
        assert post(connection, "/e/", event(secure, unique))[0] == 200
    large = event(secure, unique)
    large["properties"]["text"] = "x" * 900_000
    assert post(connection, "/e/", large)[0] == 200
    rows = secure.wait_events(f"distinct_id = {sql_text(unique)}", 4)
    assert {row["properties"]["$ip"] for row in rows} == {"127.0.0.1"}
    settings = connect(secure)
    settings.request("GET", f"/v1/projects/{secure.token}/settings")
    served = json.loads(settings.getresponse().read())["integrations"]["Segment.io"]
    assert (served["protocol"], served["apiHost"]) == ("https", f"127.0.0.1:{secure.tls_port}/v1")


def test_a_client_library_sends_over_tls(secure, unique):
    script = ("import posthog, sys; "
              "client = posthog.Posthog(sys.argv[1], host=sys.argv[2], sync_mode=True); "
              "client.capture('seen', distinct_id=sys.argv[3]); client.shutdown()")
    subprocess.run([sys.executable, "-c", script, secure.token,
                    f"https://127.0.0.1:{secure.tls_port}", unique], check=True, timeout=60,
                   env={"REQUESTS_CA_BUNDLE": str(secure.tls_folder / "cert.pem")})
    secure.wait_events(f"distinct_id = {sql_text(unique)}", 1)


def test_a_new_certificate_is_used_without_a_restart(secure, unique):
    before = connect(secure)
    assert post(before, "/e/", event(secure, unique))[0] == 200
    assert serial_shown(secure) == 1
    make_certificate(secure.tls_folder, 7)
    wait_until(lambda: serial_shown(secure) == 7, RELOAD_SECONDS, "the new certificate")
    assert post(before, "/e/", event(secure, unique))[0] == 200
    (secure.tls_folder / "key.pem").write_text("nonsense")
    wait_until(lambda: "the new certificate cannot be used" in secure.log_path.read_text(),
               RELOAD_SECONDS, "a complaint")
    assert serial_shown(secure) == 7


def test_connections_that_never_finish_their_handshake_hold_up_nobody(secure, unique):
    half_open = [socket.create_connection(("127.0.0.1", secure.tls_port), 10)
                 for _ in range(IDLE_CONNECTIONS)]
    for each in half_open:
        each.sendall(b"\x16\x03\x01")
    assert post(connect(secure), "/e/", event(secure, unique))[0] == 200
    with socket.create_connection(("127.0.0.1", secure.tls_port), 10) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"HTTP/" not in plain.recv(1000)
    for each in half_open:
        each.close()


def test_a_request_under_way_is_answered_before_the_end(secure, unique):
    connection = connect(secure)
    body = json.dumps(event(secure, unique))
    connection.putrequest("POST", "/e/")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders()
    connection.send(body[:10].encode())
    stopping = threading.Thread(target=secure.stop)
    stopping.start()
    wait_until(lambda: not secure.is_accepting(), 10, "the drain")
    connection.send(body[10:].encode())
    assert connection.getresponse().status == 200
    stopping.join()
    secure.start()
    secure.wait_events(f"distinct_id = {sql_text(unique)}", 1)


@pytest.mark.parametrize("broken", ["no key", "missing file", "wrong key", "no certificate"])
def test_files_that_cannot_be_used_end_the_start(make_millrace, tmp_path, broken):
    make_certificate(tmp_path, 1)
    certificate, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    options = ["--tls.certificate", certificate, "--tls.key", key]
    said = {"no key": "tls.key", "missing file": "gone.pem", "wrong key": "does not fit",
            "no certificate": "the certificate cannot be used"}[broken]
    if broken == "no key":
        options = options[:2]
    if broken == "missing file":
        options[1] = str(tmp_path / "gone.pem")
    if broken == "wrong key":
        wrong = tmp_path / "other"
        wrong.mkdir()
        make_certificate(wrong, 2)
        options[3] = str(wrong / "key.pem")
    if broken == "no certificate":
        options[1] = key
    with pytest.raises(CommandFailed) as refused:
        run_cli(*make_millrace(options=options).command()[1:], timeout=30)
    assert said in refused.value.errors


def test_both_ports_share_the_limit_of_connections(make_millrace, tmp_path):
    make_certificate(tmp_path, 1)
    port = free_port()
    server = make_millrace(options=["--tls.certificate", str(tmp_path / "cert.pem"),
                                    "--tls.key", str(tmp_path / "key.pem"),
                                    "--tls.listen", f"127.0.0.1:{port}",
                                    "--capture.connections_max", "20"]).start()
    server.tls_port = port
    server.tls_folder = tmp_path
    held = []

    def status(connection):
        connection.request("GET", "/_readiness")
        answer = connection.getresponse()
        answer.read()
        return answer.status

    while not held or status(held[-1]) == 200:
        held.append(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30))
    assert 10 < len(held) <= 21
    assert status(connect(server)) == 503
    for connection in held:
        connection.close()
    wait_until(lambda: status(connect(server)) == 200, RELOAD_SECONDS)
