"""A feed whose source or close is cancelled."""

import asyncio
from collections.abc import AsyncGenerator, Callable

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Internal
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.core.completion import Completion
from imagewire_server.core.event_buffer import BufferBudget, EventBuffer
from imagewire_server.core.numbering import Numbering
from tests.unit.core.drawings import ENOUGH, batches, read, settle


def cancelling(after: int) -> Callable[[Numbering], AsyncGenerator[list[StreamEvent], None]]:
    """A source that raises CancelledError by itself, as awaiting a cancelled task does."""

    async def source(numbering: Numbering) -> AsyncGenerator[list[StreamEvent], None]:
        for events in batches()[:after]:
            for event in events:
                numbering.number_chunk(event) if isinstance(event, Chunk) else numbering.number(event)
            yield events
        raise asyncio.CancelledError

    return source


async def test_a_source_that_is_cancelled_by_itself_is_an_error_for_every_reader() -> None:
    completion = Completion(cancelling(3), buffer=EventBuffer(ENOUGH, BufferBudget(ENOUGH)))
    readers = [completion.attach(hashes=True) for _ in range(2)]
    async with asyncio.timeout(20):
        ends = await asyncio.gather(*(read(reader) for reader in readers), return_exceptions=True)
    assert [type(end) for end in ends] == [Internal, Internal]


async def test_a_close_that_is_cancelled_leaves_nothing_running() -> None:
    cleaned, may_end = [], asyncio.Event()

    async def source(numbering: Numbering) -> AsyncGenerator[list[StreamEvent], None]:
        try:
            event = batches()[0][0]
            assert isinstance(event, pb.Event)
            numbering.number(event)
            yield [event]
            await asyncio.Event().wait()
        finally:
            try:
                await may_end.wait()
            finally:
                cleaned.append(True)

    completion = Completion(source, buffer=EventBuffer(ENOUGH, BufferBudget(ENOUGH)))
    reader = completion.attach(hashes=True)
    await anext(reader)
    waiting = asyncio.ensure_future(anext(reader, None))
    await settle()
    closing = asyncio.create_task(completion.aclose())
    await settle()
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert cleaned == [True]
    with pytest.raises(Internal):
        await waiting
