"""A cached answer is read: its beginning first, or all of it before anything is sent."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.events import Chunk, StreamEvent
from imagewire_server.contract.keep_errors import AnswerNotKept
from imagewire_server.core.cached_reader import CachedReader
from imagewire_server.core.store.local.store import LocalStore
from imagewire_server.core.store.records import Kept
from imagewire_server.core.store.store import StoreDown
from tests.unit.core.store.local.stores import ID, LARGE, events, kept, opened

KEY = b"key"


class Told:
    """A store that tells these lists of events, and then fails if there is a fault. None: it stays silent."""

    def __init__(self, told: list[list[StreamEvent] | None], fault: Exception | None = None) -> None:
        self._told, self._fault = told, fault
        self.forgotten: list[tuple[str, bytes]] = []
        self.waits = asyncio.Event()

    async def read(self, _: Kept, after_sequence: int, offset: int) -> AsyncGenerator[list[StreamEvent], None]:
        assert (after_sequence, offset) == (0, 0)
        for some in self._told:
            if some is None:
                self.waits.set()
                await asyncio.Event().wait()
            else:
                yield some
        if self._fault is not None:
            raise self._fault

    async def forget_cached(self, caller: str, key: bytes) -> None:
        self.forgotten.append((caller, key))


def reader(store: Any) -> CachedReader:
    return CachedReader(store, kept(), KEY)


async def rest(made: CachedReader) -> list[StreamEvent]:
    async with made:
        return [event async for some in made for event in some]


async def test_all_events_come_in_order_and_the_last_is_marked() -> None:
    store = Told(list(events(LARGE)))
    made = reader(store)
    assert await made.begin(whole=False)
    *found, last = await rest(made)
    assert found == [event for some in events(LARGE) for event in some][:-1]
    assert not isinstance(last, Chunk)
    assert last.finished.usage.cached_answer
    assert store.forgotten == []


async def test_an_answer_without_files_is_read_to_its_end_first() -> None:
    text = pb.Event(sequence=1, part_finished=pb.PartFinished())
    made = reader(Told([[text], [pb.Event(sequence=2, finished=pb.Finished())]]))
    assert await made.begin(whole=False)
    assert len(await rest(made)) == 2


@pytest.mark.parametrize("fault", [StoreDown("disk I/O error"), ValueError("no record"), AnswerNotKept("gone"), None])
async def test_what_cannot_begin_is_not_there(fault: Exception | None) -> None:
    store = Told(events(LARGE)[:1], fault)  # type: ignore[arg-type]
    assert not await reader(store).begin(whole=False)
    assert store.forgotten == ([] if fault is None else [("me", KEY)])


@pytest.mark.parametrize("fault", [StoreDown("disk I/O error"), AnswerNotKept("gone")])
async def test_what_breaks_off_is_not_found_again(fault: Exception) -> None:
    store = Told(list(events(LARGE)[:3]), fault)
    made = reader(store)
    assert await made.begin(whole=False)
    with pytest.raises(AnswerNotKept):
        await rest(made)
    assert store.forgotten == [("me", KEY)]


async def test_what_is_checked_as_a_whole_is_read_twice_and_held_never() -> None:
    store = Told(list(events(LARGE)))
    made = reader(store)
    assert await made.begin(whole=True)
    assert len(made._first) < len(events(LARGE))
    assert (await rest(made))[:-1] == [event for some in events(LARGE) for event in some][:-1]


@pytest.mark.parametrize("fault", [StoreDown("disk I/O error"), ValueError("no record"), AnswerNotKept("gone")])
async def test_a_whole_answer_that_breaks_off_is_not_there(fault: Exception) -> None:
    store = Told(list(events(LARGE)[:-1]), fault)
    assert not await reader(store).begin(whole=True)
    assert store.forgotten == [("me", KEY)]


@pytest.mark.parametrize(("asks", "words"), [(kept(), "request again"), (kept(request_id=ID), "a new request_id")])
async def test_the_error_speaks_of_what_was_sent(asks: Kept, words: str) -> None:
    class Noted:
        def end(self, *_: Any, **__: Any) -> None: ...

        async def settle(self) -> None: ...

    store = Told(list(events(LARGE)[:3]), ValueError("no record"))
    store.record = lambda _: Noted()  # type: ignore[attr-defined]
    made = reader(store)
    assert await made.begin(whole=False)
    await made.answer(asks)
    with pytest.raises(AnswerNotKept, match=words) as failed:
        await rest(made)
    assert ("request_id" in failed.value.message) is bool(asks.request_id)


async def test_a_call_that_leaves_while_it_begins_forgets_nothing() -> None:
    store = Told([None])
    begins = asyncio.create_task(reader(store).begin(whole=False))
    await store.waits.wait()
    begins.cancel()
    with pytest.raises(asyncio.CancelledError):
        await begins
    assert store.forgotten == []


async def test_a_store_that_is_down_forgets_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    async def fail(_: LocalStore, __: str, key: bytes) -> None:
        asked.append(key)
        raise StoreDown("disk I/O error")

    async with opened(tmp_path) as store:
        monkeypatch.setattr(LocalStore, "forget_cached", fail)
        assert not await reader(store).begin(whole=False)  # there is no such answer
    assert asked == [KEY]


async def test_it_becomes_the_answer_of_a_request_id(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        recorder = store.record(kept())
        for some in events(LARGE):
            recorder.add(some)
        recorder.end(None, free=False)
        asks = kept("cmpl-2", request_id=ID)
        await store.claim(asks)
        made = reader(store)
        assert await made.begin(whole=False)
        await made.answer(asks)
        await made.answer(kept("cmpl-3"))  # without a request_id there is nothing to note
        async with made:
            found = await store.find("me", request_id=ID)
            assert found is not None
            told = [event async for some in store.read(found, 0, 0) for event in some]
        assert told[-1].finished.usage.cached_answer
        assert await store.find("me", completion_id="cmpl-3") is None


async def test_a_call_that_leaves_while_its_id_is_noted_reads_no_more(tmp_path: Path) -> None:
    class Slow:
        waits = asyncio.Event()

        def end(self, *_: Any, **__: Any) -> None: ...

        async def settle(self) -> None:
            self.waits.set()
            await asyncio.Event().wait()

    store, slow = Told(list(events(LARGE))), Slow()
    store.record = lambda _: slow  # type: ignore[attr-defined]
    made = reader(store)
    await made.begin(whole=False)
    noting = asyncio.create_task(made.answer(kept(request_id=ID)))
    await slow.waits.wait()
    noting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await noting
    with pytest.raises(StopAsyncIteration):
        await anext(made._events)
