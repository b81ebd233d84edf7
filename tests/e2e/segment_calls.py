"""Every call of Segment's wire format, which RudderStack's libraries share, and its outcome."""

import datetime
import json
import uuid

from expect import (assert_contains, assert_names, assert_one_person, group_properties, one,
                    rows_of)
from millrace import person_id_of
from node_client import run_node


def hour_ago():
    moment = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    return moment.replace(microsecond=123000)


def check_python(client_class, millrace, unique, **options):
    """Each call of a library for Python arrives once and with its person."""
    errors = []
    client = client_class(millrace.token, host=millrace.url,
                          on_error=lambda error, batch: errors.append(error), **options)
    chosen, moment = str(uuid.uuid4()), hour_ago()
    send_every_call(client, unique, chosen, moment)
    if not options.get("sync_mode"):
        client.shutdown()
    assert errors == []
    assert_stored(millrace, unique, chosen, moment, "analytics-python")


def check_node(program, library, millrace, unique, **options):
    """The same for Node; returns what the program printed."""
    chosen, moment = str(uuid.uuid4()), hour_ago()
    printed = run_node(program, millrace, unique, uuid=chosen, timestamp=moment.isoformat(),
                       **options)
    assert printed["errors"] == []
    assert_stored(millrace, unique, chosen, moment, library)
    return printed


def errors_of_unknown_key(client_class, millrace, unique):
    """What a library for Python tells of a key that no project has."""
    errors = []
    client = client_class("nobody_knows_this", host=millrace.url, max_retries=0,
                          on_error=lambda error, batch: errors.append(error))
    client.track(unique, "never stored")
    client.shutdown()
    return errors


def send_every_call(client, unique, chosen, moment):
    user, visitor, earlier = (f"{unique}-{name}" for name in ("user", "visitor", "earlier"))
    client.page(anonymous_id=visitor, category="docs", name="Start",
                properties={"url": "https://shop.test/a?b=1", "title": "A page",
                            "referrer": "https://from.test/"})
    client.track(user, "signed up", message_id=chosen, timestamp=moment,
                 properties={"plan": "größte", "seats": 3, "ratio": 0.25, "deep": {"a": [1]}},
                 context={"ip": "203.0.113.7", "userAgent": "Tester/1.0",
                          "campaign": {"source": "news"}})
    client.identify(user, {"name": "Ada", "role": "owner"}, anonymous_id=visitor)
    client.screen(user, name="Settings", properties={"tab": "billing"})
    client.alias(earlier, user)
    client.group(user, f"{unique}-group", {"groupType": "company", "name": "Acme", "size": 11})
    client.track(anonymous_id=visitor, event="anonymous step")
    for attempt in (1, 2):
        client.track(user, "repeated", message_id=f"{unique}-message", timestamp=moment,
                     properties={"attempt": attempt})


def assert_stored(millrace, unique, chosen, moment, library):
    rows = rows_of(millrace, unique, 8)
    assert_names(rows, **{
        "dollar_pageview": 1, "signed up": 1, "dollar_identify": 1, "dollar_screen": 1,
        "dollar_create_alias": 1, "dollar_groupidentify": 1, "anonymous step": 1, "repeated": 1})

    signed_up = one(rows, "signed up")
    assert signed_up["uuid"] == chosen
    assert signed_up["timestamp"].startswith(moment.strftime("%Y-%m-%d %H:%M:%S.123"))
    assert_contains(signed_up["properties"], {
        "plan": "größte", "seats": 3, "ratio": 0.25, "deep": {"a": [1]}, "$ip": "203.0.113.7",
        "$raw_user_agent": "Tester/1.0", "utm_source": "news", "$lib": library})
    assert_contains(one(rows, "$pageview")["properties"], {
        "$current_url": "https://shop.test/a?b=1", "$title": "A page",
        "$referrer": "https://from.test/", "name": "Start", "category": "docs"})
    assert_contains(one(rows, "$screen")["properties"],
                    {"$screen_name": "Settings", "tab": "billing"})
    assert one(rows, "repeated")["properties"]["attempt"] in (1, 2)

    user, visitor, earlier = (f"{unique}-{name}" for name in ("user", "visitor", "earlier"))
    person = assert_one_person(millrace, user, visitor, earlier)
    assert person == person_id_of(user)
    assert one(rows, "$pageview")["person_id"] == person_id_of(visitor)
    for name in ("signed up", "$identify", "$screen", "anonymous step", "repeated"):
        assert one(rows, name)["person_id"] == person, name
    assert_contains(one(rows, "$screen")["person_properties"], {"name": "Ada", "role": "owner"})
    assert_contains(millrace.person(person)["properties"], {"name": "Ada", "role": "owner"})
    assert json.loads(group_properties(one(rows, "$groupidentify"), f"{unique}-group")) == \
        {"name": "Acme", "size": 11}
