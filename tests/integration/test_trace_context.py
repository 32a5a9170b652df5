"""A caller's trace over both APIs: in the log, and where the setting is on at the provider."""

import pytest

from tests.conftest import Stack, running_stack
from tests.integration.watching import Watching, request, stream
from tests.unit.core.test_trace_context import PARENT, SPAN, TRACE

HEADERS = {
    "traceparent": PARENT,
    "tracestate": "vendor=1",
    "x-request-id": "mine",
    "baggage": "team=art,secret=no",
    "authorization": "Bearer sk-callers",
}
PASSED = ("traceparent", "tracestate", "x-request-id", "baggage")


async def _both(stack: Stack, headers: dict[str, str]) -> None:
    """Draw over both APIs."""
    await stream(stack, headers=headers)
    answer = await stack.rest.post("/v1/chat/completions", json=request(), headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize("upstream", [False, True])
async def test_a_trace_goes_into_the_log_and_if_wanted_to_the_provider(upstream: bool) -> None:
    watching = Watching()
    async with running_stack(rest=True, interceptors=[watching], trace_upstream=upstream, baggage="team") as stack:
        await _both(stack, HEADERS)
        asked = stack.emulator.ledger.entries
    lines = [{**call.fields(), "request_id": call.request_id} for call in watching.ended]
    assert [(line["trace_id"], line["span_id"], line["request_id"]) for line in lines] == [(TRACE, SPAN, "mine")] * 2
    assert [line["baggage"] for line in lines] == [{"team": "art"}] * 2
    expected = {"traceparent": PARENT, "tracestate": "vendor=1", "x-request-id": "mine", "baggage": "team=art"}
    for entry in asked:
        assert {name: entry.headers.get(name) for name in PASSED} == (expected if upstream else dict.fromkeys(PASSED))
        assert "sk-callers" not in str(entry.headers)
    assert len(asked) == 2


async def test_one_callers_trace_is_not_the_next_ones() -> None:
    watching = Watching()
    async with running_stack(rest=True, interceptors=[watching], trace_upstream=True) as stack:
        await _both(stack, HEADERS)
        await _both(stack, {"traceparent": "00-a-b-01", "x-request-id": "next"})
        asked = stack.emulator.ledger.entries[2:]
    assert all({"trace_id", "span_id", "baggage"}.isdisjoint(call.fields()) for call in watching.ended[2:])
    assert [(entry.headers.get("traceparent"), entry.headers["x-request-id"]) for entry in asked] == [
        (None, "next")
    ] * 2


async def test_each_picture_of_several_is_drawn_within_the_trace() -> None:
    async with running_stack(rest=True, trace_upstream=True) as stack:
        body = {"model": "gemini/gemini-2.5-flash-image", "prompt": "A banana", "n": 2}
        answer = await stack.rest.post("/v1/images/generations", json=body, headers=HEADERS)
        assert answer.status_code == 200
        assert [entry.headers["traceparent"] for entry in stack.emulator.ledger.entries] == [PARENT] * 2
