"""How an answer is written: as a row or as files, also where the disk does not take it."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Cut, Overloaded
from imagewire_server.contract.keep_errors import AnswerNotKept
from imagewire_server.core.store.local.small_answers import HELD
from imagewire_server.core.store.log_format import StoredError
from imagewire_server.core.store.records import State
from imagewire_server.core.store.store import StoreDown
from tests.unit.core.store.local.stores import (
    ID,
    LARGE,
    SMALL,
    events,
    files,
    kept,
    opened,
    put,
    read,
    total,
    until_error,
)


@pytest.mark.parametrize("picture", [SMALL, LARGE], ids=len)
async def test_a_cut_answer_ends_with_its_error(tmp_path: Path, picture: bytes) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(picture)[:2], Cut("broke off"))
        data, error = await until_error(store.read(kept(request_id=ID), 0, 0), StoredError)
        assert (data, error.message, error.charged) == (picture[:50_000], "broke off", True)


async def test_a_disk_that_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    async with opened(tmp_path) as store:
        given = kept(request_id=ID)
        await store.claim(given)
        told: list[bool] = []
        recorder = store.record(given)
        recorder.on_progress(lambda: told.append(recorder.failed))
        with monkeypatch.context() as patch:
            patch.setattr(os, "writev", full)
            for batch in events(LARGE):
                recorder.add(batch)
            recorder.end(None, free=False)
            await store.flush()
            assert (told[-1], store.is_down, store.record(kept("cmpl-2")).failed) == (True, True, True)
        with pytest.raises(AnswerNotKept):
            await read(store, given)
        found = await store.claim(kept("cmpl-3", request_id=ID))
        assert found is not None
        assert found.state is State.NOT_KEPT
        store._tries_at = 0.0
        await store.writer.call(store._look)
        assert not store.is_down
        await put(store, kept("cmpl-4"), events(LARGE))
        assert await read(store, kept("cmpl-4")) == ([1, 2, 3, 4], LARGE)
    assert list((tmp_path / "parts").iterdir()) == []


async def test_what_is_held_for_a_moment_is_written(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        recorder = store.record(kept())
        recorder.add(events(SMALL)[0])
        await store.flush()
        assert not (tmp_path / "logs/cmpl-1").exists()
        async with asyncio.timeout(60):
            while not recorder.written:
                await store.flush()
        assert asyncio.get_running_loop().time() >= recorder.began + HELD
        assert (tmp_path / "logs/cmpl-1").exists()
        for batch in events(SMALL)[1:]:
            recorder.add(batch)
        recorder.end(None, free=False)
        await store.flush()
        assert await read(store, kept()) == ([1, 2, 3, 4], SMALL)


async def test_what_was_free_and_has_no_request_id_is_not_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(SMALL)[:1], Overloaded("no slot"), free=True)
        assert await store.find("me", completion_id="cmpl-1") is None


async def test_it_is_settled_when_its_end_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail() -> None:
        raise StoreDown("disk I/O error")

    async with opened(tmp_path) as store:
        recorder = store.record(kept())
        for batch in events(SMALL):
            recorder.add(batch)
        recorder.end(None, free=False)
        await recorder.settle()
        assert recorder.written == sum(len(batch) for batch in events(SMALL))
        with monkeypatch.context() as patch:
            patch.setattr(store, "flush", fail)
            await recorder.settle()  # a store that does not work holds nobody


async def test_what_was_asked_is_kept(tmp_path: Path) -> None:
    asked = pb.Spec(model="m", messages=[pb.ChatMessage(content="x", image=pb.Image(data=LARGE))])
    async with opened(tmp_path) as store:
        await put(store, kept(), events(SMALL), asked=asked)
        await put(store, kept("cmpl-2"), events(LARGE, "img-2"), asked=asked)
        await put(store, kept("cmpl-3"), events(LARGE, "img-3"))
        for ident in "cmpl-1", "cmpl-2":
            request = await store.request(kept(ident))
            assert request is not None
            assert (request.model, request.messages[0].content, request.messages[0].image.data) == ("m", "x", b"")
            image = await store.image("me", sha256=request.messages[0].image.sha256)
            assert image is not None
            assert await store.image_bytes(image, 0, 1 << 20) == LARGE
        assert await store.request(kept("cmpl-3")) is None
        assert await read(store, kept()) == ([1, 2, 3, 4], SMALL)


async def test_an_answer_that_begins_while_the_store_is_down_is_not_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        given = kept(request_id=ID)
        await store.claim(given)
        store.is_down, store._tries_at = True, float("inf")
        recorder = store.record(given)
        for batch in events(LARGE):
            recorder.add(batch)
        recorder.end(None, free=False)
        recorder.release()
        await store.flush()
        assert (recorder.failed, recorder.written, files(tmp_path)) == (True, 0, [])
        store.is_down = False
        found = await store.claim(kept("cmpl-2", request_id=ID))
        assert found is not None
        assert (found.completion_id, found.state) == (given.completion_id, State.NOT_KEPT)
        assert await total(store) == 0


@pytest.mark.parametrize("has_begun", [False, True])
async def test_what_is_given_up_holds_nothing_and_writes_nothing(tmp_path: Path, has_begun: bool) -> None:
    asked = pb.Spec(model="m", messages=[pb.ChatMessage(content="x", image=pb.Image(data=LARGE))])
    async with opened(tmp_path) as store:
        told: list[bool] = []
        recorder = store.record(kept())
        recorder.on_progress(lambda: told.append(recorder.failed))
        recorder.ask(asked)
        for batch in events(LARGE if has_begun else SMALL)[:-1]:
            recorder.add(batch)
        # The thread has not begun with what it was given, or finds it gone.
        recorder.give_up()
        recorder.give_up()
        assert (told, recorder._asked, recorder._held, list(recorder._open)) == ([True], None, [], [])
        recorder.ask(asked)
        recorder.add(events(SMALL)[-1])
        recorder.end(None, free=False)
        recorder.release()
        await store.flush()
        assert (recorder._asked, files(tmp_path), await total(store)) == (None, [], 0)
        assert await store.find("me", completion_id="cmpl-1") is None


async def test_a_small_answer_that_is_given_up_when_it_has_ended_is_marked(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        given = kept(request_id=ID)
        await store.claim(given)
        recorder = store.record(given)
        for batch in events(SMALL):
            recorder.add(batch)
        recorder.end(None, free=False)
        recorder.give_up()
        await recorder.settle()
        found = await store.claim(kept("cmpl-2", request_id=ID))
        assert found is not None
        assert (found.completion_id, found.state, recorder.written) == ("cmpl-1", State.NOT_KEPT, 0)
