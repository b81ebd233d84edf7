"""Recordings of sessions: taken at /s, kept whole, counted, and read back by session id."""

import concurrent.futures
import gzip
import http.client
import json
import os
import random
import time
import uuid

from millrace import CommandFailed, run_cli, wait_until
from test_http import event, send

import pytest


def item(server, session, snapshots, **more):
    """One item as client libraries send it."""
    properties = {"token": server.token, "distinct_id": f"{session}-user", "$session_id": session,
                  "$window_id": f"{session}-w", "$lib": "web", "$snapshot_data": snapshots, **more}
    return {"event": "$snapshot", "uuid": str(uuid.uuid4()), "properties": properties,
            "offset": 10}


def record(server, items, **options):
    body = gzip.compress(json.dumps(items, ensure_ascii=False).encode())
    status, _, answer = send(server, "POST", "/s/", body, **options)
    return status, answer


def snapshot(number, **data):
    return {"type": 3, "data": {"source": 0, **data}, "timestamp": int(time.time() * 1000) + number}


def sessions(server):
    listed = json.loads(server.cli("replay list", "--json").stdout)["sessions"]
    return {session["session_id"]: session for session in listed}


def wait_session(server, session, blocks):
    def whole():
        found = sessions(server).get(session)
        return found if found and int(found["message_count"]) >= blocks else None
    found = wait_until(whole, 30, f"{blocks} blocks of {session}")
    assert int(found["message_count"]) == blocks
    return found


def exported(server, session):
    # Texts may hold characters that Python takes for the ends of lines.
    lines = server.cli("replay export", session).stdout.split("\n")[:-1]
    return [json.loads(line) for line in lines]


def test_a_session_is_kept_whole_counted_and_read_back(millrace, unique):
    session = unique.replace("_", "-")
    first = [{"type": 4, "data": {"href": "https://shop.example/"},
              "timestamp": int(time.time() * 1000)},
             {"type": 2, "cv": "2024-10", "data": gzip.compress(b"page").decode("latin-1"),
              "timestamp": int(time.time() * 1000)}]
    second = [snapshot(1, source=2, type=2), snapshot(2, source=5, text="größte"),
              {"type": 6, "data": {"plugin": "rrweb/console@1", "payload": {"level": "error"}},
               "timestamp": int(time.time() * 1000)}]
    assert record(millrace, [item(millrace, session, first)])[0] == 200
    assert record(millrace, [item(millrace, session, second),
                             item(millrace, session, [snapshot(3)])])[0] == 200
    found = wait_session(millrace, session, 2)
    numbers = {name: int(found[name]) for name in (
        "event_count", "click_count", "keypress_count", "mouse_activity_count",
        "console_error_count", "project_id")}
    assert numbers == {"event_count": 6, "click_count": 1, "keypress_count": 1,
                       "mouse_activity_count": 1, "console_error_count": 1, "project_id": 1}
    assert found["first_url"] == "https://shop.example/"
    assert found["distinct_id"] == f"{session}-user"
    lines = exported(millrace, session)
    assert [window for window, _ in lines] == [f"{session}-w"] * 6
    assert [one for _, one in lines][:5] == first + second

    shown = json.loads(millrace.cli("replay show", session, "--json").stdout)
    assert shown["all_urls"] == ["https://shop.example/"] and len(shown["block_urls"]) == 2
    assert "https://shop.example/" in millrace.cli("replay show", session).stdout
    assert session in millrace.cli("replay list").stdout
    # It is no event.
    assert millrace.events(f"distinct_id = '{session}-user'") == []


def test_what_there_is_not_is_said(millrace):
    with pytest.raises(CommandFailed, match="no recording of the session nobody"):
        millrace.cli("replay export", "nobody")
    with pytest.raises(CommandFailed, match="letters, digits and hyphens"):
        millrace.cli("replay show", "../status")


def test_a_request_that_is_sent_again_counts_once(millrace, unique):
    session = unique.replace("_", "-")
    same = [item(millrace, session, [snapshot(1)])]
    for _ in range(3):
        assert record(millrace, same)[0] == 200
    assert record(millrace, [item(millrace, session, [snapshot(2)])])[0] == 200
    wait_session(millrace, session, 2)
    assert len(exported(millrace, session)) == 2


def record_until_answered(server, items):
    """As a client that sends the same request again until it gets an answer."""
    def answered():
        try:
            return record(server, items)[0]
        except (OSError, http.client.HTTPException):
            return None
    assert wait_until(lambda: answered() == 200, 30, "an answer")


