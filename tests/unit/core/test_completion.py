"""A completion without a buffer: its one reader pulls, and leaving it closes the upstream."""

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import suppress

import pytest

from imagewire_server.core.completion import Completion
from imagewire_server.core.event_buffer import BufferBudget, EventsNotKept
from imagewire_server.core.feed import OnDisconnect
from tests.event_forms import message
from tests.unit.core.drawings import ENOUGH, PICTURE, Scripted, batches, kept, read, settle


async def test_the_only_reader_pulls_in_its_own_task() -> None:
    source = Scripted(batches())
    before = asyncio.all_tasks()
    async with Completion(source).attach(hashes=False) as reader:
        await anext(reader)
        await settle()
        assert source.pulled == 1, "nothing is pulled that nobody asked for"
        assert asyncio.all_tasks() == before
        events = [event async for some in reader for event in some]
    assert source.closed
    assert [event.sequence for event in source.numbered] == [1, 2, 3, 4, 5, *[5] * 11, 6, 7, 8]
    assert message(events[-3]).part_finished.image.sha256 == b"", "nobody asked for it, so nobody paid for it"


async def test_a_completion_hashes_for_a_reader_that_needs_it() -> None:
    for completion in (Completion(Scripted(batches())), kept(Scripted(batches()))):
        events = await read(completion.attach(hashes=True))
        assert message(events[-3]).part_finished.image.sha256 == hashlib.sha256(PICTURE).digest()
    events = await read(kept(Scripted(batches())).attach(hashes=False))
    assert message(events[-3]).part_finished.image.sha256, "a later reader may need it"


async def test_without_a_buffer_there_is_one_reader() -> None:
    completion = Completion(Scripted(batches()))
    reader = completion.attach(hashes=False)
    assert completion.is_read
    with pytest.raises(EventsNotKept, match="not kept"):
        completion.attach(hashes=False)
    await reader.aclose()
    with pytest.raises(EventsNotKept):
        Completion(Scripted(batches())).attach(3, hashes=False)
    with pytest.raises(ValueError, match="buffer"):
        Completion(Scripted(batches()), on_disconnect=OnDisconnect.CONTINUE)


async def test_leaving_closes_the_upstream() -> None:
    source = Scripted(batches())
    async with Completion(source).attach(hashes=False) as reader:
        await anext(reader)
    assert source.closed
    budget, source = BufferBudget(ENOUGH), Scripted(batches())
    completion = kept(source, budget=budget)
    async with completion.attach(hashes=False) as reader:
        await anext(reader)
        async with completion.attach(hashes=False) as other:
            await anext(other)
        assert not source.closed, "one is still there"
    assert source.closed
    assert budget.used == 0
    with pytest.raises(EventsNotKept):
        completion.attach(hashes=False)


@pytest.mark.parametrize("made", [Completion, kept])
async def test_a_cancelled_reader_closes_the_upstream_before_it_is_gone(
    made: Callable[[Scripted], Completion],
) -> None:
    source = Scripted(batches())
    source.hold(3)
    task = asyncio.create_task(read(made(source).attach(hashes=False)))
    await settle()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert source.closed


async def test_with_a_buffer_it_is_read_while_a_reader_is_there() -> None:
    completion = kept(Scripted(batches()), on_disconnect=OnDisconnect.CONTINUE)
    assert not completion.is_read
    async with completion.attach(hashes=False):
        assert completion.is_read
    assert not completion.is_read
    await completion.aclose()


async def test_closing_a_completion_drops_what_is_kept() -> None:
    budget = BufferBudget(ENOUGH)
    completion = kept(Scripted(batches()), budget=budget, on_disconnect=OnDisconnect.CONTINUE)
    await read(completion.attach(hashes=False))
    assert budget.used
    await completion.aclose()
    assert budget.used == 0
    await Completion(Scripted(batches())).aclose()
