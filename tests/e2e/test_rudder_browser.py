"""The published `@rudderstack/analytics-js` in Chromium; only its two addresses changed."""

import json

from expect import assert_contains, assert_names, assert_one_person, group_properties, one
from millrace import sql_text
from node_client import run_node


def test_every_call_of_a_page_arrives_once_with_its_person(millrace, unique, picture):
    told = run_node("rudder_browser.cjs", millrace, unique, picture=str(picture))

    assert told["complaints"] == []
    # Its source's settings led it on, and it asked for nothing else.
    assert [(r["method"], r["path"], r["status"]) for r in told["requests"]] == [
        ("GET", "/sourceConfig/", 200),
        *(("POST", f"/v1/{call}", 200) for call in ("page", "track", "identify", "group", "alias")),
        ("GET", "/sourceConfig/", 200)]
    beacon = f"{millrace.url}/beacon/v1/batch?writeKey={millrace.token}"
    assert told["beacons"] == [{"url": beacon, "taken": True}]

    visitor, user = told["visitor"], f"{unique}-user"
    rows = millrace.wait_events(
        f"distinct_id IN ({sql_text(visitor)}, {sql_text(user)})", 6)
    assert_names(rows, dollar_pageview=1, chose=1, dollar_identify=1, dollar_groupidentify=1,
                 dollar_create_alias=1, left=1)
    page = one(rows, "$pageview")
    assert page["distinct_id"] == visitor
    assert_contains(page["properties"], {
        "$current_url": f"{told['home']}/?utm_source=news", "$title": "A shop", "name": "Start",
        "category": "docs", "utm_source": "news", "$lib": "RudderLabs JavaScript SDK",
        "$ip": "127.0.0.1"})
    assert_contains(one(rows, "chose")["properties"],
                    {"plan": "größte", "seats": 3, "deep": {"a": [1]}})
    assert one(rows, "left")["properties"]["after"] == 12

    person = assert_one_person(millrace, user, visitor, f"{unique}-earlier")
    assert one(rows, "left")["person_id"] == person
    assert_contains(millrace.person(person)["properties"], {"name": "Ada", "role": "owner"})
    assert json.loads(group_properties(one(rows, "$groupidentify"), f"{unique}-group")) == \
        {"name": "Acme", "size": 11}
