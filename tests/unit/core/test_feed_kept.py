"""A feed with a store: what waits for whom, what is dropped from memory, and what the store is told of the end."""

import asyncio

import pytest

from imagewire_server.contract.errors import Cut, Draining
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.contract.keep_errors import AnswerNotKept, Cancelled
from imagewire_server.core import feed
from imagewire_server.core.feed import OnDisconnect
from tests.unit.core.drawings import Scripted, batches, read, settle, wire
from tests.unit.core.scripted_stores import drawing
from tests.unit.core.store.local.stores import kept

FEW = 3000  # bytes in memory, less than a picture


async def test_a_store_that_lags_holds_the_source_when_memory_is_full() -> None:
    source = Scripted(batches())
    completion, store = drawing(source, FEW, at_once=False)
    reading = asyncio.create_task(read(completion.attach(hashes=True)))
    await settle()
    assert source.pulled < 6
    while not source.closed:
        store.write()
        await settle()
    assert wire(await reading) == wire(store.got)
    assert source.pulled == len(batches())


async def test_a_reader_that_lags_holds_nobody_and_misses_nothing() -> None:
    source = Scripted(batches())
    completion, store = drawing(source, FEW)
    slow = completion.attach(hashes=True)
    first = await anext(slow)
    fast = await read(completion.attach(hashes=True))
    assert wire(fast) == wire([*first, *await read(slow)]) == wire(store.got)
    assert not completion.is_read


@pytest.mark.parametrize(("patience", "is_drawn"), [(3600.0, False), (0.0, True)])
async def test_a_store_goes_on_without_a_reader_who_does_not_ask_for_a_while(
    monkeypatch: pytest.MonkeyPatch, patience: float, is_drawn: bool
) -> None:
    monkeypatch.setattr(feed, "_PATIENCE", patience)
    monkeypatch.setattr(feed, "_AHEAD", 0)
    source = Scripted(batches())
    completion, _ = drawing(source)
    async with completion.attach(hashes=True) as reader:
        await anext(reader)
        await settle()
        assert source.closed == is_drawn
    await completion.aclose()


