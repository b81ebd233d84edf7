"""The published `posthog-js` library in Chromium, unmodified; only its host is changed."""

import json

from expect import assert_contains, assert_names, assert_one_person, group_properties, one
from millrace import person_id_of, sql_text
from node_client import run_node


def events_of(millrace, distinct_id, count):
    return millrace.wait_events(f"distinct_id = {sql_text(distinct_id)}", count)


def test_a_visit_of_two_sites_is_stored_and_stays_quiet(millrace, unique, picture):
    told = run_node("posthog_browser.cjs", millrace, unique, picture=str(picture))

    # Neither a line on the console nor a request that failed, on both pages.
    assert told["complaints"] == []
    assert_requests(millrace, told)
    anonymous = events_of(millrace, told["visitor"], 4)
    identified = events_of(millrace, f"{unique}-user", 5)
    assert_anonymous(anonymous, told)
    assert_identified(millrace, identified, unique, told["visitor"])
    assert_elsewhere(millrace, told, unique)


def assert_requests(millrace, told):
    requests = told["requests"]
    config = f"/array/{millrace.token}/config.js"
    assert [r["status"] for r in requests if r["path"] == config] == [200, 200]
    assert all(r["status"] == 200 for r in requests)
    assert any(r["path"] == "/flags/" for r in requests)

    # gzip, of which no header and no query tells; several events in one request.
    batches = [r for r in requests if "batch" in (r.get("json") or {})]
    assert all(r["packed"] and r["encoding"] == "" and r["query"] == "" for r in batches)
    together = [[event["event"] for event in r["json"]["batch"]] for r in batches]
    assert ["$autocapture", "chose", "paid"] in together, together

    first_beacon = told["beacons"][0]
    assert first_beacon["taken"] and first_beacon["url"].startswith(millrace.url)


def assert_anonymous(rows, told):
    assert_names(rows, dollar_pageview=1, dollar_autocapture=1, chose=1, paid=1)
    home = f"{told['home']}/?utm_source=news"
    assert_contains(one(rows, "$pageview")["properties"], {
        "$current_url": home, "$pathname": "/", "title": "A shop", "utm_source": "news",
        "$lib": "web", "$device_type": "Desktop"})
    clicked = one(rows, "$autocapture")
    assert_contains(clicked["properties"], {"$event_type": "click", "$el_text": "Buy now"})
    chose = one(rows, "chose")
    assert_contains(chose["properties"], {
        "plan": "größte", "seats": 3, "ratio": 0.25, "deep": {"a": [1]}, "$current_url": home})
    assert one(rows, "paid")["properties"]["filler"] == "x" * 2000
    # What the library sent is what is stored, uuid and all.
    sent = {event["uuid"]: event["event"] for r in told["requests"]
            for event in (r.get("json") or {}).get("batch", [])}
    for row in rows:
        assert sent[row["uuid"]] == row["event"]
        assert row["person_mode"] == "propertyless", row["event"]


def assert_identified(millrace, rows, unique, visitor):
    assert_names(rows, dollar_identify=1, dollar_groupidentify=1, grouped=1, leaving=1,
                 dollar_pageleave=1)
    person = assert_one_person(millrace, f"{unique}-user", visitor)
    assert {row["person_id"] for row in rows} == {person}
    assert_contains(millrace.person(person), {"is_identified": 1})
    assert_contains(millrace.person(person)["properties"],
                    {"name": "Ada", "role": "owner", "first_seen": "today"})
    assert one(rows, "$identify")["properties"]["$anon_distinct_id"] == visitor
    assert_contains(one(rows, "grouped")["person_properties"], {"name": "Ada", "role": "owner"})
    for name in ("grouped", "leaving"):
        assert json.loads(group_properties(one(rows, name), f"{unique}-group")) == \
            {"name": "Acme", "size": 11}


def assert_elsewhere(millrace, told, unique):
    stranger = told["stranger"]
    assert stranger != told["visitor"]
    rows = millrace.wait_events(
        f"distinct_id = {sql_text(stranger)} AND event = '$pageview'", 1)
    assert_contains(rows[0]["properties"], {
        "$current_url": f"{told['other']}/", "$referrer": f"{told['home']}/"})
    assert told["answer"] == {"status": 200, "json": {"status": "Ok"}}
    rows = events_of(millrace, f"{unique}-stranger", 1)
    assert rows[0]["person_id"] == person_id_of(f"{unique}-stranger")
