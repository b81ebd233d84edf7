"""Each kind of event travels in a lane, a topic of its own, and all of them arrive."""

import json
import uuid

from millrace import sql_text, wait_until
from test_http import event, send

LANES = {
    "seen": "captured",
    "$exception": "captured.exceptions",
    "$$heatmap": "captured.heatmaps",
    "$ai_generation": "captured.ai",
    "$$client_ingestion_warning": "captured.warnings",
}


def batch(server, events, **more):
    body = {"api_key": server.token, "batch": events, **more}
    return send(server, "POST", "/batch/", body)


def named(name, unique):
    return {"event": name, "distinct_id": unique, "uuid": str(uuid.uuid4()), "properties": {}}


def stored_of(server, unique, count):
    sql = ("SELECT event, _source_topic, _source_offset FROM events WHERE "
           f"distinct_id = {sql_text(unique)}")
    return wait_until(lambda: rows if len(rows := server.query(sql)) == count else None, 20,
                      f"{count} rows")


def log_of(server):
    return {row["topic"]: row for row in json.loads(server.cli("log list", "--json").stdout)
            ["partitions"]}


def test_events_travel_in_the_lane_of_their_name_and_imports_in_theirs(make_millrace, unique):
    server = make_millrace().start()
    assert batch(server, [named(name, unique) for name in LANES])[0] == 200
    # What has a lane of its own counts as fresh in an import too.
    assert batch(server, [named("old", unique), named("$exception", unique)],
                 historical_migration=True)[0] == 200
    ends = {topic: row["next_offset"] for topic, row in log_of(server).items()}
    expected = {**dict.fromkeys(LANES.values(), 1), "captured.exceptions": 2,
                "captured.historical": 1}
    assert {topic: ends[topic] for topic in expected} == expected
    rows = stored_of(server, unique, 7)
    assert sorted((row["event"], row["_source_topic"]) for row in rows) == sorted(
        [("old", "captured.historical"), ("$exception", "captured.exceptions"), *LANES.items()])
    status = server.status()
    assert status["accepted"] == status["ingested"] == 7 and status["lag"]["ingest"] == 0


def test_lanes_go_on_where_they_were_after_a_restart(make_millrace, unique):
    server = make_millrace().start()
    assert batch(server, [named("$exception", unique), named("seen", unique)])[0] == 200
    server.kill_all()
    server.start()
    assert batch(server, [named("$exception", unique)])[0] == 200
    rows = stored_of(server, unique, 3)
    offsets = sorted(int(row["_source_offset"]) for row in rows
                     if row["_source_topic"] == "captured.exceptions")
    assert offsets == [0, 1]


def test_receipts_name_the_lane(make_millrace, unique):
    server = make_millrace(options=["--capture.receipts", "on"]).start()
    _, headers, _ = batch(server, [event(server, unique), event(server, unique, "$ai_trace")])
    assert headers["millrace-receipt"] == "captured/0:0-0, captured.ai/0:0-0"
