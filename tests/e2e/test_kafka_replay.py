"""Recordings on a real Kafka broker: the reference's message, and read back as they were sent."""

import json
import os
import uuid

import pytest

from kafka_broker import Broker
from millrace import wait_until
from test_replay import exported, item, record, snapshot, wait_session


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    made = Broker(tmp_path_factory.mktemp("kafka") / "broker")
    made.start()
    yield made
    made.script("wipe")


def test_recordings_travel_over_kafka_as_the_contract_says(broker, make_millrace):
    prefix = f"t{uuid.uuid4().hex[:8]}_"
    server = make_millrace(options=[*broker.options(prefix), "--capture.partitions", "2"]).start()
    sent = {f"session-{number}": [] for number in range(6)}
    for step in range(5):
        for session, snapshots in sent.items():
            two = [snapshot(step, n=step), snapshot(step, text="größte\u0085")]
            assert record(server, [item(server, session, two[:1]),
                                   item(server, session, two[1])])[0] == 200
            snapshots += two
        if step == 2:
            os.kill(server.child_ids()["pipeline"], 9)
    for session, snapshots in sent.items():
        found = wait_session(server, session, 5)
        assert int(found["event_count"]) == len(snapshots)
        assert [one for _, one in exported(server, session)] == snapshots

    messages = broker.records(prefix + "session_recording_snapshot_item_events")
    assert len(messages) == 30
    places = {}
    for message in messages:
        data = json.loads(message.value["data"])
        properties = data["properties"]
        session = properties["$session_id"]
        assert message.value["event"] == data["event"] == "$snapshot_items"
        assert list(properties) == ["distinct_id", "$session_id", "$window_id",
                                    "$snapshot_source", "$lib", "$snapshot_items"]
        assert message.key == session and dict(message.headers)["session_id"] == session
        assert dict(message.headers)["token"] == server.token
        assert all(one in sent[session] for one in properties["$snapshot_items"])
        assert places.setdefault(message.key, message.partition) == message.partition
    assert set(places.values()) == {0, 1}
    rows = wait_until(lambda: broker.records(prefix + "clickhouse_session_replay_events"), 10,
                      "rows")
    assert {row.value["block_url"].split("/")[2] for row in rows} == {"captured.replay"}
