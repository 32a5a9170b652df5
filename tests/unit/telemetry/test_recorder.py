"""Spans as a collector reads them, and what the sampler decides."""

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, Sampler
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from imagewire_server.core.trace_context import TraceContext, tracestate
from imagewire_server.telemetry.recorder import EndedSpan, OpenSpan, Recorder
from imagewire_server.telemetry.span_encoder import SpanEncoder

CALLERS = TraceContext("a" * 32, "b" * 16, sampled=True, state="vendor=1")


class _Queue(SpanProcessor):
    def __init__(self) -> None:
        self.ended: list[EndedSpan] = []

    def on_end(self, span: EndedSpan) -> None:  # type: ignore[override]
        self.ended.append(span)


def recorder(sampler: Sampler = ALWAYS_ON) -> tuple[Recorder, _Queue]:
    queue = _Queue()
    return Recorder(sampler, queue), queue


def server(made: Recorder, caller: TraceContext | None) -> OpenSpan:
    return made.begin("GET", caller, before=0.5)


def test_what_a_collector_reads_of_our_spans() -> None:
    made, queue = recorder()
    span = server(made, CALLERS)
    child = made.begin_child("ask", span)
    child.end({"error.type": "X"}, failed=True)
    span.end({"a": 1, "b": ("x",)}, failed=False, name="GET /v1/models")
    encoder = SpanEncoder(Resource({"service.name": "x"}), InstrumentationScope("s", "1"))
    (resource,) = ExportTraceServiceRequest.FromString(encoder.encode(queue.ended)).resource_spans
    assert resource.resource.attributes[0].value.string_value == "x"
    asked, answered = resource.scope_spans[0].spans
    assert (asked.name, asked.kind, asked.status.code) == ("ask", asked.SPAN_KIND_CLIENT, 2)
    assert (answered.name, answered.kind, answered.status.code) == ("GET /v1/models", asked.SPAN_KIND_SERVER, 0)
    assert (answered.trace_id.hex(), answered.parent_span_id.hex()) == (CALLERS.trace_id, CALLERS.span_id)
    assert (asked.trace_id, asked.parent_span_id) == (answered.trace_id, answered.span_id)
    assert answered.trace_state == "vendor=1"
    assert [one.key for one in answered.attributes] == ["a", "b"]
    # It began half a second before its interceptor ran.
    assert asked.start_time_unix_nano - answered.start_time_unix_nano >= 5e8
    assert answered.end_time_unix_nano >= asked.end_time_unix_nano


def test_what_a_header_says_of_a_span() -> None:
    made, _ = recorder()
    span = server(made, CALLERS)
    assert span.trace == CALLERS._replace(span_id=span.trace.span_id)
    assert span.trace.span_id != CALLERS.span_id
    first, second = server(made, None).trace, server(made, None).trace
    assert len({first.trace_id, second.trace_id, CALLERS.trace_id}) == 3
    assert (len(first.trace_id), len(first.span_id), first.state) == (32, 16, "")


def test_a_state_that_the_library_does_not_read_is_handed_on_as_it_came() -> None:
    made, _ = recorder()
    state = tracestate(["1st=x,vendor=1"])
    span = server(made, CALLERS._replace(state=state))
    below = made.begin_child("ask", span)
    assert [one.trace.state for one in (span, below)] == ["1st=x,vendor=1"] * 2


@pytest.mark.parametrize(
    ("sampler", "caller", "sampled"),
    [
        (ParentBased(ALWAYS_ON), None, True),
        (ParentBased(ALWAYS_ON), CALLERS, True),
        (ParentBased(ALWAYS_ON), CALLERS._replace(sampled=False), False),
        (ParentBased(ALWAYS_OFF), None, False),
        (ParentBased(ALWAYS_OFF), CALLERS, True),
        (ALWAYS_OFF, CALLERS, False),
    ],
)
def test_a_sampler_decides_for_a_span_and_those_below_it(
    sampler: Sampler, caller: TraceContext | None, sampled: bool
) -> None:
    made, _ = recorder(sampler)
    span = server(made, caller)
    below = made.begin_child("ask", span)
    assert [one.is_sampled for one in (span, below)] == [sampled] * 2
    assert [one.trace.sampled for one in (span, below)] == [sampled] * 2
