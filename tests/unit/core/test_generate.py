"""The engine: deadlines, cancelled calls, and calls that find no place."""

import asyncio

from imagewire_server.contract.errors import (
    DeadlineExceeded,
    Overloaded,
)
from imagewire_server.core.call import Call
from tests.conftest import spec
from tests.unit.core.scripted_providers import BEGUN, COST, FULL, SENT, TEXT, Scripted, drawn, engine


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


async def test_a_call_that_found_no_place_costs_nothing() -> None:
    call, error = await drawn(engine(Scripted(), places=0))
    assert (type(error), call.charged, call.cost_nano_usd) == (Overloaded, "no", None)
