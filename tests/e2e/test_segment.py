"""The published Segment libraries for Python and Node, unmodified; only the host is changed."""

import uuid

import pytest
from segment.analytics.client import Client

from node_client import run_node
from segment_calls import assert_stored, hour_ago, send_every_call


@pytest.mark.parametrize("options", [
    pytest.param({}, id="queue"),
    pytest.param({"gzip": True}, id="gzip"),
    pytest.param({"sync_mode": True}, id="sync"),
])
def test_python_every_call_arrives_once_with_its_person(millrace, unique, options):
    errors = []
    client = Client(millrace.token, host=millrace.url,
                    on_error=lambda error, batch: errors.append(error), **options)
    chosen, moment = str(uuid.uuid4()), hour_ago()
    send_every_call(client, unique, chosen, moment)
    if not options.get("sync_mode"):
        client.shutdown()
    assert errors == []
    assert_stored(millrace, unique, chosen, moment, "analytics-python")


def test_node_every_call_arrives_once_with_its_person(millrace, unique):
    chosen, moment = str(uuid.uuid4()), hour_ago()
    printed = run_node("segment.cjs", millrace, unique, uuid=chosen,
                       timestamp=moment.isoformat())
    assert printed["errors"] == []
    assert_stored(millrace, unique, chosen, moment, "@segment/analytics-node")


def test_python_sees_an_unknown_key_refused(millrace, unique):
    errors = []
    client = Client("nobody_knows_this", host=millrace.url, max_retries=0,
                    on_error=lambda error, batch: errors.append(error))
    client.track(unique, "never stored")
    client.shutdown()
    # The library reads `code` and `message` from the body of an error.
    assert [(error.status, error.code != "unknown") for error in errors] == [(401, True)]
