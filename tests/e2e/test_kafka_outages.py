"""What outages of a real Kafka broker do to clients, and what the spool keeps meanwhile."""

import os
import signal
import socket
import threading
import time
import uuid

import pytest

from kafka_broker import kafka_options
from millrace import sql_text, wait_until
from test_http import send
from test_kafka import CAPTURED, ROWS, batch, broker, event, guarded, prefix  # noqa: F401


class Load:
    """Clients that send numbered events one after the other until told to stop."""

    CLIENTS = 4

    def __init__(self, server, unique):
        self.server, self.unique = server, unique
        self.stopping = False
        self.accepted = [[] for _ in range(self.CLIENTS)]
        self.refused = 0
        self.slowest = 0.0
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(self.CLIENTS)]
        for thread in self.threads:
            thread.start()

    def run(self, client):
        number = 0
        while not self.stopping:
            one = event("load", f"{self.unique}-{client}", n=number)
            while not self.stopping:
                began = time.monotonic()
                try:
                    status = batch(self.server, [one])[0]
                except OSError:
                    status = 0  # the server's process was killed: sent again, as libraries do
                self.slowest = max(self.slowest, time.monotonic() - began)
                if status == 200:
                    self.accepted[client].append(number)
                    break
                self.refused += 1
            number += 1

    def count(self):
        return sum(len(numbers) for numbers in self.accepted)

    def wait_more(self, events, seconds=30):
        wanted = self.count() + events
        wait_until(lambda: self.count() >= wanted, seconds, f"{events} more accepted events")

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()


def assert_all_stored(server, load, seconds=60):
    """Every accepted event is in the warehouse once, and each client's in order of capture."""
    where = f"startsWith(distinct_id, {sql_text(load.unique)})"
    sql = f"SELECT uniqExact(uuid) AS n FROM events WHERE {where}"
    wait_until(lambda: server.can_query() and int(server.value(sql)) >= load.count(), seconds,
               f"{load.count()} stored events")
    rows = server.events(where)
    for client, accepted in enumerate(load.accepted):
        mine = [row["properties"]["n"] for row in rows
                if row["distinct_id"] == f"{load.unique}-{client}"]
        assert len(mine) == len(set(mine)), f"client {client}: stored twice"
        assert set(accepted) <= set(mine), f"client {client}: lost"
        assert mine == sorted(mine), f"client {client}: out of order"


def captured_copies(broker, prefix, unique):
    """How often each event lies on the topic of captured events."""
    copies = {}
    for record in broker.records(prefix + CAPTURED):
        message = record.value
        if message["distinct_id"].startswith(unique):
            copies[message["uuid"]] = copies.get(message["uuid"], 0) + 1
    return copies


@pytest.mark.parametrize("way", ["kill", "stop"])
def test_clients_do_not_notice_that_the_broker_ends_and_comes_back(way, broker, prefix,
                                                                   make_millrace, unique):
    server = make_millrace(options=broker.options(prefix, spool_after="300ms")).start()
    load = Load(server, unique)
    load.wait_more(100)
    getattr(broker, way)()
    load.wait_more(100)
    assert "go to the spool" in server.log_path.read_text()
    broker.start()
    wait_until(lambda: "the spool is empty" in server.log_path.read_text(), 60, "an empty spool")
    load.wait_more(100)
    load.stop()
    assert load.refused == 0
    assert load.slowest < 10
    assert_all_stored(server, load)
    # Nothing but the broker ended, so nothing was sent twice.
    assert set(captured_copies(broker, prefix, unique).values()) == {1}


def test_kills_of_every_process_and_of_the_broker_lose_and_double_nothing(broker, prefix,
                                                                          make_millrace, unique):
    server = make_millrace(options=broker.options(prefix, spool_after="300ms")).start()
    load = Load(server, unique)
    for name in ("pipeline", "store", "accept"):
        load.wait_more(60)
        kill_child(server, name)
    broker.kill()
    load.wait_more(60)
    kill_child(server, "accept")
    load.wait_more(60)
    kill_child(server, "pipeline")
    broker.start()
    load.wait_more(60)
    kill_child(server, "accept")
    load.wait_more(60)
    load.stop()
    assert_all_stored(server, load, 120)
    copies = captured_copies(broker, prefix, unique)
    doubled = sum(1 for count in copies.values() if count > 1)
    print(f"{len(copies)} events, {doubled} more than once on {CAPTURED}")
    assert doubled <= len(copies) // 2


