"""Raw requests: the basics of the capture contract, and input that is bad on purpose."""

import base64
import errno
import gzip
import http.client
import json
import re
import resource
import socket
import time
import urllib.parse
import uuid

import pytest

from expect import assert_contains, rows_of
from millrace import CommandFailed, run_cli, sql_text, wait_until

MIB = 1024 * 1024
CAPTURE_PATHS = ["/e", "/i/v0/e", "/capture", "/track", "/batch"]
IDLE_CONNECTIONS = 10_000
ACCEPT_MEMORY_MAX = 600 * MIB


def send(server, method, path, body=None, headers=None, timeout=30):
    """One request on a connection of its own: status, headers (lower case), body."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)
    try:
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return (answer.status, {k.lower(): v for k, v in answer.getheaders()},
                answer.read().decode())
    finally:
        connection.close()


def event(server, distinct_id, name="seen", **more):
    return {"event": name, "distinct_id": distinct_id, "api_key": server.token,
            "properties": {"n": 1}, **more}


def resident_bytes(pid):
    for line in open(f"/proc/{pid}/status", encoding="utf-8"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"process {pid} has no VmRSS")


@pytest.fixture
def unharmed(millrace):
    """Asserts at the end that no process was restarted and that capture still answers."""
    before = millrace.process_ids()
    yield
    assert millrace.process_ids() == before
    assert resident_bytes(before["accept"]) < ACCEPT_MEMORY_MAX
    assert send(millrace, "GET", "/_liveness")[0] == 200


# What is accepted


@pytest.mark.parametrize("slash", ["", "/"], ids=["plain", "slash"])
@pytest.mark.parametrize("path", CAPTURE_PATHS)
def test_every_path_takes_every_shape(millrace, unique, path, slash):
    one = event(millrace, f"{unique}-single")
    many = [event(millrace, f"{unique}-array-{n}") for n in range(2)]
    batch = {"api_key": millrace.token, "batch": [
        {"event": "seen", "distinct_id": f"{unique}-batch", "properties": {}},
        {"event": "seen", "properties": {"distinct_id": f"{unique}-inside"}}]}
    for body in (one, many, batch):
        status, headers, text = send(millrace, "POST", path + slash, body)
        assert (status, json.loads(text)) == (200, {"status": "Ok"})
        assert headers["content-type"].startswith("application/json")
    rows = rows_of(millrace, unique, 5)
    assert [row["distinct_id"] for row in rows] == [
        f"{unique}-{name}" for name in ("single", "array-0", "array-1", "batch", "inside")]


@pytest.mark.parametrize("headers, query", [
    pytest.param({"Content-Encoding": "gzip", "Content-Type": "application/json"}, "",
                 id="by-header"),
    pytest.param({"Content-Type": "text/plain"}, "", id="by-magic"),
    pytest.param({"Content-Type": "text/plain"}, "?compression=gzip-js&ver=1.2.3&ip=1",
                 id="by-query"),
])
def test_gzip_is_understood(millrace, unique, headers, query):
    body = gzip.compress(json.dumps(event(millrace, unique)).encode())
    assert send(millrace, "POST", f"/e/{query}", body, headers)[0] == 200
    rows_of(millrace, unique, 1)


def test_base64_forms_and_query_data_are_understood(millrace, unique):
    def encoded(name):
        text = json.dumps(event(millrace, f"{unique}-{name}"))
        return base64.b64encode(text.encode()).decode()
    form = urllib.parse.urlencode({"data": encoded("form")})
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert send(millrace, "POST", "/e/", form, kind)[0] == 200
    query = urllib.parse.urlencode({"data": encoded("query")})
    assert send(millrace, "GET", f"/e/?{query}")[0] == 200
    assert send(millrace, "POST", "/capture", encoded("body"))[0] == 200
    rows_of(millrace, unique, 3)


def test_a_beacon_gets_204(millrace, unique):
    status, _, text = send(millrace, "POST", "/e/?beacon=1", event(millrace, unique))
    assert (status, text) == (204, "")
    rows_of(millrace, unique, 1)


def test_tokens_and_ids_have_aliases(millrace, unique):
    bodies = [
        {"event": "seen", "distinct_id": f"{unique}-1", "token": millrace.token},
        {"event": "seen", "distinct_id": f"{unique}-2", "$token": millrace.token},
        {"event": "seen", "$distinct_id": f"{unique}-3",
         "properties": {"token": millrace.token}},
        {"token": f" {millrace.token}\n", "batch": [
            {"event": "seen", "distinct_id": f"{unique}-4"}]},
        event(millrace, {"id": unique}),
    ]
    for body in bodies:
        assert send(millrace, "POST", "/e", body)[0] == 200, body
    rows = rows_of(millrace, unique, 5)
    assert rows[4]["distinct_id"] == json.dumps({"id": unique}, separators=(",", ":"))


def test_timestamps_are_corrected_by_the_clients_clock(millrace, unique):
    """A client ten minutes ahead is set back by ten minutes; offsets count from arrival."""
    now = time.time()
    ahead = [{"event": "ahead", "distinct_id": unique, "timestamp": iso(now + 600 - 60)}]
    body = {"api_key": millrace.token, "sent_at": iso(now + 600), "batch": ahead}
    assert send(millrace, "POST", "/batch", body)[0] == 200
    offset = {"event": "offset", "distinct_id": unique, "offset": 120_000}
    body = {"api_key": millrace.token, "batch": [offset]}
    assert send(millrace, "POST", "/batch", body)[0] == 200
    future = event(millrace, unique, "future", timestamp=iso(now + 100 * 3600))
    assert send(millrace, "POST", "/e", future)[0] == 200
    odd = event(millrace, unique, "odd", timestamp="no time at all")
    assert send(millrace, "POST", "/e", odd)[0] == 200
    rows_of(millrace, unique, 4)
    ages = {row["event"]: now - float(row["at"]) for row in millrace.query(
        "SELECT event, toUnixTimestamp64Milli(timestamp) / 1000 AS at FROM events"
        f" WHERE distinct_id = '{unique}'")}
    assert abs(ages["ahead"] - 60) < 10 and abs(ages["offset"] - 120) < 10, ages
    assert abs(ages["future"]) < 10 and abs(ages["odd"]) < 10, ages


def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + ".000Z"


def test_the_same_event_twice_is_stored_once(millrace, unique):
    repeated = event(millrace, unique, uuid=str(uuid.uuid4()), timestamp=iso(time.time()))
    for _ in range(3):
        assert send(millrace, "POST", "/e", repeated)[0] == 200
    assert send(millrace, "POST", "/e", event(millrace, f"{unique}-after"))[0] == 200
    rows_of(millrace, unique, 2)


@pytest.mark.parametrize("path, body", [
    ("/v1/track", {"type": "track", "event": "seen"}),
    ("/v1/identify", {"type": "identify", "traits": {"a": 1}}),
    ("/v1/page", {"type": "page", "name": "Home"}),
    ("/v1/group", {"type": "group", "groupId": "g", "traits": {"groupType": "company"}}),
    ("/v1/alias", {"type": "alias", "previousId": "someone-before"}),
])
def test_single_segment_calls(millrace, unique, path, body):
    basic = base64.b64encode(f"{millrace.token}:".encode()).decode()
    body = {**body, "previousId": f"{unique}-before"} if "previousId" in body else body
    status, _, text = send(millrace, "POST", path, {**body, "userId": unique},
                           {"Authorization": f"Basic {basic}"})
    assert (status, json.loads(text)) == (200, {"success": True})
    without_type = {key: value for key, value in body.items() if key != "type"}
    status, _, _ = send(millrace, "POST", path,
                        {**without_type, "userId": unique, "writeKey": millrace.token})
    assert status == 200
    rows_of(millrace, unique, 2)


def test_a_segment_batch_shares_its_context(millrace, unique):
    body = {"writeKey": millrace.token, "sentAt": iso(time.time()),
            "context": {"library": {"name": "root-lib", "version": "9"}, "ip": "203.0.113.9"},
            "batch": [{"type": "track", "event": "seen", "anonymousId": unique,
                       "context": {"ip": "203.0.113.10"}}]}
    assert send(millrace, "POST", "/v1/batch", body)[0] == 200
    row = rows_of(millrace, unique, 1)[0]
    assert_contains(row["properties"], {"$lib": "root-lib", "$ip": "203.0.113.10"})


def test_cross_origin_requests_are_mirrored(millrace, unique):
    origin = {"Origin": "https://shop.test"}
    asked = {**origin, "Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "content-type,baggage"}
    status, headers, text = send(millrace, "OPTIONS", "/e/", headers=asked)
    assert (status, text) == (200, "")
    assert_contains(headers, {
        "access-control-allow-origin": "https://shop.test",
        "access-control-allow-credentials": "true",
        "access-control-allow-headers": "content-type,baggage"})
    assert set(headers["access-control-allow-methods"].replace(" ", "").split(",")) == \
        {"GET", "POST", "OPTIONS"}
    for body in (event(millrace, unique), "{"):
        headers = send(millrace, "POST", "/e/", body, origin)[1]
        assert headers["access-control-allow-origin"] == "https://shop.test"
        assert headers["access-control-allow-credentials"] == "true"
        assert "origin" in headers["vary"].lower()
    assert "access-control-allow-origin" not in send(millrace, "GET", "/_liveness")[1]


def test_health_and_metrics(millrace):
    assert send(millrace, "GET", "/_readiness")[0] == 200
    assert send(millrace, "GET", "/_liveness")[0] == 200
    status, headers, text = send(millrace, "GET", "/metrics")
    assert status == 200 and headers["content-type"].startswith("text/plain")
    assert "# TYPE " in text


# What is refused


def bad_bodies(token):
    good = {"event": "bad", "distinct_id": "someone", "api_key": token}
    packed = gzip.compress(json.dumps(good).encode() * 50)
    return {
        "empty": (b"", 400),
        "malformed": (b'{"event": "bad", ', 400),
        "not-json": (b"hello there, server", 400),
        "not-utf8": (b'{"event":"\xff\xfe\xff"}', 400),
        "number": (b"17", 400),
        "deep": (b"[" * 100_000, 400),
        "truncated-gzip": (packed[:len(packed) // 2], 400),
        "corrupt-gzip": (packed[:20] + b"\0\0\0\0" + packed[24:], 400),
        "no-event": ({"distinct_id": "someone", "api_key": token}, 400),
        "empty-event": ({**good, "event": ""}, 400),
        "no-distinct-id": ({"event": "bad", "api_key": token}, 400),
        "empty-distinct-id": ({**good, "distinct_id": ""}, 400),
        "bad-uuid": ({**good, "uuid": "not a uuid"}, 400),
        "empty-batch": ({"api_key": token, "batch": []}, 400),
        "no-token": ({"event": "bad", "distinct_id": "someone"}, 401),
        "unknown-token": ({**good, "api_key": "phc_unknown"}, 401),
        "two-tokens": ([good, {**good, "api_key": "phc_other"}], 401),
        "long-token": ({**good, "api_key": "x" * 65}, 401),
        "personal-key": ({**good, "api_key": "phx_secret"}, 401),
        "batch-without-token": ({"batch": [good]}, 400),
    }


@pytest.mark.parametrize("case", bad_bodies("").keys())
def test_a_bad_body_is_refused_by_status(millrace, unharmed, case):
    body, expected = bad_bodies(millrace.token)[case]
    status, _, text = send(millrace, "POST", "/e", body)
    assert status == expected, text
    assert text, "a refusal says why"


def test_unknown_tokens_are_kept_and_answers_carry_receipts_where_that_is_set(make_millrace):
    server = make_millrace(options=["--capture.unknown_tokens", "accept",
                                    "--capture.receipts", "on"]).start()
    places = []
    for token in (server.token, "phc_nobody"):
        status, headers, _ = send(server, "POST", "/i/v0/e/",
                                  {**event(server, "someone"), "api_key": token})
        assert status == 200
        places.append(headers["millrace-receipt"])
    assert places == ["captured/0:0-0", "captured/0:1-1"]
    server.wait_drained()
    fates = server.status()["fates"]
    assert (fates["stored"], fates["dropped:unknown_token"]) == (1, 1)


def test_a_site_may_pass_requests_on_below_a_path_of_its_own(make_millrace, unique):
    server = make_millrace(options=["--capture.path_prefixes", "/relay-x7f",
                                    "--capture.trusted_proxies", "203.0.113.0/24"]).start()
    headers = {"X-Forwarded-For": "198.51.100.7"}
    assert send(server, "POST", "/relay-x7f/e/", event(server, unique), headers)[0] == 200
    assert send(server, "GET", f"/relay-x7f/array/{server.token}/config")[0] == 200
    assert send(server, "GET", "/relay-x7f/api/status")[0] == 404
    row, = server.wait_events(f"distinct_id = {sql_text(unique)}", 1)
    assert row["properties"]["$ip"] == "127.0.0.1"  # the proxy is not trusted


@pytest.mark.parametrize("setting,value", [("trusted_proxies", "10.0.0.0/40"),
                                           ("path_prefixes", "relay")])
def test_settings_about_proxies_that_make_no_sense_end_the_start(make_millrace, setting, value):
    server = make_millrace(options=[f"--capture.{setting}", value])
    with pytest.raises(CommandFailed) as refused:
        run_cli(*server.command()[1:], timeout=30)
    assert f"capture.{setting}" in refused.value.errors and value in refused.value.errors


def test_an_unknown_token_is_told_so(millrace):
    _, _, text = send(millrace, "POST", "/e", {
        "event": "bad", "distinct_id": "someone", "api_key": "phc_unknown"})
    assert "token" in text.lower()


def test_one_bad_event_refuses_its_batch(millrace, unique):
    batch = [{"event": "seen", "distinct_id": unique}, {"event": "", "distinct_id": unique}]
    assert send(millrace, "POST", "/batch", {"api_key": millrace.token, "batch": batch})[0] == 400
    assert send(millrace, "POST", "/e", event(millrace, f"{unique}-after"))[0] == 200
    rows_of(millrace, unique, 1)


@pytest.mark.parametrize("method, path, expected", [
    ("PUT", "/e", 405), ("DELETE", "/batch", 405), ("PATCH", "/v1/track", 405),
    ("GET", "/v1/batch", 405), ("POST", "/nowhere", 404), ("GET", "/nowhere", 404),
])
def test_wrong_methods_and_paths(millrace, unharmed, method, path, expected):
    assert send(millrace, method, path, "{}" if method != "GET" else None)[0] == expected


def test_a_body_over_the_limit_is_refused(millrace, unharmed):
    connection = http.client.HTTPConnection("127.0.0.1", millrace.port, timeout=30)
    body = b'{"event":"' + b"x" * (21 * MIB) + b'"}'
    connection.request("POST", "/batch", body)
    assert connection.getresponse().status == 413
    connection.close()


def test_an_endless_body_is_refused_early(millrace, unharmed):
    with socket.create_connection(("127.0.0.1", millrace.port), timeout=30) as peer:
        peer.sendall(b"POST /batch HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n")
        assert b" 413 " in first_line(peer)


def test_a_decompression_bomb_is_refused(millrace, unharmed):
    bomb = gzip.compress(b'{"event":"' + b"0" * (400 * MIB) + b'"}', compresslevel=9)
    assert len(bomb) < MIB
    status, _, _ = send(millrace, "POST", "/batch", bomb, {"Content-Encoding": "gzip"})
    assert status == 413


@pytest.mark.parametrize("raw", [
    b"\r\n\r\n\r\n", b"\0\0\0\0\0\0\0\0\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    b"POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    b"POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    b"POST /e HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\nabc\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X-Many: yes\r\n" * 20_000 + b"\r\n",
], ids=["blank", "zeros", "short", "version", "tls", "negative", "two-lengths", "bad-chunk",
        "long-target", "many-headers"])
def test_bytes_that_are_no_request(millrace, unharmed, raw):
    """Answered with a 4xx or 505, or closed; never a hang, never a success."""
    with socket.create_connection(("127.0.0.1", millrace.port), timeout=20) as peer:
        try:
            peer.sendall(raw)
            peer.shutdown(socket.SHUT_WR)
            answer = first_line(peer)
        except OSError as closed:
            assert closed.errno in (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN), closed
            return
    assert not answer or answer.split(b" ")[1][:1] in (b"4", b"5"), answer


def first_line(peer):
    received = b""
    while b"\r\n" not in received:
        part = peer.recv(4096)
        if not part:
            break
        received += part
    return received.split(b"\r\n")[0]


# Connections


def test_one_connection_takes_many_requests(millrace, unique):
    connection = http.client.HTTPConnection("127.0.0.1", millrace.port, timeout=30)
    for n in range(20):
        connection.request("POST", "/e", json.dumps(event(millrace, f"{unique}-{n}")))
        answer = connection.getresponse()
        assert answer.status == 200 and answer.read()
    connection.close()
    rows_of(millrace, unique, 20)


def test_pipelined_requests_are_answered_in_order(millrace, unique):
    with socket.create_connection(("127.0.0.1", millrace.port), timeout=30) as peer:
        body = json.dumps(event(millrace, unique)).encode()
        post = b"POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        peer.sendall(post + b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
                     b"GET /_liveness HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        received = b""
        while part := peer.recv(4096):
            received += part
    statuses = re.findall(rb"HTTP/1\.1 (\d+) ", received)
    assert statuses == [b"200", b"404", b"200"], received


def test_a_chunked_body_is_read(millrace, unique):
    body = json.dumps(event(millrace, unique)).encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[n:n + 9]), body[n:n + 9])
                      for n in range(0, len(body), 9))
    with socket.create_connection(("127.0.0.1", millrace.port), timeout=30) as peer:
        peer.sendall(b"POST /e HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                     + chunks + b"0\r\n\r\n")
        assert b" 200 " in first_line(peer)
    rows_of(millrace, unique, 1)


def test_slow_and_half_open_connections_hold_up_nobody(millrace, unique, unharmed):
    peers = []
    try:
        for n in range(200):
            peer = socket.create_connection(("127.0.0.1", millrace.port), timeout=30)
            peers.append(peer)
            head = b"POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{"
            peer.sendall(head[:len(head) if n % 2 else 10 + n % 20])
        slow = peers[0]
        for n in range(20):
            status, _, _ = send(millrace, "POST", "/e", event(millrace, f"{unique}-{n}"),
                                timeout=5)
            assert status == 200
            slow.sendall(b"a")
    finally:
        for peer in peers:
            peer.close()
    rows_of(millrace, unique, 20)


def test_a_client_that_leaves_before_the_answer_does_no_harm(millrace, unique, unharmed):
    body = json.dumps(event(millrace, unique)).encode()
    for _ in range(50):
        peer = socket.create_connection(("127.0.0.1", millrace.port), timeout=30)
        peer.sendall(b"POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s"
                     % (len(body), body))
        # Closing with unread data sends a reset.
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        peer.close()
    assert send(millrace, "POST", "/e", event(millrace, f"{unique}-after"))[0] == 200


def test_ten_thousand_idle_connections(make_millrace, unique):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = IDLE_CONNECTIONS + 1000
    if hard != resource.RLIM_INFINITY and hard < needed:
        pytest.skip(f"this machine allows {hard} open files, the test needs {needed}")
    server = make_millrace()
    server.start()
    accept = server.process_ids()["accept"]
    before = resident_bytes(accept)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))
    peers = []
    try:
        while len(peers) < IDLE_CONNECTIONS:
            peers.append(socket.create_connection(("127.0.0.1", server.port), timeout=30))
        status, _, _ = send(server, "POST", "/e", event(server, unique), timeout=10)
        assert status == 200
        grown = resident_bytes(accept) - before
        assert grown < 400 * MIB, f"{grown / MIB:.0f} MiB for {IDLE_CONNECTIONS} connections"
        for peer in peers[::997]:
            peer.sendall(b"GET /_liveness HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b" 200 " in first_line(peer)
    finally:
        for peer in peers:
            peer.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    wait_until(lambda: server.is_accepting(), 10, "readiness afterwards")
    rows_of(server, unique, 1)
    assert server.process_ids()["accept"] == accept
