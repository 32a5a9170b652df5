"""A caller's trace goes into the call."""

import pytest
import structlog

from imagewire_server.core.call import Call, Headers
from imagewire_server.core.propagation import Propagation
from imagewire_server.core.trace_context import TraceContext
from tests.unit.core.test_trace_context import PARENT, SPAN, TRACE

GIVEN = [("traceparent", PARENT), ("baggage", "team=art,secret=1"), ("x-other", "1")]
BOTH: list[Headers] = [GIVEN, [(name.encode(), value.encode()) for name, value in GIVEN]]


@pytest.mark.parametrize("headers", BOTH)
async def test_the_trace_and_the_allowed_baggage_are_read(headers: Headers) -> None:
    call = Call("id", headers=headers)
    await Propagation(["team"], upstream=False).intercept(call)
    assert (call.trace, call.baggage) == (TraceContext(TRACE, SPAN, sampled=True), {"team": "art"})
    assert call.passed_on is None
    shown = call.fields()
    assert (shown["trace_id"], shown["span_id"], shown["baggage"]) == (TRACE, SPAN, {"team": "art"})
    assert structlog.contextvars.get_contextvars() == {"trace_id": TRACE, "span_id": SPAN}


async def test_a_call_without_them_says_nothing_of_them() -> None:
    call = Call("id", headers=[("traceparent", "00-a-b-01"), ("baggage", "secret=1")])
    await Propagation(["team"], upstream=False).intercept(call)
    assert call.trace is None
    assert {"trace_id", "span_id", "baggage"}.isdisjoint(call.fields())


async def test_baggage_is_logged_without_a_trace_too() -> None:
    call = Call("id", headers=[("baggage", "team=art")])
    await Propagation(["team"], upstream=False).intercept(call)
    assert (call.fields()["baggage"], "trace_id" in call.fields()) == ({"team": "art"}, False)


async def test_what_the_provider_gets_beside_the_trace() -> None:
    call = Call("id", headers=GIVEN)
    await Propagation(["team"], upstream=True).intercept(call)
    assert call.passed_on == [("x-request-id", "id"), ("baggage", "team=art")]
    plain = Call("id")
    await Propagation([], upstream=True).intercept(plain)
    assert plain.passed_on == [("x-request-id", "id")]


async def test_a_part_of_a_call_has_its_trace() -> None:
    call = Call("id", headers=GIVEN)
    await Propagation(["team"], upstream=True).intercept(call)
    part = call.begin_part()
    assert (part.trace, part.baggage, part.passed_on) == (call.trace, call.baggage, call.passed_on)
