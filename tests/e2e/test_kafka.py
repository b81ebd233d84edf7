"""The log on a real Kafka broker: what lies on the topics, and what the settings do."""

import json
import uuid

import pytest

from kafka_broker import Broker
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
        *damaged, last = broker.records(prefix + "events_plugin_ingestion_dlq")
        assert last.text == "no message at all"
        # The producer may have split its records into several batches: a dead letter each.
        told = [dict(record.headers) for record in damaged]
        ranges = [range(int(of["dlq_offset"]), int(of["dlq_last_offset"]) + 1) for of in told]
        assert [offset for part in ranges for offset in part] == list(range(1, 12))
        assert all("CRC32C" in of["dlq_error"] for of in told)
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


def test_settings_that_librdkafka_refuses_are_named(broker, prefix, make_millrace):
    server = make_millrace(options=broker.options(prefix, rdkafka="no.such.property=secret"))
    with pytest.raises(CommandFailed) as refused:
        run_cli(*server.command()[1:], timeout=30)
    assert "no.such.property" in refused.value.errors and "secret" not in refused.value.errors
