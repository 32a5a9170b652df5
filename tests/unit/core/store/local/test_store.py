"""The store on one machine, from outside: what is put in comes out, for its caller alone, and only once."""

import asyncio
import hashlib
import os
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Cut, Overloaded
from imagewire_server.contract.keep_errors import AnswerNotKept, OutcomeUnknown
from imagewire_server.core.store.local.store import LocalStore
from imagewire_server.core.store.log_format import StoredError
from imagewire_server.core.store.records import State
from imagewire_server.core.store.store import StoreDown
from tests.unit.core.store.local.stores import LARGE, SMALL, events, kept, opened, put, read

ID = "2f1c6ad8-90c1-4d3b-8a0c-6f1d9a3b5e77"


async def total(store: LocalStore) -> int:
    """The bytes that are kept, as the store counts them."""
    return await store.writer.call(lambda: store.database.total)


def files(folder: Path) -> list[Path]:
    """The logs, parts and objects."""
    return [path for name in ("logs", "parts", "objects") for path in (folder / name).rglob("*") if path.is_file()]


async def until_error(store: LocalStore, error: type[Exception]) -> tuple[bytes, Any]:
    """The bytes of an answer's files, and what it ends with."""
    data = b""
    try:
        async for batch in store.read(kept(request_id=ID), 0, 0):
            data += b"".join(getattr(event, "data", b"") for event in batch)
    except error as raised:
        return data, raised
    raise AssertionError("the answer was complete")


@pytest.mark.parametrize("picture", [SMALL, LARGE], ids=len)
async def test_an_answer_comes_out_as_it_went_in(tmp_path: Path, picture: bytes) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(picture))
        assert await read(store, kept()) == ([1, 2, 3, 4], picture)
        assert await read(store, kept(), 2, len(picture) - 5) == ([3, 4], picture[-5:])
        assert await read(store, kept(), 3) == ([4], b"")
        found = await store.find("me", completion_id="cmpl-1")
        assert found is not None
        assert found.state is State.ENDED


@pytest.mark.parametrize("picture", [SMALL, LARGE], ids=len)
async def test_a_picture_is_its_callers(tmp_path: Path, picture: bytes) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(picture))
        image = await store.image("me", image_id="img-1")
        assert image is not None
        assert image == await store.image("me", sha256=hashlib.sha256(picture).digest())
        assert (image.size, image.width, image.height) == (len(picture), 3, 4)
        assert await store.image_bytes(image, 10, 20) == picture[10:30]
        assert await store.image_bytes(image, len(picture), 20) == b""
        for caller, name in ("you", {"image_id": "img-1"}), ("me", {"image_id": "img-2"}), ("me", {"sha256": b"x"}):
            assert await store.image(caller, **name) is None  # type: ignore[arg-type]
        assert await store.find("you", completion_id="cmpl-1") is None


async def test_a_request_id_is_taken_once(tmp_path: Path) -> None:
    first, second = kept(request_id=ID), kept("cmpl-2", request_id=ID)
    async with opened(tmp_path / "a") as one, opened(tmp_path / "a") as other:
        assert await one.claim(first) is None
        found = await other.claim(second)
        assert found is not None
        assert (found.completion_id, found.state) == ("cmpl-1", State.RUNNING)
        assert await other.is_alive(found)
        assert await other.claim(kept("cmpl-3", request_id=ID, caller="you")) is None
        await put(one, first, events(SMALL))
        found = await other.find("me", request_id=ID)
        assert found is not None
        assert found.state is State.ENDED
        assert await other.claim(second) == found


async def test_what_was_free_may_be_asked_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        first = kept(request_id=ID)
        assert await store.claim(first) is None
        await put(store, first, [], Overloaded("no slot"), free=True)
        with pytest.raises(Exception, match="no slot"):
            await read(store, first)
        assert await store.claim(kept("cmpl-2", request_id=ID)) is None


async def test_what_was_free_and_has_no_request_id_is_not_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(SMALL)[:1], Overloaded("no slot"), free=True)
        assert await store.find("me", completion_id="cmpl-1") is None


@pytest.mark.parametrize("picture", [SMALL, LARGE], ids=len)
async def test_a_cut_answer_ends_with_its_error(tmp_path: Path, picture: bytes) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(picture)[:2], Cut("broke off"))
        data, error = await until_error(store, StoredError)
        assert (data, error.message, error.charged) == (picture[:50_000], "broke off", True)


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
            patch.setattr(os, "write", full)
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


async def test_a_database_that_fails_is_a_store_that_is_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    async with opened(tmp_path) as store:
        monkeypatch.setattr(store.database, "claim", fail)
        monkeypatch.setattr(store._reads, "image", fail)
        with pytest.raises(StoreDown, match="disk I/O error"):
            await store.claim(kept(request_id=ID))
        with pytest.raises(StoreDown):
            await store.image("me", image_id="x")


async def test_a_picture_is_deleted_with_its_answer(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(LARGE))
        await put(store, kept("cmpl-2"), events(LARGE, "img-2"))
        assert not await store.delete_image("you", "img-1")
        assert await store.delete_image("me", "img-1")
        assert await store.find("me", completion_id="cmpl-1") is None
        assert await read(store, kept("cmpl-2")) == ([1, 2, 3, 4], LARGE), "the same bytes, still used"
        assert await store.delete_image("me", "img-2")
        assert files(tmp_path) == []
        assert await total(store) == 0


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


async def test_the_cap_holds_and_the_oldest_go_first(tmp_path: Path) -> None:
    async with opened(tmp_path, max_bytes=1_000_000) as store:
        for i in range(12):
            picture = bytes([i]) * 250_000
            await put(store, kept(f"cmpl-{i}", created=time.time() + i), events(picture, f"img-{i}"))
        assert await total(store) <= 1_000_000
        assert await store.find("me", completion_id="cmpl-0") is None
        assert await read(store, kept("cmpl-11")) == ([1, 2, 3, 4], bytes([11]) * 250_000)
        assert sum(path.stat().st_size for path in files(tmp_path)) <= 1_000_000


async def test_what_has_expired_is_gone(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(expires=time.time() - 1), events(LARGE))
        assert await store.find("me", completion_id="cmpl-1") is None
        assert await store.image("me", image_id="img-1") is None
        await store.writer.call(store._sweep.expire)
        assert files(tmp_path) == []
        assert await total(store) == 0


async def test_files_that_nothing_knows_are_removed(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(LARGE))
        (tmp_path / "objects/00").mkdir(exist_ok=True)
        lost = [tmp_path / "logs/cmpl-x", tmp_path / "parts/cmpl-x.0", tmp_path / "objects/00" / ("00" * 32)]
        new = tmp_path / "parts/cmpl-y.0"
        for file in (*lost, new):
            file.write_bytes(b"x")
        for file in lost:
            os.utime(file, (0, 0))
        await store.writer.call(store._sweep.collect)
        assert [file.exists() for file in (*lost, new)] == [False, False, False, True]
        assert await read(store, kept()) == ([1, 2, 3, 4], LARGE)
