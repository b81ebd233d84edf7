"""The published `posthog-js` records a session in Chromium; its recorder is loaded from us."""

import json
import os
import pathlib

import pytest

from millrace import ROOT
from node_client import run_node
from test_replay import wait_session

MODULES = pathlib.Path(os.environ.get("NODE_PATH", ROOT / "build/e2e/node/node_modules"))


@pytest.fixture
def recording_server(make_millrace):
    return make_millrace(options=["--replay.projects", "*", "--capture.static-folder",
                                  str(MODULES / "posthog-js/dist")]).start()


def sent_snapshots(bodies):
    """All snapshots that the page sent, in order."""
    found = []
    for body in bodies:
        items = json.loads(body)
        for item in items if isinstance(items, list) else [items]:
            data = item["properties"]["$snapshot_data"]
            found += data if isinstance(data, list) else [data]
    return found


def test_what_a_page_recorded_is_read_back_byte_for_byte(recording_server, unique, picture):
    told = run_node("posthog_replay_browser.cjs", recording_server, unique, picture=str(picture))

    assert told["complaints"] == []
    assert [r["kind"] for r in told["requests"] if is_recorder(r)] == ["script"]
    assert all(r["status"] == 200 for r in told["requests"])
    sent = sent_snapshots(told["bodies"])
    assert {snapshot["type"] for snapshot in sent} >= {2, 3, 4, 5}
    assert any(snapshot.get("cv") == "2024-10" for snapshot in sent)

    session = wait_session(recording_server, told["session"], len(told["bodies"]))
    assert session["distinct_id"] == told["visitor"]
    assert session["first_url"] == f"{told['home']}/"
    numbers = {name: int(session[name]) for name in ("click_count", "event_count")}
    assert numbers == {"click_count": clicks(sent), "event_count": len(sent)}
    assert clicks(sent) >= 2 and int(session["keypress_count"]) >= 3
    assert int(session["active_milliseconds"]) > 0

    lines = recording_server.cli("replay export", told["session"]).stdout.split("\n")[:-1]
    assert [json.loads(line)[1] for line in lines] == sent
    at = 0
    everything = "\n".join(told["bodies"])
    for line in lines:
        window = json.dumps(json.loads(line)[0])
        assert line.startswith(f"[{window},") and line.endswith("]")
        snapshot = line[len(window) + 2:-1]
        at = everything.index(snapshot, at) + len(snapshot)


def is_recorder(request):
    return request["path"].startswith("/static/") and request["path"].endswith("-recorder.js")


def clicks(snapshots):
    return sum(1 for s in snapshots if s["type"] == 3 and s["data"].get("source") == 2
               and s["data"].get("type") == 2)


def test_nobody_is_recorded_who_did_not_ask(millrace, unique, picture):
    told = run_node("posthog_browser.cjs", millrace, unique, picture=str(picture))
    assert not [r for r in told["requests"] if r["path"] == "/s/" or is_recorder(r)]