async def test_who_reads_as_fast_as_it_is_drawn_reads_from_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where each list of events fills the buffer, and is written before it is read."""
    monkeypatch.setattr(feed, "_PATIENCE", 3600.0)
    monkeypatch.setattr(feed, "_AHEAD", 0)
    completion, store = drawing(Scripted(batches()), 1)
    seen: list[StreamEvent] = []
    async with completion.attach(hashes=True) as reader:
        async for events in reader:
            seen += events
            await settle()
    assert wire(seen) == wire(store.got)
    assert store.reads == 0


async def test_who_waits_has_from_the_store_what_leaves_memory_before_its_turn() -> None:
    source = Scripted(batches())
    gate = source.hold(1)
    completion, store = drawing(source, 1)
    reading = asyncio.create_task(read(completion.attach(hashes=True)))
    await settle()
    gate.set()
    assert wire(await reading) == wire(store.got)
    assert store.reads > 0


@pytest.mark.parametrize("stays", [True, False])
async def test_a_store_that_lags_holds_nobody_while_there_is_room(monkeypatch: pytest.MonkeyPatch, stays: bool) -> None:
    """Neither who reads as fast as it is drawn, nor a drawing that its reader has left."""
    monkeypatch.setattr(feed, "_PATIENCE", 3600.0)
    monkeypatch.setattr(feed, "_AHEAD", 0)
    source = Scripted(batches())
    completion, store = drawing(source, at_once=False)
    reader = completion.attach(hashes=True)
    first = await anext(reader)
    if stays:
        async with asyncio.timeout(60):
            assert wire([*first, *await read(reader)]) == wire(store.got)
    else:
        await reader.aclose()
        await settle()
    assert source.closed


async def test_a_late_reader_has_the_beginning_from_the_store_while_that_works() -> None:
    source = Scripted(batches())
    gate = source.hold(8)
    completion, store = drawing(source)
    early = asyncio.create_task(read(completion.attach(hashes=True)))
    await settle()
    late = asyncio.create_task(read(completion.attach(hashes=True)))
    await settle()
    store.fail()
    with pytest.raises(AnswerNotKept) as refused:  # as the other processes say
        completion.attach(hashes=True)
    assert refused.value.metadata == {"completion_id": kept().completion_id}
    gate.set()
    assert wire(await early) == wire(await late)


async def test_where_the_store_fails_the_slowest_sets_the_pace() -> None:
    source = Scripted(batches())
    gate = source.hold(8)
    completion, store = drawing(source, FEW)
    slow = completion.attach(hashes=True)
    first = await anext(slow)
    fast = asyncio.create_task(read(completion.attach(hashes=True)))
    await settle()
    store.fail()
    gate.set()
    await settle()
    assert not fast.done()
    assert wire([*first, *await read(slow)]) == wire(await fast)


async def test_what_goes_on_alone_is_kept_to_its_end() -> None:
    source = Scripted(batches())
    completion, store = drawing(source, FEW)
    reader = completion.attach(hashes=True)
    await anext(reader)
    assert completion.is_read
    await reader.aclose()
    assert not completion.is_read
    await settle()
    assert (source.closed, store.ended) == (True, [None])
    assert len(store.got) == sum(len(events) for events in batches())


@pytest.mark.parametrize(
    ("on_disconnect", "may_go_on"), [(OnDisconnect.CANCEL, True), (OnDisconnect.CONTINUE, False)], ids=str
)
async def test_the_store_learns_that_the_last_reader_had_it_cancelled(
    on_disconnect: OnDisconnect, may_go_on: bool
) -> None:
    source = Scripted(batches())
    completion, store = drawing(source, on_disconnect=on_disconnect, may_go_on=may_go_on)
    async with completion.attach(hashes=True) as reader:
        await anext(reader)
    assert source.closed
    assert [type(error) for error in store.ended] == [Cancelled]


async def test_the_store_learns_of_the_end_before_the_readers() -> None:
    completion, store = drawing(Scripted(batches()), request_id="id")
    store.is_settled.clear()
    reading = asyncio.create_task(read(completion.attach(hashes=True)))
    await settle()
    assert (store.ended, reading.done()) == ([None], False)
    store.is_settled.set()
    assert wire(await reading) == wire(store.got)


async def test_the_store_learns_with_what_error_a_drawing_ends() -> None:
    error = Cut("broke off")
    completion, store = drawing(Scripted(batches()[:4], error))
    with pytest.raises(Cut):
        await read(completion.attach(hashes=True))
    assert store.ended == [error]
    reason = Draining("the server stops")
    completion, store = drawing(Scripted(batches()))
    reader = completion.attach(hashes=True)
    await anext(reader)
    await completion.aclose(reason)
    assert store.ended == [reason]
    with pytest.raises(Draining):
        await anext(reader)


async def test_who_is_ahead_of_memory_when_a_drawing_is_given_up_gets_the_reason() -> None:
    """The store has more than it has told, and gives it at once."""
    completion, store = drawing(Scripted(batches()), FEW, at_once=False)
    slow = completion.attach(hashes=True)
    await anext(slow)
    fast = asyncio.create_task(read(completion.attach(hashes=True)))
    await settle()
    store.write()
    await settle()
    while not isinstance((await anext(slow))[-1], Chunk):
        pass
    await completion.aclose(Draining("the server stops"))
    for reading in (slow.__anext__(), fast):
        with pytest.raises(Draining):
            await reading


async def test_the_store_learns_when_nobody_reads_any_more() -> None:
    completion, store = drawing(Scripted(batches()), FEW)
    slow = completion.attach(hashes=True)
    await anext(slow)
    await read(completion.attach(hashes=True))
    assert (store.ended, store.released) == ([None], 0)
    await slow.aclose()
    assert store.released
    alone, store = drawing(Scripted(batches()))
    await alone.attach(hashes=True).aclose()
    while not store.released:
        await settle()
    assert store.ended == [None]


async def test_what_a_store_has_given_up_is_let_go_unless_a_reader_lacks_it() -> None:
    completion, store = drawing(Scripted(batches()), FEW)
    async with completion.attach(hashes=True) as reader:
        await anext(reader)
        store.fail()
        assert store.released == 1
    completion, store = drawing(Scripted(batches()), FEW)
    async with completion.attach(hashes=True) as slow:
        await anext(slow)
        await read(completion.attach(hashes=True))
        store.fail()
        assert store.released == 0


async def test_who_watches_a_drawing_sees_each_of_its_events_once() -> None:
    seen: list[list[StreamEvent]] = []
    completion, store = drawing(Scripted(batches()), see=seen.append)
    got = await read(completion.attach(hashes=True))
    assert wire(got) == wire([event for events in seen for event in events]) == wire(store.got)
    assert len(seen) == len(batches())