def test_kills_of_every_process_lose_and_double_nothing(make_millrace):
    server = make_millrace().start()
    names = [f"session-{number}" for number in range(8)]
    sent = {name: [] for name in names}

    def send_some(name, numbers):
        for number in numbers:
            one = snapshot(number, id=number)
            record_until_answered(server, [item(server, name, [one])])
            sent[name].append(one)

    for step in range(6):
        with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
            running = [pool.submit(send_some, name, range(step * 25, step * 25 + 25))
                       for name in names]
            wait_until(lambda: sum(map(len, sent.values())) > (step * 25 + 8) * len(names), 30,
                       "some recordings")
            for process in ("pipeline", "store", *(["accept"] if step % 2 else [])):
                pid = server.child_ids().get(process)
                if pid is not None:
                    os.kill(pid, 9)
            for future in running:
                future.result()
        wait_until(server.can_query, 30, "the store")
    for name in names:
        found = wait_session(server, name, 150)
        assert int(found["event_count"]) == 150
        assert [one for _, one in exported(server, name)] == sent[name]


def test_a_large_snapshot_is_kept_and_one_over_the_limit_is_refused(make_millrace):
    server = make_millrace().start()
    large = snapshot(1, text=os.urandom(9 * 1024 * 1024).hex())
    assert record(server, [item(server, "large", [large])])[0] == 200
    over = gzip.compress(b" " * (125 * 1024 * 1024 + 1), 1)
    status, _, answer = send(server, "POST", "/s/", over)
    assert status == 413, answer
    wait_session(server, "large", 1)
    assert exported(server, "large") == [["large-w", large]]
    assert server.status()["recordings"] == {"accepted": 1, "ingested": 1, "fates": {"stored": 1}}


def test_a_recording_larger_than_a_record_is_kept_packed(make_millrace):
    server = make_millrace().start()
    noise = f"{random.getrandbits(40 * 1024 * 1024):b}"
    snapshots = [snapshot(1, text=noise), snapshot(2, text="größer" * 9_000_000)]
    items = [item(server, "huge", [one]) for one in snapshots]
    text = json.dumps(items, ensure_ascii=False).encode()
    assert len(text) > 100 * 1024 * 1024
    body = gzip.compress(text, 1)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        sending = pool.submit(send, server, "POST", "/s/", body)
        others = 0
        while not sending.done():
            assert send(server, "POST", "/i/v0/e/", json.dumps(event(server, "beside")))[0] == 200
            others += 1
        assert sending.result()[0] == 200
    assert others > 0
    wait_session(server, "huge", 1)
    assert [one for _, one in exported(server, "huge")] == snapshots
    tailed = json.loads(server.cli("tail", "captured.replay", "--json").stdout)
    assert tailed["key"] == "huge"


def test_what_the_log_no_longer_holds_is_named(make_millrace):
    server = make_millrace(options=["--log.segment-bytes", "1MiB"]).start()
    snapshots = [snapshot(number, text=os.urandom(300_000).hex()) for number in range(8)]
    for one in snapshots:
        assert record(server, [item(server, "old", [one])])[0] == 200
    wait_session(server, "old", 8)
    wait_until(lambda: server.cli("log truncate-before", "captured.replay/0", "4", check=False)
               .returncode == 0, 10, "the note of the consumer")
    done = server.cli("replay export", "old", check=False)
    assert done.returncode == 1
    left = [json.loads(line)[1] for line in done.stdout.split("\n")[:-1]]
    assert 4 <= len(left) < 8 and left == snapshots[-len(left):]
    named = done.stderr.strip().split("\n")
    assert len(named) == 8 - len(left) and all("captured.replay/0" in line for line in named)


def test_a_backup_has_the_recordings(make_millrace, tmp_path):
    server = make_millrace().start()
    snapshots = [snapshot(number) for number in range(5)]
    for one in snapshots:
        assert record(server, [item(server, "saved", [one])])[0] == 200
    wait_session(server, "saved", 5)
    run_cli("backup", tmp_path / "backup", "--data", server.data)
    restored = make_millrace("restored")
    run_cli("restore", tmp_path / "backup", "--data", restored.data)
    restored.start()
    assert [one for _, one in exported(restored, "saved")] == snapshots
    assert record(restored, [item(restored, "saved", [snapshot(9)])])[0] == 200
    wait_session(restored, "saved", 6)


def test_a_session_of_two_projects_needs_its_project(make_millrace):
    server = make_millrace().start()
    other = json.loads(run_cli("project", "add", "other", "--token", "phc_other", "--json",
                               "--data", server.data).stdout)
    wait_until(lambda: record(server, [item(server, "twice", [snapshot(1)],
                                            token="phc_other")])[0] == 200, 10, "the project")
    assert record(server, [item(server, "twice", [snapshot(2)])])[0] == 200
    wait_until(lambda: len(json.loads(server.cli("replay list", "--json").stdout)["sessions"]) == 2,
               30, "both sessions")
    with pytest.raises(CommandFailed, match="name the project"):
        server.cli("replay show", "twice")
    shown = json.loads(server.cli("replay show", "twice", "--json", "--project",
                                  str(other["id"])).stdout)
    assert int(shown["project_id"]) == other["id"]
