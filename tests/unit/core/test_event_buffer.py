"""Where a reader goes on in what is kept, and what is refused."""

import asyncio
from collections.abc import Iterator

import pytest

from imagewire_server.contract.errors import Internal, InvalidRequest
from imagewire_server.contract.events import Chunk
from imagewire_server.core.event_buffer import BufferBudget, EventBuffer, EventsNotKept
from imagewire_server.core.feed import OnDisconnect
from tests.unit.core.drawings import ENOUGH, PICTURE, Scripted, batches, kept, read, reference, settle, wire


def offsets() -> Iterator[tuple[int, int]]:
    """Each event after which a reader may go on, and bytes of the picture that it may have."""
    yield from ((after, 0) for after in range(9))
    yield from ((5, offset) for offset in (1, 999, 1000, 1001, len(PICTURE) - 1, len(PICTURE)))


@pytest.mark.parametrize(("after", "offset"), list(offsets()))
async def test_a_reader_goes_on_where_it_was(after: int, offset: int) -> None:
    whole = await reference()
    completion = kept(Scripted(batches()), on_disconnect=OnDisconnect.CONTINUE)
    await completion.attach(hashes=False).aclose()
    await settle()
    due = [event for event in whole if event.sequence > after]
    if after == 5 and offset < len(PICTURE):
        due = [Chunk("image_chunk", 0, 1, offset, PICTURE[offset:], sequence=5), *due]
    assert wire(await read(completion.attach(after, offset, hashes=True))) == wire(due)
    await completion.aclose()


@pytest.mark.parametrize(
    ("after", "offset", "field"), [(9, 0, "after_sequence"), (4, 1, "offset"), (5, len(PICTURE) + 1, "offset")]
)
async def test_a_position_that_there_is_not_is_refused(after: int, offset: int, field: str) -> None:
    completion = kept(Scripted(batches()), on_disconnect=OnDisconnect.CONTINUE)
    await completion.attach(hashes=False).aclose()
    await settle()
    with pytest.raises(InvalidRequest) as refused:
        completion.attach(after, offset, hashes=False)
    assert [violation.field for violation in refused.value.violations] == [field]
    await completion.aclose()


def test_the_oldest_are_dropped_up_to_what_is_needed() -> None:
    budget = BufferBudget(ENOUGH)
    buffer = EventBuffer(3000, budget)
    buffer.add([Chunk("image_chunk", 0, 0, at, bytes(1000), sequence=1) for at in range(0, 5000, 1000)])
    assert (buffer.used, budget.used, buffer.is_full) == (5 * 1256, 5 * 1256, True)
    buffer.trim(2)
    assert (buffer.start, buffer.end) == (2, 5)
    buffer.trim(5)
    assert (buffer.start, buffer.used) == (3, 2 * 1256), "no more than the bound asks"
    assert [event.offset for event in buffer.read(3) if isinstance(event, Chunk)] == [3000, 4000]
    with pytest.raises(EventsNotKept):
        buffer.find(1, 2999)
    assert buffer.find(1, 3000)[0] == 4
    buffer.clear()
    assert (buffer.used, budget.used, buffer.read(5)) == (0, 0, [])


def test_what_is_kept_elsewhere_is_dropped_without_need() -> None:
    budget = BufferBudget(ENOUGH)
    buffer = EventBuffer(ENOUGH, budget)
    buffer.add([Chunk("image_chunk", 0, 0, at, bytes(1000), sequence=1) for at in range(0, 5000, 1000)])
    buffer.drop(2)
    assert (buffer.start, buffer.end, buffer.used, budget.used) == (2, 5, 3 * 1256, 3 * 1256)
    with pytest.raises(EventsNotKept):
        buffer.find(1, 1999)
    position, _ = buffer.find(1, 2000)
    assert position == 3


def test_a_cleared_buffer_knows_where_it_ended() -> None:
    buffer = EventBuffer(ENOUGH, BufferBudget(ENOUGH))
    buffer.add([Chunk("image_chunk", 0, 0, at, bytes(1000), sequence=1) for at in range(0, 5000, 1000)])
    buffer.drop(2)
    buffer.clear()
    assert buffer.find(1, 5000) == (5, [])
    with pytest.raises(EventsNotKept):
        buffer.find(1, 3000)


def test_a_reader_gets_a_portion_at_once() -> None:
    buffer = EventBuffer(ENOUGH, BufferBudget(ENOUGH))
    buffer.add([Chunk("image_chunk", 0, 0, at, bytes(150_000)) for at in range(4)])
    assert [len(buffer.read(position)) for position in range(5)] == [2, 2, 2, 1, 0]


async def test_memory_that_another_completion_gives_back_lets_a_reader_go_on() -> None:
    budget = BufferBudget(17_000)  # more than one small drawing, less than a large one
    other = kept(Scripted(batches(PICTURE * 2)), budget=budget)
    behind = other.attach(hashes=True)
    ahead = asyncio.create_task(read(other.attach(hashes=True)))
    await settle()
    assert budget.used >= budget.max_bytes
    completion = kept(Scripted(batches()), budget=budget)
    slow = completion.attach(hashes=True)
    fast = asyncio.create_task(read(completion.attach(hashes=True)))
    await settle()
    assert not fast.done()
    await other.aclose()
    async with asyncio.timeout(20):
        assert wire(await fast) == wire(await reference())
    with pytest.raises(Internal):
        await ahead
    await behind.aclose()
    await slow.aclose()
