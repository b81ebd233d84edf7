"""The published Segment libraries for Python and Node, unmodified; only the host is changed."""

import pytest
from segment.analytics.client import Client

from segment_calls import check_node, check_python, errors_of_unknown_key


@pytest.mark.parametrize("options", [
    pytest.param({}, id="queue"),
    pytest.param({"gzip": True}, id="gzip"),
    pytest.param({"sync_mode": True}, id="sync"),
])
def test_python_every_call_arrives_once_with_its_person(millrace, unique, options):
    check_python(Client, millrace, unique, **options)


def test_node_every_call_arrives_once_with_its_person(millrace, unique):
    check_node("segment.cjs", "@segment/analytics-node", millrace, unique)


def test_python_sees_an_unknown_key_refused(millrace, unique):
    errors = errors_of_unknown_key(Client, millrace, unique)
    # The library reads `code` and `message` from the body of an error.
    assert [(error.status, error.code != "unknown") for error in errors] == [(401, True)]
