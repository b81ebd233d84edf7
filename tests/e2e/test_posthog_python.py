"""The published `posthog` library for Python, unmodified; only its host is changed."""

import datetime
import json
import uuid

import pytest
from posthog import Posthog

from expect import (assert_contains, assert_happened, assert_names, assert_one_person,
                    group_properties, one, rows_of)
from millrace import person_id_of


def make_client(millrace, **options):
    errors = []
    client = Posthog(millrace.token, host=millrace.url,
                     on_error=lambda error, batch: errors.append(error), **options)
    return client, errors


def send_every_call(client, unique):
    """Uses each call of the library that sends an event; returns what the test must find."""
    user, visitor, alias = f"{unique}-user", f"{unique}-visitor", f"{unique}-alias"
    hour_ago = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=123000)
    hour_ago -= datetime.timedelta(hours=1)
    chosen = uuid.uuid4()
    client.capture("$pageview", distinct_id=visitor,
                   properties={"$current_url": "https://shop.test/a?b=1"})
    client.capture("signed up", distinct_id=user, uuid=chosen, timestamp=hour_ago,
                   properties={"plan": "größte", "seats": 3, "ratio": 0.25, "deep": {"a": [1]},
                               "$set": {"email": "a@example.test"}})
    client.capture("$identify", distinct_id=user,
                   properties={"$anon_distinct_id": visitor, "$set": {"name": "Ada"}})
    client.set(distinct_id=user, properties={"role": "owner"})
    client.set_once(distinct_id=user, properties={"first_seen": "today", "role": "not this"})
    client.alias(previous_id=user, distinct_id=alias)
    client.group_identify("company", f"{unique}-group", {"name": "Acme", "size": 11},
                          distinct_id=user)
    client.capture("grouped", distinct_id=user, groups={"company": f"{unique}-group"})
    client.capture("by alias", distinct_id=alias)
    try:
        raise ValueError("something broke")
    except ValueError as problem:
        client.capture_exception(problem, distinct_id=user)
    return user, visitor, alias, chosen, hour_ago


@pytest.mark.parametrize("options", [
    pytest.param({}, id="queue"),
    pytest.param({"gzip": True}, id="gzip"),
    pytest.param({"sync_mode": True}, id="sync"),
    pytest.param({"capture_mode": "v1"}, id="v1"),
    pytest.param({"capture_mode": "v1", "capture_compression": "gzip"}, id="v1-gzip"),
    pytest.param({"capture_mode": "v1", "capture_compression": "deflate"}, id="v1-deflate"),
])
def test_every_call_arrives_once(millrace, unique, options):
    client, errors = make_client(millrace, **options)
    user, visitor, alias, chosen, hour_ago = send_every_call(client, unique)
    client.shutdown()
    assert errors == []

    rows = rows_of(millrace, unique, 10)
    assert_names(rows, **{
        "dollar_pageview": 1, "signed up": 1, "dollar_identify": 1, "dollar_set": 1,
        "dollar_set_once": 1, "dollar_create_alias": 1, "dollar_groupidentify": 1,
        "grouped": 1, "by alias": 1, "dollar_exception": 1})
    signed_up = one(rows, "signed up")
    assert signed_up["uuid"] == str(chosen)
    is_v1 = options.get("capture_mode") == "v1"
    assert_happened(signed_up, hour_ago, within_seconds=2 if is_v1 else 0)
    assert_contains(signed_up["properties"], {
        "plan": "größte", "seats": 3, "ratio": 0.25, "deep": {"a": [1]}, "$lib": "posthog-python"})
    assert_contains(one(rows, "$pageview")["properties"],
                    {"$current_url": "https://shop.test/a?b=1"})
    assert one(rows, "$exception")["properties"]["$exception_list"][0]["value"] == \
        "something broke"


@pytest.mark.parametrize("mode", ["v0", "v1"])
def test_persons_and_groups_are_right(millrace, unique, mode):
    client, errors = make_client(millrace, capture_mode=mode)
    user, visitor, alias, _, _ = send_every_call(client, unique)
    client.shutdown()
    assert errors == []

    rows = rows_of(millrace, unique, 10)
    person = assert_one_person(millrace, user, visitor, alias)
    assert person == person_id_of(user)
    assert one(rows, "$pageview")["person_id"] == person_id_of(visitor)
    for name in ("signed up", "$identify", "$set", "grouped", "by alias", "$exception"):
        assert one(rows, name)["person_id"] == person, name
    assert_contains(one(rows, "signed up")["person_properties"], {"email": "a@example.test"})
    assert_contains(one(rows, "grouped")["person_properties"], {
        "email": "a@example.test", "name": "Ada", "role": "owner", "first_seen": "today"})
    now = millrace.person(person)
    assert now["is_identified"] == 1
    assert_contains(now["properties"], {"name": "Ada", "role": "owner", "first_seen": "today"})

    group = f"{unique}-group"
    assert json.loads(group_properties(one(rows, "grouped"), group)) == \
        {"name": "Acme", "size": 11}
    stored = millrace.query(
        f"SELECT group_properties FROM groups FINAL WHERE group_key = '{group}'")
    assert [json.loads(row["group_properties"]) for row in stored] == [{"name": "Acme", "size": 11}]


def test_many_events_fill_several_batches(millrace, unique):
    client, errors = make_client(millrace, gzip=True, flush_at=50)
    uuids = [client.capture("step", distinct_id=f"{unique}-{n % 7}", properties={"n": n})
             for n in range(480)]
    client.shutdown()
    assert errors == []

    rows = rows_of(millrace, unique, 480)
    assert sorted(row["uuid"] for row in rows) == sorted(uuids)
    for user in range(7):
        numbers = [row["properties"]["n"] for row in rows
                   if row["distinct_id"] == f"{unique}-{user}"]
        assert numbers == list(range(user, 480, 7)), "a user's events are out of order"


@pytest.mark.parametrize("mode", ["v0", "v1"])
def test_an_unknown_token_is_refused(millrace, unique, mode):
    errors = []
    client = Posthog("phc_nobody_knows_this", host=millrace.url, max_retries=0,
                     capture_mode=mode, on_error=lambda error, batch: errors.append(error))
    client.capture("never stored", distinct_id=unique)
    client.shutdown()
    assert [error.status for error in errors] == [401]


def test_v1_tells_which_event_of_a_batch_was_dropped(millrace, unique):
    client, errors = make_client(millrace, capture_mode="v1")
    client.capture("kept", distinct_id=unique)
    dropped = client.capture("x" * 201, distinct_id=unique)
    client.capture("kept too", distinct_id=unique, properties={"$process_person_profile": False})
    client.shutdown()
    assert [error.drops for error in errors] == [[(dropped, "event_name_too_long")]]

    rows = rows_of(millrace, unique, 2)
    assert_names(rows, **{"kept": 1, "kept too": 1})
    assert one(rows, "kept too")["properties"]["$process_person_profile"] is False
