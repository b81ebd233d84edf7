"""The published `posthog-go` library, unmodified; only its host is changed."""

import collections
import datetime
import json
import uuid

import pytest

from built_client import run_built
from expect import (assert_contains, assert_happened, assert_names, assert_one_person,
                    group_properties, one, rows_of)
from millrace import person_id_of, sql_text

SENT = {"dollar_pageview": 1, "signed up": 1, "dollar_identify": 2, "dollar_create_alias": 1,
        "dollar_groupidentify": 1, "grouped": 1, "by alias": 1, "with flags": 1,
        "dollar_feature_flag_called": 2, "dollar_exception": 2}


def send(millrace, unique, **options):
    """Runs the program; the library has nothing to complain about. Returns what it printed."""
    chosen = str(uuid.uuid4())
    hour_ago = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    hour_ago = hour_ago.replace(microsecond=123000)
    printed = run_built("go/posthog", millrace, unique, uuid=chosen,
                        timestamp=hour_ago.isoformat(), **options)
    assert printed["errors"] == []
    return printed, chosen, hour_ago


@pytest.mark.parametrize("gzip", [True, False], ids=["gzip", "plain"])
def test_every_call_arrives_once(millrace, unique, gzip):
    printed, chosen, hour_ago = send(millrace, unique, gzip=gzip)
    assert printed["delivered"] == sum(SENT.values())
    counted = collections.Counter(printed["requests"])
    batches = f"/batch/ {'gzip' if gzip else ''} 200"
    assert set(counted) == {batches, "/flags/  200"}
    assert counted[batches] >= sum(SENT.values()) // 4

    rows = rows_of(millrace, unique, sum(SENT.values()))
    assert_names(rows, **SENT)
    signed_up = one(rows, "signed up")
    assert signed_up["uuid"] == chosen
    assert_happened(signed_up, hour_ago)
    assert_contains(signed_up["properties"], {
        "plan": "größte", "seats": 3, "ratio": 0.25, "deep": {"a": [1]}, "big": 9007199254740993,
        "service": "shop", "$lib": "posthog-go"})
    assert_contains(one(rows, "$pageview")["properties"],
                    {"$current_url": "https://shop.test/a?b=1", "service": "shop"})
    exceptions = {row["properties"]["$exception_list"][0]["type"]:
                  row["properties"]["$exception_list"][0]["value"]
                  for row in rows if row["event"] == "$exception"}
    assert exceptions == {"ValueError": "something broke", "cart is slow": "took too long"}


def test_persons_and_groups_are_right(millrace, unique):
    # In one request: the library sends its batches beside each other, in any order.
    send(millrace, unique, gzip=True, batch=100)

    rows = rows_of(millrace, unique, sum(SENT.values()))
    user, visitor, alias = (f"{unique}-{name}" for name in ("user", "visitor", "alias"))
    person = assert_one_person(millrace, user, visitor, alias)
    assert person == person_id_of(user)
    for name in ("signed up", "grouped", "by alias", "with flags"):
        assert one(rows, name)["person_id"] == person, name
    assert_contains(millrace.person(person)["properties"],
                    {"name": "Ada", "visits": 2, "city": "Graz"})
    group = f"{unique}-group"
    assert one(rows, "$groupidentify")["distinct_id"] == f"$company_{group}"
    assert json.loads(group_properties(one(rows, "grouped"), group)) == {"name": "Acme", "size": 11}


@pytest.mark.parametrize("secret", ["", "phx_a_secret_key"], ids=["token", "secret"])
def test_flags_are_answered_so_that_the_library_stays_quiet(millrace, unique, secret):
    printed, _, _ = send(millrace, unique, secret_key=secret)
    answers = {"value": False, "enabled": False, "payload": "", "all": 0}
    assert_contains(printed["flags"], answers | {"definitions": 0} if secret else answers)
    assert printed["flags"]["not_found"] is not bool(secret)
    assert all(request.endswith(" 200") for request in printed["requests"])
    rows = rows_of(millrace, unique, sum(SENT.values()))
    assert one(rows, "with flags")["properties"].get("$active_feature_flags") == \
        ([] if secret else None)


def test_an_import_is_marked_as_one(millrace, unique):
    send(millrace, unique, historical=True)
    rows_of(millrace, unique, sum(SENT.values()))

    counted = millrace.query(
        "SELECT event, count() AS n FROM events WHERE historical_migration"
        f" AND position(distinct_id, {sql_text(unique)}) > 0 GROUP BY event")
    names = {row["event"]: int(row["n"]) for row in counted}
    assert names == {name.replace("dollar_", "$"): count for name, count in SENT.items()
                     if name != "dollar_exception"}
