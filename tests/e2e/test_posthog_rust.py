"""The published `posthog-rs` crate, unmodified; only its host is changed.

It has its wire format compiled in, so there are two programs.
"""

import datetime
import json
import uuid

import pytest

from built_client import run_built
from expect import (assert_contains, assert_happened, assert_names, assert_one_person,
                    group_properties, one, rows_of)
from millrace import person_id_of, sql_text

# Of those who sent them with a distinct id.
SENT = {"dollar_pageview": 1, "signed up": 1, "dollar_identify": 1, "dollar_create_alias": 1,
        "dollar_groupidentify": 1, "grouped": 1, "in a request": 1, "by alias": 1, "batched": 1,
        "imported": 2, "dollar_exception": 1, "with flags": 1, "dollar_feature_flag_called": 1,
        "waited for": 1, "waited for 2": 1, "waited for 3": 1, "global": 1, "global at the end": 1}


def send(millrace, unique, mode, **options):
    """Runs the program; nothing failed. Returns what it printed, and the chosen uuid and time."""
    chosen = str(uuid.uuid4())
    hour_ago = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    hour_ago = hour_ago.replace(microsecond=123000)
    printed = run_built(f"rust/posthog_{mode}", millrace, unique, uuid=chosen,
                        timestamp=hour_ago.isoformat(), **options)
    assert printed["errors"] == []
    assert printed["told"] == [[1, True], [2, True], [1, True]]
    return printed, chosen, hour_ago


@pytest.mark.parametrize("mode, compression", [
    ("v0", ""), ("v0", "gzip"),
    ("v1", ""), ("v1", "gzip"), ("v1", "deflate"), ("v1", "br"), ("v1", "zstd")])
def test_every_call_arrives_once(millrace, unique, mode, compression):
    _, chosen, hour_ago = send(millrace, unique, mode, compression=compression)

    rows = rows_of(millrace, unique, sum(SENT.values()))
    assert_names(rows, **SENT)
    signed_up = one(rows, "signed up")
    assert signed_up["uuid"] == chosen
    assert_happened(signed_up, hour_ago, within_seconds=2 if mode == "v1" else 0)
    assert_contains(signed_up["properties"], {
        "plan": "größte", "seats": 3, "ratio": 0.25, "deep": {"a": [1]}, "big": 9007199254740993,
        "service": "shop", "$lib": "posthog-rs"})
    assert_contains(one(rows, "$pageview")["properties"],
                    {"$current_url": "https://shop.test/a?b=1"})
    assert one(rows, "in a request")["properties"]["$session_id"] == "s-1"
    broken = one(rows, "$exception")["properties"]
    assert broken["$exception_list"][0]["value"] == "something broke"
    assert_contains(broken, {"route": "/checkout", "$exception_fingerprint": "checkout"})


@pytest.mark.parametrize("mode", ["v0", "v1"])
def test_persons_and_groups_are_right(millrace, unique, mode):
    send(millrace, unique, mode)

    rows = rows_of(millrace, unique, sum(SENT.values()))
    user, visitor, alias = (f"{unique}-{name}" for name in ("user", "visitor", "alias"))
    person = assert_one_person(millrace, user, visitor, alias)
    assert person == person_id_of(user)
    for name in ("signed up", "grouped", "by alias", "in a request", "waited for", "global"):
        assert one(rows, name)["person_id"] == person, name
    assert_contains(millrace.person(person)["properties"],
                    {"email": "a@example.test", "name": "Ada", "first_seen": "today"})
    group = f"{unique}-group"
    assert one(rows, "$groupidentify")["distinct_id"] == f"$company_{group}"
    assert json.loads(group_properties(one(rows, "grouped"), group)) == {"name": "Acme", "size": 11}


@pytest.mark.parametrize("mode", ["v0", "v1"])
def test_anonymous_events_and_imports_are_marked(millrace, unique, mode):
    send(millrace, unique, mode)
    rows_of(millrace, unique, sum(SENT.values()))

    said = sql_text(unique)
    nobodys = millrace.events(
        f"position(properties, {said}) > 0 AND position(distinct_id, {said}) = 0")
    assert_names(nobodys, anonymous=1, dollar_exception=1)
    for row in nobodys:
        assert row["properties"]["$process_person_profile"] is False
        assert row["person_mode"] == "propertyless"
    imported = millrace.query(
        f"SELECT distinct_id FROM events WHERE historical_migration AND event = 'imported'"
        f" AND position(distinct_id, {said}) > 0 ORDER BY distinct_id")
    assert [row["distinct_id"] for row in imported] == [f"{unique}-alias", f"{unique}-user"]


@pytest.mark.parametrize("secret", ["", "phx_a_secret_key"], ids=["token", "secret"])
def test_flags_are_answered_so_that_the_library_stays_quiet(millrace, unique, secret):
    printed, _, _ = send(millrace, unique, "v0", secret_key=secret)
    assert printed["flags"] == {"enabled": False, "value": False, "payload": None, "keys": 0}
