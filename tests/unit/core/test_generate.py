"""The engine: deadlines, cancelled calls, and calls that find no place."""

import asyncio
from typing import Any

import pytest

from imagewire_server.config.caller_policies import Policy
from imagewire_server.contract import pb
from imagewire_server.contract.errors import (
    DeadlineExceeded,
    Overloaded,
)
from imagewire_server.core.access.caller import Caller
from imagewire_server.core.access.counts import LocalCounts
from imagewire_server.core.access.quotas import Quotas
from imagewire_server.core.call import Call
from imagewire_server.core.concurrency import Admission
from imagewire_server.core.event_buffer import BufferBudget, EventBuffer
from imagewire_server.core.generate import Engine
from imagewire_server.core.pricing import NANO
from tests.conftest import spec
from tests.unit.core.drawings import ENOUGH, read
from tests.unit.core.scripted_providers import BEGUN, BLOCKED, COST, FULL, SENT, TEXT, Scripted, drawn, end, engine
from tests.unit.core.scripted_providers import counts as usage
from tests.unit.core.scripted_stores import ScriptedStore, keeping


async def test_m_a_deadline_is_charged_only_where_something_was_sent() -> None:
    soon = asyncio.get_running_loop().time()
    call, error = await drawn(engine(Scripted([None])), deadline=soon)
    assert isinstance(error, DeadlineExceeded)
    assert (error.charged, call.charged) == (False, "no")
    assert "nothing was charged" in error.message
    call, error = await drawn(engine(Scripted([SENT, FULL, TEXT, BEGUN, None])), deadline=soon)
    assert isinstance(error, DeadlineExceeded)
    assert (error.charged, call.charged, call.cost_nano_usd) == (True, "yes", COST)


async def test_m_a_cancelled_call_is_told() -> None:
    call, begun = Call(), asyncio.Event()
    made = engine(Scripted([SENT, FULL, TEXT, BEGUN, lambda _: begun.set(), None]))

    async def reading() -> None:
        async with made.start(spec("n0"), stream=True, deadline=None, call=call).attach(hashes=False) as answer:
            async for _ in answer:
                pass

    task = asyncio.create_task(reading())
    await begun.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (call.charged, call.cost_nano_usd) == ("yes", COST)


async def test_a_slot_that_an_api_takes_counts_among_the_calls() -> None:
    made = engine(Scripted([SENT, FULL, end()]), places=1)
    with made.slot():
        _, error = await drawn(made)
        assert isinstance(error, Overloaded)
    _, error = await drawn(made)
    assert error is None


async def test_a_call_has_the_reason_for_which_its_answer_ended() -> None:
    stopped = pb.Event(candidate_finished=pb.CandidateFinished(native_finish_reason="STOP"))
    call, _ = await drawn(engine(Scripted([SENT, FULL, [stopped, *end()]])))
    assert call.finish_reason == "STOP"
    call, _ = await drawn(engine(Scripted([SENT, FULL, end(prompt_feedback=BLOCKED)])))
    assert call.finish_reason == "SAFETY"


@pytest.mark.parametrize("failed", [False, True])
async def test_an_answer_that_is_kept_says_until_when(failed: bool) -> None:
    store = ScriptedStore()
    store.failed = failed
    made = keeping(store, expires=1_900_000_000.5)
    options: Any = {"keeping": made, "buffer": EventBuffer(ENOUGH, BufferBudget(ENOUGH))}
    completion = engine(Scripted([SENT, FULL, end()])).start(
        spec("n0"), stream=True, deadline=None, call=Call(), **options
    )
    started, *_ = await read(completion.attach(hashes=True))
    assert isinstance(started, pb.Event)
    assert started.started.completion_id == "cmpl-1"
    assert started.started.expire_time.seconds == (0 if failed else 1_900_000_000)


async def test_a_call_that_found_no_place_costs_nothing() -> None:
    call, error = await drawn(engine(Scripted(), places=0))
    assert (type(error), call.charged, call.cost_nano_usd) == (Overloaded, "no", None)


async def test_a_drawing_settles_what_was_reserved_for_it() -> None:
    counts = LocalCounts()
    router = engine(Scripted([SENT, FULL, TEXT, end(usage())])).router
    call = Call(caller=Caller("a", Policy("a", usd_per_day=1.0, usd_per_call=1.0)))
    made = Engine(router, Admission(9), Quotas(counts))
    assert await read(made.start(spec("n0"), stream=True, deadline=None, call=call).attach(hashes=False))
    assert call.cost_nano_usd is not None
    left = NANO - call.cost_nano_usd
    assert not (await counts.reserve("a", NANO, left + 1, "more")).ok
    assert (await counts.reserve("a", NANO, left, "all")).ok
