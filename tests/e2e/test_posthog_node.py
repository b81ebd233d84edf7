"""The published `posthog-node` library, unmodified; only its host is changed."""

import datetime
import json
import uuid

import pytest

from expect import (assert_contains, assert_happened, assert_names, assert_one_person,
                    group_properties, one, rows_of)
from millrace import person_id_of
from node_client import run_node


def send(millrace, unique, **options):
    chosen = str(uuid.uuid4())
    hour_ago = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    hour_ago = hour_ago.replace(microsecond=123000)
    printed = run_node("posthog.cjs", millrace, unique, uuid=chosen,
                       timestamp=hour_ago.isoformat(), **options)
    assert printed["errors"] == []
    v1 = options.get("mode") == "v1"
    assert printed["paths"] == ["/i/v1/analytics/events" if v1 else "/batch/"]
    return chosen, hour_ago


def assert_common(rows, chosen, hour_ago, within_seconds=0):
    signed_up = one(rows, "signed up")
    assert signed_up["uuid"] == chosen
    assert_happened(signed_up, hour_ago, within_seconds)
    assert_contains(signed_up["properties"], {
        "plan": "größte", "seats": 3, "ratio": 0.25, "deep": {"a": [1]}, "$lib": "posthog-node"})
    assert_contains(one(rows, "$pageview")["properties"],
                    {"$current_url": "https://shop.test/a?b=1"})
    assert one(rows, "$exception")["properties"]["$exception_list"][0]["value"] == \
        "something broke"


@pytest.mark.parametrize("gzip", [True, False], ids=["gzip", "plain"])
@pytest.mark.parametrize("mode", ["v0", "v1"])
def test_every_call_arrives_once_with_its_person(millrace, unique, mode, gzip):
    chosen, hour_ago = send(millrace, unique, mode=mode, gzip=gzip)

    rows = rows_of(millrace, unique, 12)
    assert_names(rows, **{
        "dollar_pageview": 1, "signed up": 1, "dollar_identify": 2, "dollar_create_alias": 1,
        "dollar_groupidentify": 1, "grouped": 1, "by alias": 1, "dollar_set": 2,
        "dollar_exception": 1, "last": 1})
    assert_common(rows, chosen, hour_ago, within_seconds=2 if mode == "v1" else 0)

    user, visitor, alias = (f"{unique}-{name}" for name in ("user", "visitor", "alias"))
    person = assert_one_person(millrace, user, visitor, alias)
    assert person == person_id_of(user)
    assert one(rows, "$pageview")["person_id"] == person_id_of(visitor)
    for name in ("signed up", "grouped", "by alias", "last"):
        assert one(rows, name)["person_id"] == person, name
    last = one(rows, "last")["person_properties"]
    assert_contains(last, {
        "city": "Graz", "name": "Ada", "role": "owner", "first_seen": "today"})
    assert "temporary" not in last
    assert_contains(millrace.person(person)["properties"], {"name": "Ada", "role": "owner"})
    assert json.loads(group_properties(one(rows, "grouped"), f"{unique}-group")) == \
        {"name": "Acme", "size": 11}


def test_the_calls_that_wait_arrive_once(millrace, unique):
    chosen, hour_ago = send(millrace, unique, gzip=True, immediate=True)

    rows = rows_of(millrace, unique, 9)
    assert_names(rows, **{
        "dollar_pageview": 1, "signed up": 1, "dollar_identify": 2, "dollar_create_alias": 1,
        "dollar_groupidentify": 1, "grouped": 1, "by alias": 1, "dollar_exception": 1})
    assert_common(rows, chosen, hour_ago)
    assert_one_person(millrace, *(f"{unique}-{name}" for name in ("user", "visitor", "alias")))
