"""The log on a real Kafka broker: what lies on the topics, and what outages do to clients."""

import json
import os
import signal
import socket
import threading
import time
import uuid

import pytest

from kafka_broker import Broker, kafka_options
from millrace import CommandFailed, run_cli, sql_text, wait_until
from test_http import send

CAPTURED = "events_plugin_ingestion"
ROWS = "clickhouse_events_json"
MESSAGE_KEYS = ["uuid", "distinct_id", "ip", "data", "now", "token", "event", "timestamp"]
HEADERS = ["token", "distinct_id", "session_id", "timestamp", "event", "uuid", "now"]


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    """One broker for the module; whoever ends it starts it again."""
    made = Broker(tmp_path_factory.mktemp("kafka") / "broker")
    made.start()
    yield made
    made.script("wipe")


@pytest.fixture
def prefix():
    return f"t{uuid.uuid4().hex[:8]}_"


def batch(server, events):
    return send(server, "POST", "/batch/", {"api_key": server.token, "batch": events})


def event(name, distinct_id, **properties):
    return {"event": name, "distinct_id": distinct_id, "uuid": str(uuid.uuid4()),
            "properties": properties}


def test_events_travel_over_kafka_and_lie_there_as_the_contract_says(broker, prefix,
                                                                     make_millrace):
    server = make_millrace(options=[*broker.options(prefix), "--capture.partitions", "3"]).start()
    sent = [event(f"e{i % 3}", f"user-{i % 20}", n=i, **{"$session_id": "s-1"})
            for i in range(200)]
    for begin in range(0, len(sent), 20):
        assert batch(server, sent[begin:begin + 20])[0] == 200
    rows = server.wait_events("startsWith(distinct_id, 'user-')", len(sent))
    assert sorted(row["properties"]["n"] for row in rows) == list(range(200))

    captured = broker.records(prefix + CAPTURED)
    assert len(captured) == len(sent)
    places = {}
    by_uuid = {e["uuid"]: e for e in sent}
    for record in captured:
        message = json.loads(record.text, object_pairs_hook=list)
        assert [name for name, _ in message] == MESSAGE_KEYS
        message = dict(message)
        original = by_uuid[message["uuid"]]
        assert json.loads(message["data"]) == original
        assert record.key == f"{server.token}:{original['distinct_id']}"
        assert [name for name, _ in record.headers] == HEADERS
        headers = dict(record.headers)
        assert headers["token"] == server.token and headers["uuid"] == original["uuid"]
        assert headers["event"] == original["event"] and headers["session_id"] == "s-1"
        assert headers["timestamp"].isdigit() and headers["now"] == message["now"]
        assert places.setdefault(record.key, record.partition) == record.partition
    assert set(places.values()) == {0, 1, 2}

    finished = broker.records(prefix + ROWS)
    assert sorted(record.key for record in finished) == sorted(by_uuid)
    for record in finished:
        row = record.value
        assert row["uuid"] == record.key and isinstance(row["properties"], str)
        source = dict(record.headers)
        assert source["source_partition"].isdigit() and source["source_offset"].isdigit()
    people = broker.records(prefix + "clickhouse_person")
    assert len({record.value["id"] for record in people}) == 20


def test_messages_of_other_writers_are_ingested_or_dead_lettered(broker, prefix, make_millrace,
                                                                 unique):
    server = make_millrace(options=broker.options(prefix)).start()
    raw = event("from elsewhere", unique, a=1.5)
    message = {"uuid": raw["uuid"], "distinct_id": unique, "ip": "10.1.2.3",
               "data": json.dumps(raw), "now": "2026-01-02T03:04:05.000Z", "token": server.token}
    broker.produce(prefix + CAPTURED, [
        (f"{server.token}:{unique}", json.dumps(message), [("token", server.token.encode())]),
        ("k", "no message at all", []),
    ])
    row = server.wait_events(f"distinct_id = {sql_text(unique)}", 1)[0]
    assert row["properties"]["a"] == 1.5 and row["properties"]["$ip"] == "10.1.2.3"
    dead = wait_until(lambda: broker.records(prefix + "events_plugin_ingestion_dlq"), 20,
                      "the dead letter")
    assert [record.text for record in dead] == ["no message at all"]
    assert dict(dead[0].headers)["dlq_offset"] == "1"


def test_a_topic_that_is_older_than_the_server_is_read_from_where_it_begins(
        broker, prefix, make_millrace, unique):
    broker.make_topic(prefix + CAPTURED, 3)
    server = make_millrace(options=broker.options(prefix)).start()
    assert batch(server, [event("new", unique)])[0] == 200
    row = server.wait_events(f"distinct_id = {sql_text(unique)}", 1)[0]
    assert int(row["_source_offset"]) == 3


def test_records_that_retention_took_before_they_were_read_are_told_and_passed(
        broker, prefix, make_millrace, unique):
    server = make_millrace(options=broker.options(prefix)).start()
    assert batch(server, [event("first", unique)])[0] == 200
    server.wait_events(f"distinct_id = {sql_text(unique)}", 1)
    server.stop()
    broker.produce(prefix + CAPTURED, [("old", "old", [])] * 4)
    broker.remove_before(prefix + CAPTURED, 5)
    server.start()
    assert batch(server, [event("later", unique)])[0] == 200
    server.wait_events(f"distinct_id = {sql_text(unique)} AND event = 'later'", 1)
    assert "removed from the brokers before they were read" in server.log_path.read_text()


