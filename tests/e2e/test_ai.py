"""AI events: PostHog's endpoints for them, with its own libraries and with raw requests."""

import gzip
import json
import uuid

import pytest
from posthog import Posthog

from expect import one, rows_of
from node_client import run_node
from test_http import iso, send

LARGE = 3_000_000


def test_python_sends_ai_events_to_their_endpoint(millrace, unique):
    errors = []
    client = Posthog(millrace.token, host=millrace.url,
                     on_error=lambda error, batch: errors.append(error))
    sent = [client.capture_ai(name, distinct_id=unique,
                              properties={"$ai_model": "m", "$ai_input": "x" * LARGE})
            for name in ("$ai_generation", "$ai_trace", "$ai_embedding")]
    client.shutdown()
    assert errors == []
    rows = rows_of(millrace, unique, 3)
    assert sorted(row["uuid"] for row in rows) == sorted(sent)
    assert len(one(rows, "$ai_trace")["properties"]["$ai_input"]) == LARGE


def test_node_sends_ai_events_to_their_endpoint(millrace, unique):
    printed = run_node("posthog_ai.cjs", millrace, unique, bytes=LARGE)
    assert (printed["errors"], printed["paths"]) == ([], ["/i/v0/ai/batch/"])
    rows = rows_of(millrace, unique, 2)
    assert sorted(row["uuid"] for row in rows) == sorted(printed["uuids"])
    assert len(one(rows, "$ai_generation")["properties"]["$ai_input"]) == LARGE


def v1_headers(millrace, **more):
    return {"Authorization": f"Bearer {millrace.token}", "Content-Type": "application/json",
            "User-Agent": "raw", "PostHog-Sdk-Info": "raw/1.0", "PostHog-Attempt": "1",
            "PostHog-Request-Id": str(uuid.uuid4()),
            "PostHog-Request-Timestamp": iso(0), **more}


def test_v1_takes_large_ai_events_and_drops_all_others(millrace, unique):
    def item(name, **properties):
        return {"event": name, "uuid": str(uuid.uuid4()), "distinct_id": unique,
                "timestamp": "2026-01-02T03:04:05Z", "properties": properties}
    items = [item("$ai_generation", x="x" * 8_000_000), item("$ai_span", x="x" * 9_000_000),
             item("other")]
    body = json.dumps({"created_at": "2026-01-02T03:04:05Z", "batch": items}).encode()
    status, _, text = send(millrace, "POST", "/i/v1/ai/events", gzip.compress(body, 1),
                           v1_headers(millrace, **{"Content-Encoding": "gzip"}))
    assert status == 200, text
    results = json.loads(text)["results"]
    assert [results[one_item["uuid"]] for one_item in items] == [
        {"result": "ok"}, {"result": "drop", "details": "ai_event_too_big"},
        {"result": "drop", "details": "misrouted_event"}]
    row = rows_of(millrace, unique, 1)[0]
    assert len(row["properties"]["x"]) == 8_000_000


@pytest.mark.parametrize("name, status", [("$ai_metric", 200), ("$ai_other", 400)])
def test_the_ai_batch_takes_ai_events_only(millrace, unique, name, status):
    body = {"api_key": millrace.token, "batch": [{"event": name, "distinct_id": unique}]}
    assert send(millrace, "POST", "/i/v0/ai/batch", body)[0] == status
    rows_of(millrace, unique, int(status == 200))


def form_of(parts):
    """A body of multipart/form-data and its headers."""
    lines = []
    for name, content in parts:
        lines += ["--x-end", f'Content-Disposition: form-data; name="{name}"',
                  "Content-Type: application/json", "", content]
    return "\r\n".join([*lines, "--x-end--", ""]).encode()


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_form_brings_one_ai_event(millrace, unique, packed):
    head = {"event": "$ai_generation", "distinct_id": unique, "uuid": str(uuid.uuid4())}
    properties = {"$ai_model": "m", "$ai_input": "ö" * 1_000_000}
    body = form_of([("event", json.dumps(head)),
                    ("event.properties", json.dumps(properties, ensure_ascii=False))])
    headers = {"Authorization": f"Bearer {millrace.token}",
               "Content-Type": "multipart/form-data; boundary=x-end"}
    if packed:
        body = gzip.compress(body)
        headers["Content-Encoding"] = "gzip"
    status, _, text = send(millrace, "POST", "/i/v0/ai", body, headers)
    assert status == 200, text
    assert [part["name"] for part in json.loads(text)["accepted_parts"]] == \
        ["event", "event.properties"]
    row = rows_of(millrace, unique, 1)[0]
    assert (row["uuid"], row["properties"]["$ai_input"]) == (head["uuid"], properties["$ai_input"])


def test_spans_about_language_models_become_events_once(millrace, unique):
    def text(key, value):
        return {"key": key, "value": {"stringValue": value}}
    chat = {"traceId": uuid.uuid4().hex, "spanId": uuid.uuid4().hex[:16], "name": "chat m",
            "startTimeUnixNano": "1767323040000000000", "endTimeUnixNano": "1767323041500000000",
            "attributes": [text("gen_ai.operation.name", "chat"), text("gen_ai.system", "openai"),
                           {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "12"}}]}
    other = {**chat, "spanId": uuid.uuid4().hex[:16], "attributes": [text("http.method", "GET")]}
    body = {"resourceSpans": [{"resource": {"attributes": [text("user.id", unique)]},
                               "scopeSpans": [{"spans": [chat, other]}]}]}
    headers = {"Authorization": f"Bearer {millrace.token}", "Content-Type": "application/json"}
    for _ in range(2):
        status, _, answer = send(millrace, "POST", "/i/v0/ai/otel", body, headers)
        assert (status, answer) == (200, "{}")
    properties = rows_of(millrace, unique, 1)[0]["properties"]
    assert (properties["$ai_input_tokens"], properties["$ai_latency"]) == (12, 1.5)
    assert properties["$ai_trace_id"] == chat["traceId"]
