"""A reader of a feed: it waits, leaves, and lags; it has from the store what is no longer in memory, and from memory
what a failed store lacks.
"""

import asyncio
import gc
import hashlib
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from imagewire_server.contract.errors import Internal
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.contract.keep_errors import AnswerNotKept
from imagewire_server.core import feed
from imagewire_server.core.completion import Completion
from imagewire_server.core.event_buffer import BufferBudget, EventBuffer
from imagewire_server.core.feed import OnDisconnect
from imagewire_server.core.keeping import Keeping
from imagewire_server.core.reader import Reader
from imagewire_server.core.store.local import recorder as recorder_module
from imagewire_server.core.store.local.store import LocalStore
from imagewire_server.core.store.store import StoreDown
from tests.unit.core import scripted_stores
from tests.unit.core.drawings import ENOUGH, Scripted, batches, joined, read, settle, wire
from tests.unit.core.drawings import kept as drawn
from tests.unit.core.store.local.stores import kept, opened

PICTURE = bytes(range(256)) * 4096  # a megabyte
SHA = hashlib.sha256(PICTURE).digest()


@asynccontextmanager
async def drawing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, source: Scripted
) -> AsyncIterator[tuple[Completion, LocalStore, Keeping]]:
    monkeypatch.setattr(feed, "_PATIENCE", 0.0)
    async with opened(folder) as store:
        recorder = store.record(kept())
        keeping = Keeping(store, kept(), recorder, lambda: True, lambda error: recorder.end(None, free=False))
        buffer = EventBuffer(100_000, BufferBudget(ENOUGH))
        yield Completion(source, buffer=buffer, on_disconnect=OnDisconnect.CONTINUE, keeping=keeping), store, keeping


async def rest(reader: Reader, offset: int = 0) -> tuple[list[int], bytes]:
    """The numbers of the events that are left, and the bytes of the picture, which begin at an offset."""
    numbers, data = [], b""
    async with reader:
        async for events in reader:
            for event in events:
                if isinstance(event, Chunk):
                    assert event.offset == offset + len(data)
                    data += event.data
                else:
                    numbers.append(event.sequence)
    return numbers, data


async def all_drawn(source: Scripted, store: LocalStore) -> None:
    """Return when the source is read to its end, and the store has it."""
    async with asyncio.timeout(60):
        while not source.closed:
            await store.flush()
    await store.flush()


async def test_a_reader_that_lags_holds_nobody_and_misses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Scripted(batches(PICTURE, 10_000))
    async with drawing(tmp_path, monkeypatch, source) as (completion, store, _):
        slow = completion.attach(hashes=True)
        first = await anext(slow)
        await all_drawn(source, store)
        numbers, data = await rest(slow)
        assert data == PICTURE
        assert [first[0].sequence, *numbers] == list(range(1, 9))
        late = completion.attach(hashes=True) if completion.is_read else None
        assert late is None


@pytest.mark.parametrize("written", [0, 3, 30])
async def test_where_the_store_fails_the_rest_comes_from_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    """The store fails after some of the picture: the source waits for the reader from then on."""
    monkeypatch.setattr(recorder_module, "_TOGETHER", 0)
    source = Scripted(batches(PICTURE, 10_000))
    async with drawing(tmp_path, monkeypatch, source) as (completion, store, keeping):
        recorder: Any = keeping.recorder
        add, count = recorder._writer.add, 0

        def fail_later(events: list[StreamEvent]) -> None:
            nonlocal count
            count += 1
            if count > written:
                raise OSError(28, "No space left on device")
            add(events)

        monkeypatch.setattr(recorder._writer, "add", fail_later)
        slow = completion.attach(hashes=True)
        first = await anext(slow)
        async with asyncio.timeout(60):
            while not recorder.failed:
                await store.flush()
        numbers, data = await rest(slow)
        assert data == PICTURE
        assert [first[0].sequence, *numbers] == list(range(1, 9))


