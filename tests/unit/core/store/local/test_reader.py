"""How an answer is read back: from any position, while another process writes it, and after that has died."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Cut, InvalidRequest
from imagewire_server.contract.events import Chunk
from imagewire_server.contract.keep_errors import AnswerNotKept, OutcomeUnknown
from imagewire_server.core.store.local import reader
from imagewire_server.core.store.local.database import SmallRows, completion_row
from imagewire_server.core.store.log_format import StoredError
from imagewire_server.core.store.records import State
from tests.unit.core.store.local.stores import (
    ID,
    LARGE,
    SMALL,
    events,
    kept,
    opened,
    put,
    read,
    until_error,
)

Pausing = Callable[[Callable[[int], Awaitable[None]]], list[float]]


async def test_a_reader_follows_what_another_process_writes(tmp_path: Path) -> None:
    async with opened(tmp_path) as writer, opened(tmp_path) as other:
        given = kept(request_id=ID)
        await writer.claim(given)
        recorder = writer.record(given)
        reading = asyncio.create_task(read(other, given))
        for batch in events(LARGE):
            recorder.add(batch)
            await writer.flush()
        recorder.end(None, free=False)
        assert await reading == ([1, 2, 3, 4], LARGE)


async def test_the_answer_of_a_dead_owner_is_unknown(tmp_path: Path) -> None:
    given = kept(request_id=ID)
    async with opened(tmp_path) as owner:
        await owner.claim(given)
        recorder = owner.record(given)
        for batch in events(LARGE)[:3]:
            recorder.add(batch)
    async with opened(tmp_path) as store:
        data, error = await until_error(store.read(kept(request_id=ID), 0, 0), OutcomeUnknown)
        assert (data, error.metadata) == (LARGE[:100_000], {"completion_id": "cmpl-1"})
        found = await store.claim(kept("cmpl-2", request_id=ID))
        assert found is not None
        assert not await store.is_alive(found)


@pytest.mark.parametrize("picture", [SMALL, LARGE], ids=len)
async def test_an_offset_beyond_the_file_is_named(tmp_path: Path, picture: bytes) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(picture))
        for offset in (len(picture) + 1, 2**53, 2**63 - 1):
            with pytest.raises(InvalidRequest, match=f"offset: is beyond the {len(picture)} bytes that event 2 began"):
                await read(store, kept(), 2, offset)


@pytest.mark.parametrize("after", [5, 2**63 - 1])
async def test_a_sequence_beyond_the_last_is_named(tmp_path: Path, after: int) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(SMALL))
        assert await read(store, kept(), 4) == ([], b"")
        with pytest.raises(InvalidRequest, match="after_sequence: is beyond event 4, the last one; send the last one"):
            await read(store, kept(), after)


async def test_an_answer_that_is_removed_while_it_is_read_is_not_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(request_id=ID), events(LARGE))
        reading = store.read(kept(request_id=ID), 0, 0)
        await anext(reading)
        await store.delete_image("me", "img-1")
        with pytest.raises(AnswerNotKept):
            await anext(store.read(kept(), 0, 0))
        await reading.aclose()


@pytest.mark.parametrize("picture", [SMALL, LARGE], ids=len)
async def test_a_picture_that_is_removed_before_its_bytes_are_read_is_not_shown_empty(
    tmp_path: Path, picture: bytes
) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(request_id=ID), events(picture))
        reading = store.read(kept(request_id=ID), 0, 0)
        for _ in range(2):
            await anext(reading)
        await store.delete_image("me", "img-1")
        with pytest.raises(AnswerNotKept):
            await anext(reading)


@pytest.mark.parametrize("picture", [SMALL, LARGE], ids=len)
async def test_a_request_is_read_back_where_it_was_asked(tmp_path: Path, picture: bytes) -> None:
    asked = pb.Spec(model="m", messages=[pb.ChatMessage(content="x")])
    async with opened(tmp_path) as store:
        await put(store, kept(), events(picture), asked=asked)
        await put(store, kept("cmpl-2"), events(picture, "img-2"))
        assert await store.request(kept()) == asked
        assert await store.request(kept("cmpl-2")) is None
        assert await store.request(kept("cmpl-3")) is None


async def test_an_answer_that_failed_ends_with_its_error(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(LARGE)[:2], Cut("broke off"))
        data, error = await until_error(store.read(kept(request_id=ID), 0, 0), StoredError)
        assert (data, error.message) == (LARGE[:50_000], "broke off")


@pytest.mark.parametrize("after", [1, 3, 4])
async def test_an_offset_where_no_file_begins_is_named(tmp_path: Path, after: int) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(SMALL))
        with pytest.raises(InvalidRequest, match=f"offset: is beyond the 0 bytes that event {after} began"):
            await read(store, kept(), after, 5)
        assert await read(store, kept(), 3) == ([4], b"")


@pytest.fixture
def pausing(monkeypatch: pytest.MonkeyPatch) -> Pausing:
    """Has something done, instead of a pause, when a reader finds nothing. Returns the pauses."""

    def do(on_pause: Callable[[int], Awaitable[None]]) -> list[float]:
        pauses: list[float] = []

        async def pause(seconds: float) -> None:
            pauses.append(seconds)
            await on_pause(len(pauses))

        monkeypatch.setattr(reader, "asyncio", SimpleNamespace(to_thread=asyncio.to_thread, sleep=pause))
        return pauses

    return do


async def test_while_nothing_comes_it_is_looked_for_less_often(tmp_path: Path, pausing: Pausing) -> None:
    async with opened(tmp_path) as writer, opened(tmp_path) as store:
        given = kept(request_id=ID)
        await writer.claim(given)

        async def on_pause(number: int) -> None:
            if number == 6:
                await put(writer, given, events(LARGE))

        pauses = pausing(on_pause)
        assert await read(store, given) == ([1, 2, 3, 4], LARGE)
        assert pauses == [0.02, 0.04, 0.08, 0.16, 0.25, 0.25]


async def test_a_picture_is_read_while_it_grows(tmp_path: Path, pausing: Pausing) -> None:
    async with opened(tmp_path) as writer, opened(tmp_path) as store:
        given = kept(request_id=ID)
        await writer.claim(given)
        recorder = writer.record(given)
        batches = events(LARGE)
        arriving = [batches[:3], batches[3:-2], batches[-2:-1], batches[-1:]]

        async def on_pause(_: int) -> None:
            for batch in arriving.pop(0):
                recorder.add(batch)
            if not arriving:
                recorder.end(None, free=False)
            await writer.flush()

        pausing(on_pause)
        assert await read(store, given) == ([1, 2, 3, 4], LARGE)
        assert arriving == []


async def test_an_answer_whose_row_is_damaged_is_not_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(SMALL))

        def damage() -> None:
            log = (store.database.log("cmpl-1") or b"")[:-3]
            row = completion_row(kept(), State.ENDED, len(log), log)
            store.database.put_small(SmallRows(completions=[row]))

        await store.writer.call(damage)
        with pytest.raises(AnswerNotKept):
            await read(store, kept())


async def test_an_answer_that_is_another_ones_is_read_from_there(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        first = store.record(kept("cmpl-1"))
        for some in events(LARGE):
            first.add(some)
        first.end(None, free=False)
        second = kept("cmpl-2", request_id=ID)
        assert await store.claim(second) is None
        store.record(second).end(None, free=False, answer="cmpl-1")
        found = await store.find("me", request_id=ID)
        assert found is not None
        told = [event async for some in store.read(found, 0, 0) for event in some]
        assert b"".join(event.data for event in told if isinstance(event, Chunk)) == LARGE
        assert told[-1].finished.usage.cached_answer
        middle = [event async for some in store.read(found, 2, 1000) for event in some]
        assert b"".join(event.data for event in middle if isinstance(event, Chunk)) == LARGE[1000:]
        await store.delete(kept("cmpl-1"))
        with pytest.raises(AnswerNotKept):
            await anext(store.read(found, 0, 0))