def test_a_topic_that_was_made_anew_below_its_readers_position_is_named(broker, prefix,
                                                                        make_millrace, unique):
    server = make_millrace(options=broker.options(prefix)).start()
    assert batch(server, [event("read", unique, n=i) for i in range(5)])[0] == 200
    server.wait_events(f"distinct_id = {sql_text(unique)}", 5)
    server.stop()
    broker.remake_topic(prefix + CAPTURED, partitions=1)
    server.spawn()
    said = f"{prefix}{CAPTURED} ends at offset 0, below offset 5 where reading goes on"
    wait_until(lambda: said in server.log_path.read_text(), 30, "the reason in the log")


def test_a_batch_with_a_wrong_checksum_on_the_broker_is_told_and_passed(tmp_path, prefix,
                                                                        make_millrace, unique):
    broker = Broker(tmp_path / "damaged").start()
    try:
        server = make_millrace(options=broker.options(prefix)).start()
        assert batch(server, [event("first", unique)])[0] == 200
        server.wait_events(f"distinct_id = {sql_text(unique)}", 1)
        server.stop()
        broker.produce(prefix + CAPTURED, [("k", "damaged on the disk", [])] * 11)
        broker.produce(prefix + CAPTURED, [("k", "no message at all", [])])
        broker.stop()
        broker.damage(prefix + CAPTURED, b"damaged on")
        broker.start()
        server.start()
        assert batch(server, [event("later", unique)])[0] == 200
        server.wait_events(f"distinct_id = {sql_text(unique)} AND event = 'later'", 1)
        assert server.status()["fates"]["dropped:damaged_in_log"] == 11
        dead = broker.records(prefix + "events_plugin_ingestion_dlq")
        assert dead[-1].text == "no message at all"
        damage = dict(dead[0].headers)
        assert (damage["dlq_offset"], damage["dlq_last_offset"]) == ("1", "11")
        assert "CRC32C" in damage["dlq_error"]
    finally:
        broker.script("wipe")


def test_the_engine_of_a_data_directory_cannot_be_exchanged(broker, prefix, make_millrace):
    server = make_millrace(options=broker.options(prefix)).start()
    server.stop()
    server.options = []
    with pytest.raises(CommandFailed) as refused:
        run_cli(*server.command()[1:], timeout=30)
    assert "log.engine" in refused.value.errors


def test_commands_that_look_at_files_say_that_the_log_is_on_kafka(broker, prefix, make_millrace,
                                                                  tmp_path):
    server = make_millrace(options=broker.options(prefix)).start()
    listed = server.cli("log list", "--json")
    assert "kafka-console-consumer.sh" in listed.stderr and "spool" in listed.stderr
    answer = json.loads(listed.stdout)
    assert answer["engine"] == "kafka"
    assert {part["topic"] for part in answer["partitions"]} == {"captured.spool",
                                                                "captured.refused"}
    assert "on Kafka" in server.cli("log verify").stderr
    for command in (["describe", "captured"], ["dump", "captured"], ["verify", "captured"],
                    ["truncate-before", "captured", 1]):
        with pytest.raises(CommandFailed) as refused:
            server.cli(f"log {command[0]}", *command[1:])
        assert f"on Kafka, as {CAPTURED}" in refused.value.errors
    made = server.cli("backup", tmp_path / "backup").stderr
    assert "on Kafka" in made and "not part of the backup" in made


def test_a_missing_topic_ends_the_start_by_name(broker, prefix, make_millrace):
    server = make_millrace(options=broker.options(prefix, create_topics="off"))
    with pytest.raises(CommandFailed) as refused:
        run_cli(*server.command()[1:], timeout=30)
    assert prefix + CAPTURED in refused.value.errors
    assert "kafka.create_topics" in refused.value.errors


@pytest.fixture
def guarded(tmp_path):
    """A broker where whoever is nobody may do everything, except what a test denies."""
    broker = Broker(tmp_path / "guarded", extra="\\n".join([
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found=true"])).start()
    yield broker
    broker.script("wipe")


def test_a_topic_that_may_not_be_used_ends_the_start_by_name(guarded, prefix, make_millrace):
    guarded.deny(prefix + CAPTURED)
    server = make_millrace(options=guarded.options(prefix))
    with pytest.raises(CommandFailed) as refused:
        run_cli(*server.command()[1:], timeout=30)
    assert prefix + CAPTURED in refused.value.errors
    assert "grant" in refused.value.errors


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


def test_settings_that_librdkafka_refuses_are_named(broker, prefix, make_millrace):
    server = make_millrace(options=broker.options(prefix, rdkafka="no.such.property=secret"))
    with pytest.raises(CommandFailed) as refused:
        run_cli(*server.command()[1:], timeout=30)
    assert "no.such.property" in refused.value.errors and "secret" not in refused.value.errors


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