async def test_a_late_reader_has_the_beginning_from_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Scripted(batches(PICTURE, 10_000))
    gate = source.hold(60)
    async with drawing(tmp_path, monkeypatch, source) as (completion, store, _):
        early = completion.attach(hashes=True)
        reading = asyncio.create_task(rest(early))
        async with asyncio.timeout(60):
            while source.pulled < 60:
                await store.flush()
        late = asyncio.create_task(rest(completion.attach(hashes=True)))
        later = asyncio.create_task(rest(completion.attach(5, 400_000, hashes=True), 400_000))
        await store.flush()
        gate.set()
        assert await reading == await late == (list(range(1, 9)), PICTURE)
        assert await later == ([6, 7, 8], PICTURE[400_000:])


async def test_fifty_watch_one_drawing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Scripted(batches(PICTURE, 10_000))
    async with drawing(tmp_path, monkeypatch, source) as (completion, _, _):
        slow = completion.attach(hashes=True)
        await anext(slow)
        readers = [completion.attach(hashes=True) for _ in range(50)]
        found = await asyncio.gather(*(rest(reader) for reader in readers))
        assert found == [(list(range(1, 9)), PICTURE)] * 50
        assert (await rest(slow))[1] == PICTURE
        assert source.pulled == len(batches(PICTURE, 10_000))


async def test_a_reader_of_the_store_that_leaves_closes_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Scripted(batches(PICTURE, 10_000))
    async with drawing(tmp_path, monkeypatch, source) as (completion, store, _):
        slow = completion.attach(hashes=True)
        await anext(slow)
        await all_drawn(source, store)
        await anext(slow)
        await slow.aclose()
        assert not completion.is_read


async def test_a_reader_that_is_closed_while_it_waits_ends() -> None:
    source = Scripted(batches())
    source.hold(1)
    completion = drawn(source)
    leaving, staying = completion.attach(hashes=True), completion.attach(hashes=True)
    await anext(leaving)
    await anext(staying)
    waiting = asyncio.ensure_future(anext(leaving, None))
    await settle()
    await leaving.aclose()
    async with asyncio.timeout(20):
        assert await waiting is None
    assert await anext(leaving, None) is None, "afterwards it stays at its end"
    await completion.aclose()


async def test_a_reader_is_read_by_one_task_at_a_time() -> None:
    source = Scripted(batches())
    source.hold(1)
    completion = drawn(source)
    reader = completion.attach(hashes=True)
    await anext(reader)
    waiting = asyncio.ensure_future(anext(reader, None))
    await settle()
    with pytest.raises(RuntimeError, match="attaching twice"):
        await anext(reader)
    await completion.aclose()
    with pytest.raises(Internal):
        await waiting


@pytest.mark.parametrize("most", [1, 1000])
async def test_what_was_dropped_before_a_waiting_reader_ran_comes_from_the_store(most: int) -> None:
    completion, store = scripted_stores.drawing(Scripted(batches()), most)
    assert wire(await read(completion.attach(hashes=True))) == wire(store.got)
    assert store.reads


async def test_a_reader_goes_on_in_memory_as_soon_as_its_events_are_there() -> None:
    source = Scripted(batches())
    gate = source.hold(8)
    completion, store = scripted_stores.drawing(source, 3000)
    slow = completion.attach(hashes=True)
    seen = await anext(slow)
    fast = asyncio.create_task(read(completion.attach(hashes=True)))
    await settle()
    while len(joined(seen)) < 6:  # up to the bytes so far
        seen = [*seen, *await anext(slow)]
    store.fail()
    gate.set()
    assert wire([*seen, *await read(slow)]) == wire(await fast)


async def test_a_store_that_fails_beneath_a_reader_is_told_as_an_answer_that_is_not_kept() -> None:
    completion, store = scripted_stores.drawing(Scripted(batches()), 3000)
    slow = completion.attach(hashes=True)
    await anext(slow)
    await read(completion.attach(hashes=True))
    store.got, store.error = [], StoreDown("disk I/O error")
    with pytest.raises(AnswerNotKept):
        await anext(slow)
    await slow.aclose()


@pytest.mark.parametrize("picture", [b"small", PICTURE], ids=len)
async def test_what_is_over_is_freed_without_the_collector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: bytes
) -> None:
    gc.disable()
    try:
        async with drawing(tmp_path, monkeypatch, Scripted(batches(picture, 10_000))) as made:
            completion, store, _ = made
            await rest(completion.attach(hashes=True))
            await store.flush()
            gone = weakref.ref(completion._feed or completion)
            del completion, made, _
            await settle()
            assert gone() is None
    finally:
        gc.enable()
