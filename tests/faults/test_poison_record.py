"""A record that kills the pipeline again and again is set aside and named; the rest goes on."""

import json

from millrace import wait_until
from test_http import event, send

POISON = "poison"


def dead_letters(server):
    """The dead letters so far, as `tail` shows them."""
    shown = server.cli("tail", "dead_letters", "--json", check=False).stdout
    return [json.loads(line) for line in shown.splitlines()]


def test_a_record_that_kills_the_pipeline_three_times_is_dead_lettered(make_millrace):
    server = make_millrace(env={"MILLRACE_MISCHIEF": f"ingest.crash_on_event={POISON}"}).start()
    for name in ("before", POISON, "after"):
        status, _, body = send(server, "POST", "/i/v0/e/", event(server, "ada", name))
        assert status == 200, body

    letters = wait_until(lambda: dead_letters(server), 60, "the dead letter")
    assert len(letters) == 1, letters
    headers = letters[0]["headers"]
    assert headers["dlq_reason"] == "crashed_pipeline"
    assert (headers["dlq_topic"], headers["dlq_partition"], headers["dlq_offset"]) == \
        ("captured", "0", "1")
    assert POISON in json.dumps(letters[0]["value"])

    rows = server.wait_events("1", 2)
    assert [row["event"] for row in rows] == ["before", "after"]
    pipeline = [p for p in server.status()["processes"] if p["name"] == "pipeline"][0]
    assert pipeline["restarts"] == 3, pipeline
    named = [line for line in server.log_path.read_text().splitlines()
             if "goes to the dead letters" in line]
    assert any("offset=1" in line and "captured" in line for line in named), server.log_tail()
    assert server.status()["fates"].get("dead_lettered:crashed_pipeline") == 1
