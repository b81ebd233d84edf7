"""The published `@segment/analytics-next` in Chromium; only the address of its settings changed."""

import json

from expect import assert_contains, assert_names, assert_one_person, group_properties, one
from millrace import sql_text
from node_client import run_node


def test_every_call_of_a_page_arrives_once_with_its_person(millrace, unique, picture):
    told = run_node("segment_browser.cjs", millrace, unique, picture=str(picture))

    assert told["complaints"] == []
    # The settings led it here, and it asked for nothing else.
    assert [(r["method"], r["path"], r["status"]) for r in told["requests"]] == [
        ("GET", f"/v1/projects/{millrace.token}/settings", 200),
        *(("POST", f"/v1/{letter}", 200) for letter in "ptigas")]

    visitor, user = told["visitor"], f"{unique}-user"
    rows = millrace.wait_events(
        f"distinct_id IN ({sql_text(visitor)}, {sql_text(user)})", 6)
    assert_names(rows, dollar_pageview=1, chose=1, dollar_identify=1, dollar_groupidentify=1,
                 dollar_create_alias=1, dollar_screen=1)
    page = one(rows, "$pageview")
    assert page["distinct_id"] == visitor
    assert_contains(page["properties"], {
        "$current_url": f"{told['home']}/?utm_source=news", "$title": "A shop", "name": "Start",
        "category": "docs", "utm_source": "news", "$lib": "analytics.js"})
    assert_contains(one(rows, "chose")["properties"],
                    {"plan": "größte", "seats": 3, "deep": {"a": [1]}})
    assert_contains(one(rows, "$screen")["properties"],
                    {"$screen_name": "Settings", "tab": "billing"})

    person = assert_one_person(millrace, user, visitor, f"{unique}-earlier")
    assert one(rows, "$screen")["person_id"] == person
    assert_contains(millrace.person(person)["properties"], {"name": "Ada", "role": "owner"})
    assert json.loads(group_properties(one(rows, "$groupidentify"), f"{unique}-group")) == \
        {"name": "Acme", "size": 11}
