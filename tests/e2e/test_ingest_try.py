"""`millrace ingest try`: what a file of events would become, without a server."""

import json
import subprocess

import pytest

from millrace import PROGRAM

NOW = "2026-01-02T04:00:00Z"


def attempt(lines, *options, expect=0):
    text = "".join(json.dumps(line) + "\n" if isinstance(line, dict) else line for line in lines)
    done = subprocess.run([PROGRAM, "ingest", "try", "-", "--now", NOW, *options], input=text,
                          capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == expect, done.stderr
    return done.stdout if expect == 0 else done.stderr


def result(lines, *options):
    return json.loads(attempt(lines, "--json", *options))


def event(name, distinct_id, properties=None, **more):
    return {"event": name, "distinct_id": distinct_id, "properties": properties or {}, **more}


STORY = [
    event("seen", "anon", {"$browser": "Firefox"}, timestamp="2026-01-02T03:00:00Z",
          ip="192.0.2.1"),
    event("$identify", "ada", {"$anon_distinct_id": "anon", "$set": {"email": "a@x.org"}}),
    event("$groupidentify", "ada",
          {"$group_type": "company", "$group_key": "acme", "$group_set": {"size": 7}}),
    event("bought", "ada", {"$groups": {"company": "acme"}, "price": 1.5}),
]


def test_persons_groups_and_events_come_out():
    out = result(STORY)
    (person,) = out["persons"]
    assert sorted(person["distinct_ids"]) == ["ada", "anon"]
    assert person["is_identified"] and person["properties"]["email"] == "a@x.org"
    assert person["created_at"] == "2026-01-02T03:00:00.000Z"
    assert {i["distinct_id"]: (i["person_id"], i["override"]) for i in out["distinct_ids"]} == {
        "anon": (person["uuid"], False), "ada": (person["uuid"], False)}
    assert out["group_types"] == [{"group_type": "company", "group_type_index": 0}]
    assert out["groups"][0]["group_key"] == "acme"
    assert [e["event"] for e in out["events"]] == [line["event"] for line in STORY]
    seen, bought = out["events"][0], out["events"][-1]
    assert seen["properties"]["$ip"] == "192.0.2.1"
    assert bought["properties"]["price"] == 1.5 and bought["properties"]["$group_0"] == "acme"
    assert bought["person_properties"]["email"] == "a@x.org"
    assert bought["group0_properties"] == {"size": 7}
    assert out["warnings"] == out["dead_letters"] == out["dropped"] == []


@pytest.mark.parametrize("batch", ["1", "2", "100"])
def test_the_size_of_batches_changes_nothing(batch):
    assert result(STORY, "--batch", batch) == result(STORY)


def test_what_is_not_stored_has_a_reason_and_a_line():
    twice = event("once", "ada", uuid="0198b0c1-0000-7000-8000-00000000000a",
                  timestamp="2026-01-02T03:00:00Z")
    out = result([event("x", "x" * 10), {"event": "nobody"}, twice, twice,
                  event("$create_alias", "ada", {"alias": ["b"]}),
                  event("$identify", "undefined", {"$anon_distinct_id": "anon"})])
    assert [(d["line"], d["reason"]) for d in out["dropped"]] == [
        (2, "missing_distinct_id"), (4, "duplicate"), (5, "invalid_alias")]
    assert [w["type"] for w in out["warnings"]] == [
        "invalid_alias", "cannot_merge_with_illegal_distinct_id"]
    assert out["warnings"][0]["details"]["receivedType"] == "array"


def test_lines_tell_of_their_arrival_and_project():
    line = event("seen", "ada", timestamp="2026-01-02T03:00:00Z", now="2026-01-02T03:10:00Z",
                 sent_at="2026-01-02T03:20:00Z", token="phc_any",
                 headers={"force_disable_person_processing": "true"})
    out = result([line, {"batch": [event("a", "b"), event("c", "d")]}], "--team", "42")
    first = out["events"][0]
    assert first["team_id"] == 42 and first["person_mode"] == "propertyless"
    assert first["timestamp"] == "2026-01-02 02:50:00.000"
    assert [e["event"] for e in out["events"]] == ["seen", "a", "c"]
    assert len(out["persons"]) == 2


def test_tables_are_for_people_and_bad_lines_are_named():
    shown = attempt(STORY)
    assert "Persons (1)" in shown and "Events (4)" in shown and "acme" in shown
    said = attempt([STORY[0], "{broken\n"], expect=1)
    assert "line 2" in said
    missing = subprocess.run([PROGRAM, "ingest", "try", "/nowhere.jsonl"], capture_output=True,
                             text=True, timeout=30, check=False)
    assert missing.returncode == 1 and "cannot read the file /nowhere.jsonl" in missing.stderr
