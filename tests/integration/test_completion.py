"""Completions over the real path: router, provider, HTTP and the emulator."""

import asyncio
import hashlib
from contextlib import suppress

from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.core.call import Call
from imagewire_server.core.event_buffer import BufferBudget, EventBuffer
from imagewire_server.core.feed import OnDisconnect
from tests.conftest import Stack, ended_upstream, spec
from tests.event_forms import message

_SIZE = 3_000_000


async def test_a_drawing_goes_on_without_its_reader_and_a_late_one_gets_all_of_it(stack: Stack) -> None:
    budget, call = BufferBudget(1 << 30), Call()
    completion = stack.server._engine.start(
        spec(f"gemini/emulator-drip-1000-{_SIZE}"),
        stream=True,
        deadline=None,
        call=call,
        buffer=EventBuffer(1 << 30, budget),
        on_disconnect=OnDisconnect.CONTINUE,
    )
    begun = asyncio.Event()

    async def reading() -> None:
        async with completion.attach(hashes=True) as reader:
            async for events in reader:
                if any(isinstance(event, Chunk) for event in events):
                    begun.set()

    first = asyncio.create_task(reading())
    await begun.wait()
    async with completion.attach(hashes=True) as second:
        joined = asyncio.create_task(_all(second))
        first.cancel()
        with suppress(asyncio.CancelledError):
            await first
        (entry,) = stack.emulator.ledger.entries
        assert entry.outcome != "client_disconnected", "the other one reads on"
        seen = await joined
    await ended_upstream(entry)
    assert entry.outcome == "ok"
    assert call.charged == "yes"
    async with completion.attach(hashes=True) as late:
        again = await _all(late)
    assert [message(event) for event in again] == [message(event) for event in seen]
    picture = b"".join(event.data for event in again if isinstance(event, Chunk))
    finished = next(e for e in map(message, again) if e.HasField("part_finished") and e.part_finished.HasField("image"))
    assert len(picture) == _SIZE
    assert finished.part_finished.image.sha256 == hashlib.sha256(picture).digest()
    await completion.aclose()
    assert budget.used == 0


async def test_the_last_reader_to_leave_ends_the_upstream_call(stack: Stack) -> None:
    completion = stack.server._engine.start(
        spec("gemini/emulator-stuck"),
        stream=True,
        deadline=None,
        call=Call(),
        buffer=EventBuffer(1 << 30, BufferBudget(1 << 30)),
    )
    async with completion.attach(hashes=True) as reader, completion.attach(hashes=True) as other:
        await anext(reader)
        await anext(other)
    (entry,) = stack.emulator.ledger.entries
    await ended_upstream(entry)
    assert entry.outcome == "client_disconnected"


async def _all(reader: object) -> list[StreamEvent]:
    return [event async for events in reader for event in events]  # type: ignore[attr-defined]
