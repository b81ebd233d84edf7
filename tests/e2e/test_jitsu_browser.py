"""The published `@jitsu/js` in Chromium; only its host changed."""

import json

from expect import assert_contains, assert_names, assert_one_person, group_properties, one
from millrace import sql_text
from node_client import run_node


def test_every_call_of_a_page_arrives_once_with_its_person(millrace, unique, picture):
    told = run_node("jitsu_browser.cjs", millrace, unique, picture=str(picture))

    assert told["complaints"] == []
    assert sorted((r["path"], r["status"]) for r in told["requests"] if r["method"] == "POST") == [
        (f"/api/s/{call}", 200)
        for call in ("group", "identify", "page", "page", "track", "track")]

    visitor, user = told["visitor"], f"{unique}-user"
    rows = millrace.wait_events(
        f"distinct_id IN ({sql_text(visitor)}, {sql_text(user)})", 6)
    assert_names(rows, **{"dollar_pageview": 2, "chose": 1, "dollar_identify": 1,
                          "dollar_groupidentify": 1, "came back": 1})
    first = one(rows, "$pageview", distinct_id=visitor)
    assert_contains(first["properties"], {
        "$current_url": f"{told['home']}/?utm_source=news&utm_campaign=spring",
        "$title": "A shop", "utm_source": "news", "utm_campaign": "spring", "$lib": "@jitsu/js",
        "$ip": "127.0.0.1"})
    assert "Chrome" in first["properties"]["$raw_user_agent"]
    assert_contains(one(rows, "chose")["properties"],
                    {"plan": "größte", "seats": 3, "deep": {"a": [1]}})

    person = assert_one_person(millrace, user, visitor)
    assert one(rows, "came back")["distinct_id"] == user
    assert one(rows, "came back")["person_id"] == person
    assert_contains(millrace.person(person)["properties"], {"name": "Ada", "role": "owner"})
    assert json.loads(group_properties(one(rows, "$groupidentify"), f"{unique}-group")) == \
        {"name": "Acme", "size": 11}
