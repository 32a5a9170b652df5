"""The store on one machine, from outside: what is put in comes out, for its caller alone, and only once."""

import hashlib
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from imagewire_server.contract import pb
from imagewire_server.contract.errors import Overloaded
from imagewire_server.contract.keep_errors import AnswerNotKept
from imagewire_server.core.store.local.database import SmallRows
from imagewire_server.core.store.records import KeptImage, State
from imagewire_server.core.store.store import Damaged, StoreDown
from tests.unit.core.store.local.stores import ID, LARGE, SMALL, events, files, kept, opened, put, read, total


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


async def test_a_database_that_fails_is_a_store_that_is_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    async with opened(tmp_path) as store:
        monkeypatch.setattr(store._claims, "claim", fail)
        monkeypatch.setattr(store._reads, "image", fail)
        monkeypatch.setattr(store._reads, "by_id", fail)
        with pytest.raises(StoreDown, match="disk I/O error"):
            await read(store, kept())
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


@pytest.mark.parametrize("picture", [SMALL, LARGE], ids=len)
async def test_an_answer_is_deleted_with_its_pictures(tmp_path: Path, picture: bytes) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(), events(picture))
        image = await store.image("me", image_id="img-1")
        assert image is not None
        await store.delete(kept())
        assert await store.find("me", completion_id="cmpl-1") is None
        with pytest.raises(Damaged, match="the picture is no longer kept"):
            await store.image_bytes(image, 0, 5)
        assert (files(tmp_path), await total(store)) == ([], 0)


async def test_an_input_picture_is_kept_with_what_was_asked(tmp_path: Path) -> None:
    asked = pb.Spec(model="m", messages=[pb.ChatMessage(content="x", image=pb.Image(data=LARGE))])
    async with opened(tmp_path) as store:
        for ident in "cmpl-1", "cmpl-2":
            await put(store, kept(ident), events(SMALL, ident), asked=asked)
        request = await store.request(kept())
        assert request is not None
        image = await store.image("me", sha256=request.messages[0].image.sha256)
        assert image is not None
        assert await store.image_bytes(image, 0, len(LARGE)) == LARGE
        assert len([file for file in files(tmp_path) if file.parent.parent.name == "objects"]) == 1
        await store.delete(kept())
        assert await store.image_bytes(image, 0, len(LARGE)) == LARGE, "the other answer has it"


@pytest.mark.parametrize("is_gone", [False, True])
async def test_an_input_picture_whose_file_is_damaged_is_written_again(tmp_path: Path, is_gone: bool) -> None:
    asked = pb.Spec(model="m", messages=[pb.ChatMessage(content="x", image=pb.Image(data=LARGE))])
    async with opened(tmp_path) as store:
        await put(store, kept(), events(SMALL), asked=asked)
        [file] = [one for one in files(tmp_path) if one.parent.parent.name == "objects"]
        file.unlink() if is_gone else file.write_bytes(LARGE[1:])
        await put(store, kept("cmpl-2"), events(SMALL, "img-2"), asked=asked)
        assert file.read_bytes() == LARGE
        assert await total(store) < 2 * len(LARGE)


@pytest.mark.parametrize("picture", [SMALL, LARGE], ids=len)
async def test_an_upload_mends_what_is_damaged(tmp_path: Path, picture: bytes) -> None:
    sha256 = hashlib.sha256(picture).digest()
    async with opened(tmp_path) as store:
        await put(store, kept(), events(picture))
        before = await total(store)

        def damage() -> None:
            if not files(tmp_path):
                store.database.put_small(SmallRows(objects=[(sha256, len(picture), picture[1:])]))
            for file in files(tmp_path):
                if file.name == sha256.hex():
                    file.write_bytes(picture[1:])

        await store.writer.call(damage)
        with pytest.raises(AnswerNotKept):
            await read(store, kept())
        async with store.upload() as upload:
            await upload.write(picture)
            await upload.save(
                KeptImage("img-u", "me", sha256, len(picture), "image/png", 3, 4, time.time() + 1000),
            )
        assert await read(store, kept()) == ([1, 2, 3, 4], picture)
        assert await total(store) == before
        await store.delete_image("me", "img-u")
        await store.delete(kept())
        assert (files(tmp_path), await total(store)) == ([], 0)