def kill_child(server, name):
    pid = wait_until(lambda: server.child_ids().get(name), 20, f"a running {name}")
    os.kill(pid, signal.SIGKILL)


def test_status_says_that_the_brokers_do_not_answer_and_invents_no_numbers(broker, prefix,
                                                                           make_millrace, unique):
    server = make_millrace(options=broker.options(prefix)).start()
    assert batch(server, [event("seen", unique, n=i) for i in range(10)])[0] == 200
    server.wait_drained()
    assert "log_error" not in server.status()
    broker.stop()
    try:
        status = wait_until(lambda: (said := server.status()).get("log_error") and said, 60,
                            "status to know that the brokers are down")
        assert (status["accepted"], status["ingested"], status["stored"]) == (None, 10, 10)
        assert status["lag"] == {"ingest": None, "load": None}
        text = server.cli("status").stdout
        assert "the log does not answer" in text and "broker" in text
    finally:
        broker.start()
    server.wait_drained()


def test_a_broker_that_never_answers_keeps_nobody_waiting(broker, prefix, make_millrace, unique):
    many = ["--capture.partitions", "60"]
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        server = make_millrace(options=[*kafka_options(address, prefix), *many])
        server.spawn()
        # Not a second for each partition.
        wait_until(server.is_accepting, 30, "a server that accepts")
        for i in range(20):
            began = time.monotonic()
            assert batch(server, [event("kept", unique, n=i)])[0] == 200
            assert time.monotonic() - began < 5
        server.stop()
    server.options = [*broker.options(prefix), *many]
    server.start()
    rows = server.wait_events(f"distinct_id = {sql_text(unique)}", 20)
    assert [row["properties"]["n"] for row in rows] == list(range(20))


def test_partitions_that_are_added_to_the_topic_are_written_and_read(broker, prefix,
                                                                     make_millrace, unique):
    server = make_millrace(options=broker.options(prefix)).start()
    before = server.child_ids()
    broker.add_partitions(prefix + CAPTURED, 3)
    wait_until(lambda: all(server.child_ids().get(name) not in (None, before[name])
                           for name in ("accept", "pipeline")), 60, "both to start again")
    server.wait_ready()
    sent = [event("kept", f"{unique}-{i}", n=i) for i in range(30)]
    assert batch(server, sent)[0] == 200
    server.wait_events(f"startsWith(distinct_id, {sql_text(unique)})", len(sent))
    assert {record.partition for record in broker.records(prefix + CAPTURED)} == {0, 1, 2}


def test_all_spools_are_forwarded_when_fewer_partitions_are_set_and_brokers_are_silent_at_start(
        broker, prefix, make_millrace, unique):
    where = f"startsWith(distinct_id, {sql_text(unique)})"
    server = make_millrace(options=[*broker.options(prefix, spool_after="300ms"),
                                    "--capture.partitions", "3"]).start()
    broker.kill()
    try:
        sent = [event("kept", f"{unique}-{i}", n=i) for i in range(30)]
        assert batch(server, sent)[0] == 200
        os.killpg(server.child.pid, signal.SIGKILL)  # an end in order would wait for brokers
        server.kill_all()
        server.options = broker.options(prefix, spool_after="300ms")
        server.spawn()
        wait_until(server.is_accepting, 30, "a server that accepts")
    finally:
        broker.start()
    assert len(server.wait_events(where, len(sent))) == len(sent)


