"""How an answer is read back: from any position, while another process writes it, and after that has died."""

import asyncio
from pathlib import Path

import pytest

from imagewire_server.contract.errors import InvalidRequest
from imagewire_server.contract.keep_errors import AnswerNotKept, OutcomeUnknown
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


async def test_a_reader_follows_what_another_process_writes(tmp_path: Path) -> None:
    async with opened(tmp_path) as writer, opened(tmp_path) as reader:
        given = kept(request_id=ID)
        await writer.claim(given)
        recorder = writer.record(given)
        reading = asyncio.create_task(read(reader, given))
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
        data, error = await until_error(store, OutcomeUnknown)
        assert (data, error.metadata) == (LARGE[:100_000], {"completion_id": "cmpl-1"})
        found = await store.claim(kept("cmpl-2", request_id=ID))
        assert found is not None
        assert not await store.is_alive(found)


@pytest.mark.parametrize("picture", [SMALL, LARGE], ids=len)
async def test_an_offset_beyond_the_file_is_named(tmp_path: Path, picture: bytes) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(picture))
        with pytest.raises(InvalidRequest, match=f"offset: is beyond the {len(picture)} bytes that event 2 began"):
            await read(store, kept(), 2, len(picture) + 1)


async def test_an_answer_that_is_removed_while_it_is_read_is_not_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(request_id=ID), events(LARGE))
        reading = store.read(kept(request_id=ID), 0, 0)
        await anext(reading)
        await store.delete_image("me", "img-1")
        with pytest.raises(AnswerNotKept):
            await anext(store.read(kept(), 0, 0))
        await reading.aclose()


async def test_an_answer_whose_request_is_not_known(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        assert await store.request(kept()) is None