async def test_a_small_answer_mends_what_is_damaged(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        recorder = store.record(kept())
        for batch in events(SMALL):
            recorder.add(batch)
            recorder.let_go()
        recorder.end(None, free=False)
        recorder.release()
        await store.flush()
        [file] = [one for one in files(tmp_path) if one.parent.parent.name == "objects"]
        file.unlink()
        await put(store, kept("cmpl-2"), events(SMALL, "img-2"))
        assert await read(store, kept()) == ([1, 2, 3, 4], SMALL)


async def test_an_upload_is_a_picture_of_its_callers(tmp_path: Path) -> None:
    sha256 = hashlib.sha256(LARGE).digest()
    image = KeptImage("img-u", "me", sha256, len(LARGE), "image/png", 3, 4, time.time() + 1000)
    async with opened(tmp_path) as store:
        async with store.upload() as upload:
            await upload.write(LARGE)
            await upload.save(image)
        assert await store.image("me", image_id="img-u") == image


async def test_what_is_not_ended_when_the_store_closes_is_closed(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        recorder = store.record(kept())
        for batch in events(LARGE)[:3]:
            recorder.add(batch)
        await store.flush()
        assert recorder._writer._log is not None
    assert (recorder._writer._log, recorder._writer._file) == (None, None)


@pytest.mark.parametrize("request_id", ["", ID])
async def test_answers_that_a_database_does_not_take_are_marked_when_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request_id: str
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    async with opened(tmp_path) as store:
        given = kept(request_id=request_id)
        if request_id:
            await store.claim(given)
        with monkeypatch.context() as patch:
            for name in "put", "put_small", "delete":
                patch.setattr(store.database, name, fail)
            store._tries_at = float("inf")
            recorder = store.record(given)
            for batch in events(SMALL):
                recorder.add(batch)
            recorder.end(None, free=False)
            await store.flush()
            await store.flush()  # behind the transaction of the first
            assert (recorder.failed, store.is_down) == (True, True)
        store._tries_at = 0.0
        await store.writer.call(store._look)
        assert not store.is_down
        found = await store.writer.call(lambda: store.database.by_id("cmpl-1"))
        assert (found and found.state) == (State.NOT_KEPT if request_id else None)


async def test_the_newest_answer_is_found_by_its_key(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        for ident, picture in (("cmpl-1", SMALL), ("cmpl-2", LARGE)):
            recorder = store.record(kept(ident))
            for some in events(picture, f"img-{ident}"):
                recorder.add(some)
            recorder.end(None, free=False, cache_key=b"key")
            found = await store.cached("me", b"key", 0.0)
            assert found is not None
            assert found.completion_id == ident
        assert await store.cached("you", b"key", 0.0) is None
        assert await store.cached("me", b"other", 0.0) is None
        assert await store.cached("me", b"key", time.time() + 60) is None
        assert await store.delete_image("me", "img-cmpl-2")
        assert await store.cached("me", b"key", 0.0) is None


async def test_an_answer_is_no_longer_found(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        recorder = store.record(kept())
        for some in events(SMALL):
            recorder.add(some)
        recorder.end(None, free=False, cache_key=b"key")
        await store.forget_cached("me", b"key")
        assert await store.cached("me", b"key", 0.0) is None
        assert await store.find("me", completion_id="cmpl-1") is not None


async def test_what_is_prolonged_is_found_beyond_its_time(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        given = kept()
        await put(store, given, events(SMALL))
        until = given.expires + 500
        await store.prolong(until, image_ids=["img-1"])
        found, image = await store.find("me", completion_id="cmpl-1"), await store.image("me", image_id="img-1")
        assert (found and found.expires, image and image.expires) == (until, until)
        await store.prolong(until + 1, completion_ids=["cmpl-1"])
        found = await store.find("me", completion_id="cmpl-1")
        assert (found and found.expires) == until + 1
