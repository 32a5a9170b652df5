"""Spans by hand are on the wire what the library makes of the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceState

from imagewire_server.core.trace_context import TraceContext
from imagewire_server.telemetry.recorder import EndedSpan, OpenSpan, Recorder
from imagewire_server.telemetry.span_encoder import SpanEncoder, _value

RESOURCE = Resource({"service.name": "x", "n": 1}, "https://schema")
SCOPE = InstrumentationScope("ours", "1.0")
RECORDER = Recorder(ALWAYS_ON, SpanProcessor())
_IDS = st.integers(1, 2**64 - 1).map(lambda number: f"{number:016x}")
_TRACES = st.builds(
    lambda trace_id, span_id, state: TraceContext(trace_id * 2, span_id, sampled=True, state=state),
    _IDS,
    _IDS,
    st.sampled_from(["", "a=1", "a=1,b=2"]),
)
_VALUES = st.one_of(
    st.text(),
    st.booleans(),
    st.sampled_from([0, 1, 0.0, 1.0, False, True]),  # equal, and of different types
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.lists(st.text(), max_size=3).map(tuple),
    st.text(min_size=100, max_size=400),
)


def _context(trace: TraceContext, *, is_remote: bool = False) -> SpanContext:
    state = TraceState.from_header([trace.state]) if trace.state else None
    return SpanContext(int(trace.trace_id, 16), int(trace.span_id, 16), is_remote=is_remote, trace_state=state)


@given(
    _TRACES,
    st.none() | _TRACES,
    st.sampled_from([SpanKind.SERVER, SpanKind.CLIENT]),
    st.text(),
    st.dictionaries(st.text(min_size=1), _VALUES, max_size=6),
    st.booleans(),
)
def test_a_span_is_on_the_wire_what_the_library_makes_of_it(
    trace: TraceContext,
    above: TraceContext | None,
    kind: SpanKind,
    name: str,
    attributes: dict[str, Any],
    failed: bool,
) -> None:
    ended = EndedSpan(OpenSpan(RECORDER, "", kind, trace, above, 17), name, attributes, failed=failed)
    theirs = ReadableSpan(
        name,
        _context(trace),
        None if above is None else _context(above, is_remote=kind is SpanKind.SERVER),
        RESOURCE,
        attributes,
        kind=kind,
        status=Status(StatusCode.ERROR if failed else StatusCode.UNSET),
        start_time=17,
        end_time=ended.at,
        instrumentation_scope=SCOPE,
    )
    found = ExportTraceServiceRequest.FromString(SpanEncoder(RESOURCE, SCOPE).encode([ended, ended]))
    assert found == encode_spans([theirs, theirs])


def test_what_is_no_unicode_and_what_is_no_value() -> None:
    assert _value("a\ud800") == b"\x0a\x02a?"
    with pytest.raises(TypeError, match="object"):
        _value(object())  # type: ignore[arg-type]