@pytest.mark.parametrize("at_start", ["answers", "is silent"])
def test_spools_of_partitions_that_the_topic_lost_go_to_those_that_it_has(
        at_start, broker, prefix, make_millrace, unique):
    fewer = broker.options(prefix, spool_after="300ms")
    server = make_millrace(options=[*fewer, "--capture.partitions", "3"]).start()
    broker.kill()
    try:
        assert batch(server, [event("kept", f"{unique}-{i}", n=i) for i in range(30)])[0] == 200
        os.killpg(server.child.pid, signal.SIGKILL)  # an end in order would wait for brokers
        server.kill_all()
    finally:
        broker.start()
    broker.remake_topic(prefix + CAPTURED, partitions=1)
    server.options = fewer
    if at_start == "is silent":
        broker.kill()
        server.spawn()
        wait_until(server.is_accepting, 30, "a server that accepts")
        broker.start()
    else:
        server.start()
    where = f"startsWith(distinct_id, {sql_text(unique)})"
    assert len(server.wait_events(where, 30)) == 30
    assert "records of a partition that is no more go to another one" in server.log_path.read_text()


def test_a_record_that_the_topic_forbids_is_kept_aside_and_blocks_nothing(broker, prefix,
                                                                          make_millrace, unique):
    server = make_millrace(options=broker.options(prefix)).start()
    oldest = "message.timestamp.before.max.ms"
    broker.set_topic(prefix + CAPTURED, oldest, 0)
    assert batch(server, [event("forbidden", unique)])[0] == 200
    wait_until(lambda: "it is kept aside" in server.log_path.read_text(), 20, "a refused record")
    broker.set_topic(prefix + CAPTURED, oldest, 1 << 60)
    assert batch(server, [event("taken", unique)])[0] == 200
    server.wait_events(f"distinct_id = {sql_text(unique)} AND event = 'taken'", 1)


def test_an_event_too_large_for_its_topic_is_dead_lettered_and_blocks_nothing(
        broker, prefix, make_millrace, unique):
    server = make_millrace(options=broker.options(prefix)).start()
    broker.set_topic(prefix + ROWS, "max.message.bytes", 4000)
    noise = "".join(uuid.uuid4().hex for _ in range(500))
    assert batch(server, [event("small", unique), event("large", unique, noise=noise),
                          event("small", unique)])[0] == 200
    server.wait_events(f"distinct_id = {sql_text(unique)} AND event = 'small'", 2)
    assert server.status()["fates"]["dead_lettered:row_refused"] == 1
    letter, = broker.records(prefix + "events_plugin_ingestion_dlq")
    assert ("dlq_reason", "row_refused") in letter.headers and noise in letter.text


def test_without_a_spool_clients_are_told_to_come_back(broker, prefix, make_millrace, unique):
    server = make_millrace(
        options=broker.options(prefix, spool="off", append_timeout="1s")).start()
    broker.kill()
    try:
        status, headers, _ = batch(server, [event("refused", unique)])
        assert status == 503 and int(headers["retry-after"]) > 0
    finally:
        broker.start()

    def accepted():
        return batch(server, [event("taken", unique)])[0] == 200
    wait_until(accepted, 30, "an answer of 200")
    server.wait_events(f"distinct_id = {sql_text(unique)} AND event = 'taken'", 1)


def test_events_are_taken_while_a_client_has_failed_for_good_and_a_new_one_sends_them(
        guarded, prefix, make_millrace, unique):
    server = make_millrace(options=[*guarded.options(prefix, renew_after="4s"),
                                    "--roles", "accept"])
    make_millrace(options=guarded.options(prefix)).start().stop()  # makes the topics
    guarded.forbid_writing()
    server.spawn()
    wait_until(server.is_accepting, 30, "a server that accepts")

    def given_up():
        assert batch(server, [event("kept", unique)])[0] == 200
        return "the brokers are given up for now" in server.log_path.read_text()
    wait_until(given_up, 30, "a client that has failed for good")
    accept = server.child_ids()["accept"]
    for _ in range(20):
        began = time.monotonic()
        assert batch(server, [event("kept", unique)])[0] == 200
        assert time.monotonic() - began < 2
    assert server.child_ids()["accept"] == accept
    guarded.allow_writing()

    def written():
        return len({record.value["uuid"] for record in guarded.records(prefix + CAPTURED)
                    if record.value["distinct_id"] == unique}) >= 21
    wait_until(written, 60, "the events on the broker")
    assert server.child_ids()["accept"] != accept
