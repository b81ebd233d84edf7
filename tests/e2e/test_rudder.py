"""The published RudderStack libraries for Python and Node, unmodified; only the host is changed."""

import pytest
import requests
from rudderstack.analytics.client import Client

from expect import assert_contains, assert_names, one, rows_of
from millrace import person_id_of
from segment_calls import check_node, check_python, errors_of_unknown_key


@pytest.mark.parametrize("options", [
    pytest.param({}, id="queue"),
    pytest.param({"gzip": False}, id="plain"),
    pytest.param({"sync_mode": True}, id="sync"),
])
def test_python_every_call_arrives_once_with_its_person(millrace, unique, options):
    check_python(Client, millrace, unique, **options)


@pytest.mark.parametrize("gzip", [True, False], ids=["gzip", "plain"])
def test_node_every_call_arrives_once_with_its_person(millrace, unique, gzip):
    printed = check_node("rudder.cjs", "analytics-node", millrace, unique, gzip=gzip)
    assert printed["delivered"] == 9


def test_python_sends_more_than_segment_would_take(millrace, unique):
    errors = []
    client = Client(millrace.token, host=millrace.url, gzip=False, upload_size=20,
                    on_error=lambda error, batch: errors.append(error))
    for number in range(20):
        client.track(unique, f"large {number}", {"text": "x" * 100_000})
    client.shutdown()
    assert errors == []
    rows = rows_of(millrace, unique, 20)
    assert {len(row["properties"]["text"]) for row in rows} == {100_000}


def test_python_sees_an_unknown_key_refused(millrace, unique):
    errors = errors_of_unknown_key(Client, millrace, unique)
    assert [(error.status, error.code) for error in errors] == [(401, "unknown_token")]


@pytest.mark.parametrize("headers, status, reason", [
    pytest.param({"AnonymousId": "YQ=="}, 413, "code", id="rudderstack"),
    pytest.param({}, 400, "code", id="segment"),
    pytest.param({"X-Write-Key": "{token}"}, 413, "error", id="jitsu"),
])
def test_a_body_over_the_limit_is_refused_in_the_familys_words(millrace, headers, status, reason):
    sent = {name: value.format(token=millrace.token) for name, value in headers.items()}
    answer = requests.post(f"{millrace.url}/v1/batch", timeout=30, data=b" " * (4000 * 1024 + 1),
                           headers={"Origin": "https://shop.test", **sent})
    assert (answer.status_code, answer.json()[reason]) == (status, "body_too_large")
    assert answer.headers["access-control-allow-origin"] == "https://shop.test"


def test_a_pixel_and_a_beacon_arrive(millrace, unique):
    answer = requests.get(f"{millrace.url}/pixel/v1/page", timeout=30, params={
        "writeKey": millrace.token, "anonymousId": f'"{unique}"', "name": "Mail",
        "properties.url": "https://shop.test/mail", "context.campaign.source": "news"},
        headers={"User-Agent": "Reader/2.0"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
    assert answer.content.startswith(b"GIF89a") and len(answer.content) == 43
    answer = requests.post(
        f"{millrace.url}/beacon/v1/batch?writeKey={millrace.token}", timeout=30,
        headers={"Content-Type": "text/plain", "User-Agent": "Browser/3.0"},
        json={"batch": [{"type": "track", "event": "left", "anonymousId": unique,
                         "properties": {"after": 12}}]})
    assert (answer.status_code, answer.text) == (200, "ok")

    rows = rows_of(millrace, unique, 2)
    assert_names(rows, dollar_pageview=1, left=1)
    assert_contains(one(rows, "$pageview")["properties"], {
        "name": "Mail", "$current_url": "https://shop.test/mail", "utm_source": "news",
        "$raw_user_agent": "Reader/2.0", "$ip": "127.0.0.1"})
    assert_contains(one(rows, "left")["properties"], {
        "after": 12, "$raw_user_agent": "Browser/3.0", "$ip": "127.0.0.1"})
    assert {row["person_id"] for row in rows} == {person_id_of(unique)}
