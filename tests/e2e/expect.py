"""What the client tests expect of stored events, in the words of the capture contract."""

import collections
import datetime

from millrace import sql_text


def rows_of(millrace, unique, count):
    """All events of one test, once exactly `count` have arrived.

    A test names its distinct ids after its `unique` text, so this also sees events that
    should not be there.
    """
    return millrace.wait_events(f"position(distinct_id, {sql_text(unique)}) > 0", count)


def assert_names(rows, **expected):
    """Counts by event name; names that start with $ are given as dollar_NAME."""
    wanted = {name.replace("dollar_", "$", 1): count for name, count in expected.items()}
    assert dict(collections.Counter(row["event"] for row in rows)) == wanted
    assert len({row["uuid"] for row in rows}) == len(rows), "two rows share a uuid"


def one(rows, event, **where):
    """The one row of an event name whose columns or properties have these values."""
    found = [row for row in rows if row["event"] == event and all(
        row.get(key, row["properties"].get(key)) == value for key, value in where.items())]
    assert len(found) == 1, f"{len(found)} rows of {event} {where}"
    return found[0]


def assert_contains(actual, expected):
    """Every expected key has its value; more keys may be there."""
    seen = {key: actual.get(key, "(absent)") for key in expected}
    assert seen == expected


def assert_happened(row, at, within_seconds=0):
    """v0 keeps the client's time to the millisecond; v1 corrects it by the request's way to us."""
    happened = datetime.datetime.fromisoformat(row["timestamp"])
    happened = happened.replace(tzinfo=datetime.timezone.utc)
    assert abs((happened - at).total_seconds()) <= within_seconds


def assert_one_person(millrace, *distinct_ids):
    """All these ids belong to one person now; returns its id."""
    owners = {distinct_id: millrace.person_of(distinct_id) for distinct_id in distinct_ids}
    assert len(set(owners.values())) == 1, owners
    return owners[distinct_ids[0]]


def group_properties(row, group_key):
    """Text of the group properties that a row carries for a group key."""
    indexes = [n for n in range(5) if row["properties"].get(f"$group_{n}") == group_key]
    assert len(indexes) == 1, f"row names {group_key} {len(indexes)} times"
    return row[f"group{indexes[0]}_properties"]
