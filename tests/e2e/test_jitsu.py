"""The published `@jitsu/js` in Node, unmodified; only the host is changed."""

import json

import pytest
import requests

from expect import (assert_contains, assert_names, assert_one_person, group_properties, one,
                    rows_of)
from millrace import person_id_of, sql_text
from node_client import run_node


@pytest.mark.parametrize("s2s", [True, False], ids=["server", "browser"])
@pytest.mark.parametrize("key", ["{token}:any", "any:{token}"], ids=["id", "secret"])
def test_every_call_arrives_once_with_its_person(millrace, unique, s2s, key):
    told = run_node("jitsu.cjs", millrace, unique, s2s=s2s,
                    key=key.format(token=millrace.token))
    assert told["complaints"] == []
    prefix = "/api/s/s2s/" if s2s else "/api/s/"
    assert told["answers"] == [[prefix + call, 200, '{"ok":true}'] for call in (
        "track", "page", "track", "identify", "group", "track", "track")]

    rows = rows_of(millrace, unique, 6)
    assert_names(rows, **{
        "dollar_pageview": 1, "signed up": 1, "dollar_identify": 1, "dollar_groupidentify": 1,
        "known step": 1, "another visitor": 1})
    assert_contains(one(rows, "$pageview")["properties"], {
        "$current_url": "https://shop.test/a?b=1", "$title": "A page", "name": "Start",
        "$referrer": "https://from.test/", "utm_source": "news", "$lib": "@jitsu/js"})
    # What a browser says of its own address is not believed; a server speaks of its users.
    assert_contains(one(rows, "signed up")["properties"], {
        "plan": "größte", "seats": 3, "ratio": 0.25, "deep": {"a": [1]},
        "$raw_user_agent": "Tester/1.0", "$ip": "203.0.113.7" if s2s else "127.0.0.1"})
    user, visitor = f"{unique}-user", f"{unique}-visitor"
    person = assert_one_person(millrace, user, visitor)
    assert one(rows, "known step")["distinct_id"] == user
    assert one(rows, "known step")["person_id"] == person
    assert one(rows, "another visitor")["person_id"] == person_id_of(f"{unique}-later")
    assert_contains(millrace.person(person)["properties"], {"name": "Ada", "role": "owner"})
    assert json.loads(group_properties(one(rows, "$groupidentify"), f"{unique}-group")) == \
        {"name": "Acme", "size": 11}

    # Without any id: kept, for nobody, and without an address.
    shy = millrace.wait_events(f"event = {sql_text(unique + ' unknown')}", 1)[0]
    assert shy["distinct_id"] == shy["uuid"]
    assert "$ip" not in shy["properties"]
    assert millrace.query("SELECT count() AS n FROM person_distinct_ids WHERE distinct_id = "
                          + sql_text(shy["distinct_id"]))[0]["n"] in (0, "0")


def test_a_wrong_key_is_told(millrace, unique):
    told = run_node("jitsu.cjs", millrace, unique, s2s=True, key="nobody:knows")
    assert {(status, json.loads(body)["error"]) for _, status, body in told["answers"]} == {
        (401, "unknown_token")}
    assert len(told["complaints"]) == 7


def test_batches_share_paths_with_other_families(millrace, unique):
    for number, path in enumerate(("/api/s/s2s/batch", "/batch", "/v1/batch", "/b")):
        answer = requests.post(
            millrace.url + path, timeout=30, headers={"X-Write-Key": f"{millrace.token}:any"},
            json={"batch": [{"type": "track", "event": f"step {number}", "userId": unique}]})
        assert (answer.status_code, answer.json()) == (200, {"ok": True})
    answer = requests.post(f"{millrace.url}/batch", timeout=30, json={
        "api_key": millrace.token, "batch": [{"event": "step 4", "distinct_id": unique}]})
    assert (answer.status_code, answer.json()) == (200, {"status": "Ok"})
    answer = requests.get(f"{millrace.url}/api/px/track", timeout=30, params={
        "writekey": millrace.token, "event": "step 5", "userId": unique})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
    # What lies beside these paths is still the control API's.
    assert requests.get(f"{millrace.url}/api/status", timeout=30).status_code == 401
    rows = rows_of(millrace, unique, 6)
    assert {row["event"] for row in rows} == {f"step {number}" for number in range(6)}
