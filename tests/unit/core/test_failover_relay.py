"""A request in a provider's own format: it goes through the core as every other does, and its spec is not sent."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Cut, Error, InvalidRequest, Unreachable
from imagewire_server.contract.events import StreamEvent
from imagewire_server.contract.provider import Report
from imagewire_server.contract.relayed import RelayedRequest
from imagewire_server.core.call import Call
from imagewire_server.core.generate import Engine
from imagewire_server.core.relay import Relay
from imagewire_server.core.wishes import Wishes
from tests.conftest import spec
from tests.unit.core.scripted_providers import BLOCKED, COST, SENT, Scripted, Step, counts, end, engine


class Relaying(Scripted):
    """It also takes requests as they are; its bytes are the number of the call."""

    speaks = "test"

    def __init__(self, *calls: list[Step]) -> None:
        super().__init__(*calls)
        self.relayed: list[tuple[bytes, str]] = []

    async def relay(
        self, request: RelayedRequest, native_id: str, *, report: Report
    ) -> AsyncGenerator[list[StreamEvent], None]:
        self.relayed.append((request.body, native_id))
        assert report.relayed is not None
        report.relayed.begin("application/json")
        report.relayed.add(b"of call %d" % len(self.relayed))
        async for events in self.generate(pb.Spec(), native_id, stream=False, report=report):
            yield events


async def relayed(made: Engine, *, draws: bool = True) -> tuple[Call, bytes | Error]:
    """The record of a call to n0, and its bytes, or its error."""
    call, relay = Call(), Relay(RelayedRequest("draw", b"{ }", draws=draws))
    completion = made.start(spec("n0"), stream=True, deadline=None, call=call, wishes=Wishes(relay=relay))
    try:
        async with completion.attach(hashes=False) as reader:
            async for _ in reader:
                pass
    except Error as error:
        return call, error
    relay.end()
    return call, await relay.read()


WHOLE: list[Step] = [SENT, end(counts())]


async def test_the_bytes_are_those_of_the_call_that_answered() -> None:
    provider = Relaying([SENT, Unreachable("x")], WHOLE)
    call, found = await relayed(engine(provider, num_retries=1))
    assert found == b"of call 2"
    assert [reason for _, reason in call.tried] == ["UPSTREAM_UNREACHABLE", "OK"]
    assert provider.relayed == [(b"{ }", "gemini-2.5-flash-image")] * 2
    assert call.charged == "yes"


async def test_the_bytes_of_a_blocked_prompt_where_nobody_else_answers() -> None:
    blocked: list[Step] = [SENT, end(counts(pictures=0, text=0), prompt_feedback=BLOCKED)]
    first, second = Relaying(blocked), Relaying([SENT, Unreachable("x")])
    routing: Any = {"content_policy_fallbacks": (("n0", ("n1",)),), "num_retries": 0}
    call, found = await relayed(engine(first, second, **routing))
    assert found == b"of call 1"
    assert call.finish_reason == "SAFETY"
    assert call.fallbacks == ["n1"]


async def test_a_count_costs_nothing_however_it_ends() -> None:
    for steps in (WHOLE, [SENT, Cut("x")]):
        call, _ = await relayed(engine(Relaying(list(steps)), num_retries=0), draws=False)
        assert (call.charged, call.cost_nano_usd) == ("no", None)
    drawn, _ = await relayed(engine(Relaying(WHOLE), num_retries=0))
    assert drawn.cost_nano_usd == COST


async def test_a_provider_without_an_api_of_its_own_is_not_asked() -> None:
    provider = Scripted(WHOLE)
    call, found = await relayed(engine(provider, num_retries=0))
    assert isinstance(found, InvalidRequest)
    assert "has another API of its own" in str(found)
    assert not provider.asked
    assert not call.tried


@pytest.mark.parametrize("other", [Relaying(WHOLE), Scripted(WHOLE)])
async def test_a_fallback_answers_if_it_can(other: Scripted) -> None:
    first = Relaying([SENT, Unreachable("x")])
    _, found = await relayed(engine(first, other, fallbacks=(("n0", ("n1",)),), num_retries=0))
    assert found == b"of call 1" if isinstance(other, Relaying) else isinstance(found, Unreachable)
