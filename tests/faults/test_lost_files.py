"""Files of the log that are gone or unreadable: what is lost is told, and nothing else is."""

import json
import pathlib
import shutil

import pytest

from millrace import wait_until
from test_http import event, send

JSON = {"content-type": "application/json"}


@pytest.fixture
def server(make_millrace):
    server = make_millrace()
    yield server
    server.stop()


def send_events(server, count, name="user"):
    for number in range(count):
        assert send(server, "POST", "/i/v0/e/", event(server, f"{name} {number}"), JSON)[0] == 200


def run_accept_alone(server, count, name):
    """Captures events without anyone who ingests them."""
    server.options = ["--roles", "accept"]
    server.spawn()
    wait_until(server.is_accepting, 30, "accept")
    send_events(server, count, name)
    server.stop()
    server.options = []


def answer(server, path):
    try:
        return send(server, "GET", path)[0]
    except OSError:
        return None


def stored(server):
    """The number of events, each once."""
    row, = server.query("SELECT count() AS rows, uniqExact(uuid) AS events FROM events")
    assert row["rows"] == row["events"]
    return int(row["rows"])


@pytest.mark.parametrize("lost", ["log/captured", "log"])
def test_no_new_event_is_passed_over_when_the_log_is_lost(server, lost):
    """Its readers are at offset 20, and so must the first new event be."""
    server.start()
    send_events(server, 20, "before")
    server.wait_drained()
    server.stop()
    shutil.rmtree(pathlib.Path(server.data) / lost)
    server.start()
    send_events(server, 5, "after")
    server.wait_events("distinct_id LIKE 'after%'", 5)
    server.wait_drained()
    assert stored(server) == 25
    assert "records were lost" in server.log_tail(200)


def test_a_lost_segment_costs_its_events_and_no_others(server):
    for name in ("first", "second", "third"):
        run_accept_alone(server, 6, name)
    segments = sorted(pathlib.Path(server.data).glob("log/captured/0/*.log"))
    lost = next(path for path in segments if int(path.stem) == 6)
    lost.unlink()
    server.start()
    server.wait_drained()
    assert stored(server) == 12
    assert server.status()["fates"]["dropped:damaged_in_log"] == 6
    assert not server.events("distinct_id LIKE 'second%'")
    send_events(server, 1, "later")
    server.wait_events("distinct_id LIKE 'later%'", 1)


def test_a_partition_that_does_not_open_is_refused_and_opens_when_it_can(server):
    server.start()
    send_events(server, 3, "before")
    server.wait_drained()
    server.stop()
    manifest = pathlib.Path(server.data) / "log/captured/0/manifest"
    good = manifest.read_bytes()
    manifest.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    server.spawn()
    wait_until(lambda: answer(server, "/_liveness") == 200, 30, "accept")
    status, headers, body = send(server, "POST", "/i/v0/e/", event(server, "refused"), JSON)
    assert status == 503 and headers["retry-after"] and "could not be written" in str(body)
    assert answer(server, "/_readiness") == 503
    assert "manifest" in server.log_tail(200)
    manifest.write_bytes(good)
    wait_until(lambda: answer(server, "/_readiness") == 200, 30, "the partition to open")
    send_events(server, 2, "after")
    server.wait_ready()
    server.wait_events("distinct_id LIKE 'after%'", 2)
    assert stored(server) == 5


def test_the_store_works_while_its_dead_letters_do_not_open(server):
    server.start()
    send_events(server, 3, "before")
    server.wait_drained()
    server.stop()
    manifest = pathlib.Path(server.data) / "log/dead_letters/1/manifest"
    good = manifest.read_bytes()
    manifest.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    server.spawn()
    wait_until(server.can_query, 30, "queries")
    send_events(server, 2, "after")
    server.wait_events("distinct_id LIKE 'after%'", 2)
    assert "a partition does not open" in server.log_tail(200)


@pytest.mark.parametrize("lost", ["store", "load"])
def test_a_lost_warehouse_is_loaded_again_and_lost_positions_double_nothing(server, lost):
    def noted():
        parts = json.loads(server.cli("log list", "--json").stdout)["partitions"]
        events = next(part for part in parts if part["topic"] == "events")
        return [(one["name"], one["next_offset"]) for one in events["consumers"]] == [("load", 20)]
    server.start()
    send_events(server, 20, "before")
    server.wait_drained()
    wait_until(noted, 20, "the note of the loader")
    server.stop()
    shutil.rmtree(pathlib.Path(server.data) / lost)
    server.start()
    send_events(server, 5, "after")
    server.wait_events("distinct_id LIKE 'after%'", 5)
    server.wait_drained()
    assert stored(server) == 25
    said = {"store": "the warehouse is gone", "load": "how far a table was loaded is gone"}[lost]
    assert said in server.log_path.read_text()
