"""The readers of a completion with a buffer: what each of them sees, what is kept, and what their leaving does."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagewire_server.contract.errors import Cut, Internal, InvalidRequest
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.core.completion import Completion
from imagewire_server.core.event_buffer import BufferBudget, EventBuffer, EventsNotKept
from imagewire_server.core.feed import OnDisconnect
from imagewire_server.core.numbering import Numbering
from imagewire_server.core.reader import Reader
from tests.effort import times
from tests.event_forms import message
from tests.unit.core.drawings import ENOUGH, PICTURE, Scripted, batches, kept, read, reference, settle, wire


async def test_two_readers_at_different_speeds_see_the_same() -> None:
    source = Scripted(batches())
    completion = kept(source)
    slow = completion.attach(hashes=True)
    fast = await read(completion.attach(hashes=True))
    assert wire(fast) == wire(await reference())
    assert wire(await read(slow)) == wire(fast)
    assert len(source.numbered) == len(fast), "numbered once"


async def test_the_fastest_waits_for_the_slowest_where_the_bound_is_met() -> None:
    source, budget = Scripted(batches()), BufferBudget(ENOUGH)
    completion = kept(source, 3000, budget)
    slow = completion.attach(hashes=True)
    fast = asyncio.create_task(read(completion.attach(hashes=True)))
    await settle()
    assert not fast.done()
    assert source.pulled < 6
    most = budget.used
    seen = []
    async with slow:
        async for events in slow:
            seen += events
            await settle()
            most = max(most, budget.used)
    assert most < 3000 + 2 * 1256, "the bound, and one list of events"
    assert wire(await fast) == wire(seen) == wire(await reference())
    assert budget.used == 0


async def test_a_source_that_is_always_ready_is_not_read_ahead() -> None:
    pulled = 0

    async def ready(numbering: Numbering) -> AsyncGenerator[list[StreamEvent], None]:
        nonlocal pulled
        for events in batches():
            pulled += 1
            for event in events:
                numbering.number_chunk(event) if isinstance(event, Chunk) else numbering.number(event)
            yield events

    completion = Completion(ready, buffer=EventBuffer(ENOUGH, BufferBudget(ENOUGH)))
    async with completion.attach(hashes=False) as reader:
        await anext(reader)
        await settle()
        assert pulled == 1, "nobody asked for more"


async def test_a_late_reader_gets_every_event_from_the_start() -> None:
    completion = kept(Scripted(batches()), on_disconnect=OnDisconnect.CONTINUE)
    async with completion.attach(hashes=False) as first:
        for _ in range(4):
            await anext(first)
        late = asyncio.create_task(read(completion.attach(hashes=True)))
        await settle()
    assert wire(await late) == wire(await reference())
    assert wire(await read(completion.attach(hashes=True))) == wire(await reference()), "when all is over, too"
    await completion.aclose()


async def test_a_late_reader_whose_events_are_dropped_is_refused() -> None:
    completion = kept(Scripted(batches()), 3000)
    async with completion.attach(hashes=False) as reader:
        async for _ in reader:
            pass
        with pytest.raises(EventsNotKept, match="no longer kept") as refused:
            completion.attach(hashes=False)
        assert [violation.field for violation in refused.value.violations] == ["after_sequence"]
        assert len(await read(completion.attach(6, hashes=False))) == 2, "what is kept is given"


async def test_go_on_finishes_the_upstream_after_the_reader_has_left() -> None:
    source = Scripted(batches())
    completion = kept(source, on_disconnect=OnDisconnect.CONTINUE)
    task = asyncio.create_task(read(completion.attach(hashes=False)))
    gate = source.hold(3)
    await settle()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert not source.closed
    gate.set()
    await settle()
    assert source.closed
    assert source.pulled == len(batches())
    assert wire(await read(completion.attach(hashes=True))) == wire(await reference())
    await completion.aclose()


async def test_go_on_with_nobody_there_drops_the_oldest() -> None:
    source, budget = Scripted(batches()), BufferBudget(4000)
    completion = kept(source, budget=budget, on_disconnect=OnDisconnect.CONTINUE)
    await completion.attach(hashes=False).aclose()
    await settle()
    assert source.pulled == len(batches()), "what is paid for is drawn to its end"
    assert 0 < budget.used < 4000
    with pytest.raises(EventsNotKept):
        completion.attach(hashes=False)
    await completion.aclose()
    assert budget.used == 0


async def test_the_bound_of_the_process_is_shared_and_starves_nobody() -> None:
    budget = BufferBudget(4000)
    full = kept(Scripted(batches()), budget=budget, on_disconnect=OnDisconnect.CONTINUE)
    unread = full.attach(hashes=False)
    await asyncio.wait_for(anext(unread), 60)
    taken = full.attach(hashes=False)
    ahead = asyncio.create_task(read(taken))
    await settle()
    assert budget.used >= 4000
    other = kept(Scripted(batches()), budget=budget)
    assert wire(await read(other.attach(hashes=True))) == wire(await reference())
    ahead.cancel()
    with suppress(asyncio.CancelledError):
        await ahead
    await unread.aclose()
    await full.aclose()
    assert budget.used == 0


async def test_an_error_reaches_every_reader_behind_the_events() -> None:
    error = Cut("broke off")
    completion = kept(Scripted(batches()[:4], error))

    async def failing(reader: Reader) -> list[StreamEvent]:
        seen: list[StreamEvent] = []

        async def read_on() -> None:
            async for events in reader:
                seen.extend(events)

        with pytest.raises(Cut) as raised:
            await read_on()
        assert raised.value is error
        return seen

    readers = [completion.attach(hashes=False) for _ in range(3)]
    found = [wire(await failing(reader)) for reader in readers]
    assert found[0] == found[1] == found[2] == wire((await reference())[: len(batches()[:4]) + 3])
    assert wire(await failing(completion.attach(hashes=False))) == found[0], "a late one too"
    for reader in readers:
        await reader.aclose()


async def test_a_cancelled_reader_does_not_hurt_the_other() -> None:
    source = Scripted(batches())
    gate = source.hold(4)
    completion = kept(source)
    tasks = [asyncio.create_task(read(completion.attach(hashes=True))) for _ in range(2)]
    await settle()
    tasks[0].cancel()
    with suppress(asyncio.CancelledError):
        await tasks[0]
    gate.set()
    assert wire(await tasks[1]) == wire(await reference())


async def test_who_reads_a_completion_that_is_closed_is_told() -> None:
    completion = kept(Scripted(batches()), on_disconnect=OnDisconnect.CONTINUE)
    reader = completion.attach(hashes=False)
    await anext(reader)
    await completion.aclose()
    with pytest.raises(Internal):
        await anext(reader)
    await reader.aclose()


async def test_a_reader_may_begin_in_the_middle_of_a_picture() -> None:
    completion = kept(Scripted(batches()), on_disconnect=OnDisconnect.CONTINUE)
    await completion.attach(hashes=False).aclose()
    await settle()
    events = await read(completion.attach(5, 1234, hashes=True))
    assert b"".join(event.data for event in events if isinstance(event, Chunk)) == PICTURE[1234:]
    await completion.aclose()
    with pytest.raises(EventsNotKept, match="no longer kept"):
        completion.attach(5, 1234, hashes=True)


async def test_leaving_twice_is_leaving_once() -> None:
    source = Scripted(batches())
    completion = kept(source)
    gone, stays = completion.attach(hashes=False), completion.attach(hashes=False)
    await gone.aclose()
    await gone.aclose()
    assert wire(await read(stays)) == wire(await reference())


STEPS = st.lists(st.tuples(st.sampled_from(["attach", "read", "leave", "cancel"]), st.integers(0, 7)), max_size=40)


@given(STEPS, st.sampled_from([1500, 3000, ENOUGH]), st.sampled_from(list(OnDisconnect)), st.integers(1, 3000))
@settings(max_examples=times(400), deadline=None)
def test_any_schedule_shows_each_reader_a_contiguous_run(
    steps: list[tuple[str, int]], most: int, policy: OnDisconnect, size: int
) -> None:
    asyncio.run(schedule(steps, most, policy, size))


class Follower:
    """A reader of the schedule, which may be waiting for events."""

    def __init__(self, completion: Completion, after: int) -> None:
        self.reader = completion.attach(after, hashes=True)
        self.after = after
        self.seen: list[StreamEvent] = []
        self._reading: asyncio.Task[None] | None = None

    def read(self) -> None:
        """Begin to read, if it does not yet."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_once())

    async def _read_once(self) -> None:
        with suppress(StopAsyncIteration):
            self.seen += await anext(self.reader)

    async def cancel(self) -> None:
        """Stop waiting; the reader stays."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})

    async def read_on(self) -> None:
        """Read to the end."""
        if self._reading is not None and not self._reading.cancelled():
            await self._reading
        self.seen += await read(self.reader)

    def check(self, whole: list[StreamEvent], *, ended: bool) -> None:
        """What was seen follows what the reader had, without a gap; all of it, where it read to the end."""
        due = [e for e in whole if e.sequence > self.after or (e.sequence == self.after and isinstance(e, Chunk))]
        expected = [message(event) for event in due]
        assert [message(event) for event in self.seen] == (expected if ended else expected[: len(self.seen)])


async def schedule(steps: list[tuple[str, int]], most: int, policy: OnDisconnect, size: int) -> None:
    """Do the steps, the number choosing a reader or where to attach; then let those that are left read to the end."""
    whole = await read(Completion(Scripted(batches(size=size))).attach(hashes=True))
    source, budget = Scripted(batches(size=size)), BufferBudget(ENOUGH)
    completion = kept(source, most, budget, on_disconnect=policy)
    followers: list[Follower] = []
    for step, number in steps:
        follower = followers[number % len(followers)] if followers else None
        if step == "attach":
            with suppress(InvalidRequest):
                followers.append(Follower(completion, number))
        elif follower is not None and step == "read":
            follower.read()
            await settle()
        elif follower is not None:
            await follower.cancel()
            if step == "leave":
                await follower.reader.aclose()
                follower.check(whole, ended=False)
                followers.remove(follower)
        assert budget.used <= most + max(size, 500) + 1000, "the bound, and what arrives at once"
    await asyncio.gather(*(follower.read_on() for follower in followers))
    for follower in followers:
        follower.check(whole, ended=True)
    await completion.aclose()
    assert budget.used == 0
    assert source.closed or not source.pulled
