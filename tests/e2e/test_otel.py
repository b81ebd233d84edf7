"""OpenTelemetry's own SDKs send spans about language models, as they come from the registry."""

import gzip
import logging
import uuid
import zlib

import pytest
import requests
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest, ExportTraceServiceResponse)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from expect import assert_contains, assert_names, one, rows_of
from node_client import run_node

PATH = "/i/v0/ai/otel/v1/traces"
PROTOBUF = "application/x-protobuf"
CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "m",
    "gen_ai.input.messages": '[{"role": "user", "content": "zoë"}]',
    "gen_ai.usage.input_tokens": 12,
    "gen_ai.request.temperature": 0.7,
    "gen_ai.request.stop_sequences": ["a", "b"],
    "ai.streams": True,
}


def authorization(millrace):
    return {"Authorization": f"Bearer {millrace.token}"}


def assert_stored(millrace, unique, trace_id, spans):
    """What became of the three spans that each SDK sends; `spans` are ids by name."""
    rows = rows_of(millrace, unique, 3)
    assert_names(rows, dollar_ai_trace=1, dollar_ai_generation=1, dollar_ai_span=1)
    root = one(rows, "$ai_trace")["properties"]
    assert_contains(root, {"$ai_span_name": "agent", "$ai_trace_id": trace_id,
                           "$ai_span_id": spans["agent"]})
    chat = one(rows, "$ai_generation")["properties"]
    assert_contains(chat, {
        "$ai_span_name": "chat", "$ai_span_id": spans["chat"], "$ai_parent_id": spans["agent"],
        "$ai_trace_id": trace_id, "$ai_model": "m", "$ai_provider": "openai",
        "$ai_input": [{"role": "user", "content": "zoë"}], "$ai_input_tokens": 12,
        "gen_ai.request.temperature": 0.7, "gen_ai.request.stop_sequences": ["a", "b"],
        "ai.streams": True, "service.name": "shop", "$lib_version": "6.7.1"})
    assert chat["$ai_latency"] > 0
    tool = one(rows, "$ai_span")["properties"]
    assert_contains(tool, {"$ai_span_name": "tool", "$ai_span_id": spans["tool"],
                           "$ai_is_error": True, "$ai_error": "no luck"})
    return rows


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_python_exports_protobuf_once_however_often_it_is_sent(millrace, unique, caplog,
                                                               compression):
    exporter = OTLPSpanExporter(endpoint=millrace.url + PATH, headers=authorization(millrace),
                                compression=compression)
    kept = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource.create({"service.name": "shop",
                                                        "user.id": unique}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    provider.add_span_processor(BatchSpanProcessor(kept))
    tracer = provider.get_tracer("tests", "6.7.1")
    with caplog.at_level(logging.WARNING):
        with tracer.start_as_current_span("agent", attributes={
                "gen_ai.operation.name": "invoke_agent", "ai.large": 2 ** 53 + 1}):
            with tracer.start_as_current_span("chat", attributes=CHAT):
                pass
            with tracer.start_as_current_span("tool", attributes={"gen_ai.tool.name": "t"}) as tool:
                tool.set_status(StatusCode.ERROR, "no luck")
            with tracer.start_as_current_span("GET", attributes={"http.request.method": "GET"}):
                pass
        assert provider.force_flush()
        spans = kept.get_finished_spans()
        assert exporter.export(spans) == SpanExportResult.SUCCESS
        provider.shutdown()
    assert caplog.messages == []
    trace_id = f"{spans[0].context.trace_id:032x}"
    rows = assert_stored(millrace, unique, trace_id,
                         {span.name: f"{span.context.span_id:016x}" for span in spans})
    assert one(rows, "$ai_trace")["properties"]["ai.large"] == 2 ** 53 + 1


@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("form", ["proto", "http"], ids=["protobuf", "json"])
def test_node_exports_either_form(millrace, unique, form, compression):
    printed = run_node("otel.cjs", millrace, unique, form=form, compression=compression,
                       path=PATH, chat=CHAT)
    assert printed["complaints"] == []
    assert_stored(millrace, unique, printed["traceId"], printed["spans"])


def trace_of(unique, **attributes):
    """A request with one span for each attribute, as the published message classes write it."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.add(key="user.id").value.string_value = unique
    spans = group.scope_spans.add().spans
    for key, value in attributes.items():
        span = spans.add(trace_id=uuid.uuid4().bytes, span_id=uuid.uuid4().bytes[:8], name="x")
        span.attributes.add(key=key.replace("_", ".", 1)).value.string_value = value
    return request.SerializeToString()


def post(millrace, body, **headers):
    answer = requests.post(millrace.url + PATH, data=body, timeout=30, headers={
        **authorization(millrace), "Content-Type": PROTOBUF, **headers})
    assert answer.headers["content-type"] == PROTOBUF
    return answer


def test_an_answer_in_protobuf_tells_what_was_not_kept(millrace, unique):
    answer = post(millrace, trace_of(unique, ai_x="y", http_method="GET"))
    assert (answer.status_code, answer.content) == (200, b"")
    # Each of these takes six bytes of JSON.
    body = gzip.compress(trace_of(unique, ai_x="y", ai_large="\x01" * 1_500_000))
    answer = post(millrace, body, **{"Content-Encoding": "gzip"})
    assert answer.status_code == 200
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (partial.rejected_spans, partial.error_message) == (1, "1 ai_event_too_big")
    rows_of(millrace, unique, 2)


def test_an_event_of_8_mib_arrives_and_a_large_resource_is_not_repeated_without_end(millrace,
                                                                                    unique):
    large = "x" * (8 * 1024 * 1024 - 1024)
    body = zlib.compress(trace_of(unique, ai_x=large))
    answer = post(millrace, body, **{"Content-Encoding": "deflate"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert rows_of(millrace, unique, 1)[0]["properties"]["ai.x"] == large
    request = ExportTraceServiceRequest.FromString(trace_of(unique, **{
        f"ai_{i}": "y" for i in range(100)}))
    resource = request.resource_spans[0].resource
    resource.attributes.add(key="noise").value.string_value = "z" * 1_000_000
    answer = post(millrace, gzip.compress(request.SerializeToString()))
    assert answer.status_code == 200
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert partial.error_message == f"{partial.rejected_spans} over_request_work"
    assert 50 < partial.rejected_spans < 100
    rows_of(millrace, unique, 1 + 100 - partial.rejected_spans)


def test_a_refusal_in_protobuf_says_why(millrace, unique):
    whole = trace_of(unique, ai_x="y")
    answer = post(millrace, whole[:-1])
    assert answer.status_code == 400
    assert "protobuf" in Status.FromString(answer.content).message
    answer = post(millrace, whole, Authorization="Bearer phc_nobody")
    assert answer.status_code == 401
    assert "phc_nobody" in Status.FromString(answer.content).message
    answer = post(millrace, b"x" * 22_000_000)
    assert answer.status_code == 413
    assert Status.FromString(answer.content).message
    rows_of(millrace, unique, 0)
