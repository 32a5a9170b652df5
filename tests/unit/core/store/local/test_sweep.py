"""A local store within its bounds: of bytes, of time, and of files that nothing knows."""

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from imagewire_server.contract.errors import Overloaded
from imagewire_server.contract.keep_errors import AnswerNotKept
from imagewire_server.core.store.local.store import LocalStore
from imagewire_server.core.store.records import KeptImage, State
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


async def test_the_cap_holds_and_the_oldest_go_first(tmp_path: Path) -> None:
    async with opened(tmp_path, max_bytes=1_000_000) as store:
        for i in range(12):
            picture = bytes([i]) * 250_000
            await put(store, kept(f"cmpl-{i}", created=time.time() + i), events(picture, f"img-{i}"))
        assert await total(store) <= 1_000_000
        assert await store.find("me", completion_id="cmpl-0") is None
        assert await read(store, kept("cmpl-11")) == ([1, 2, 3, 4], bytes([11]) * 250_000)
        assert sum(path.stat().st_size for path in files(tmp_path)) <= 1_000_000


async def uploaded(store: LocalStore, number: int) -> None:
    """A picture of 250000 bytes."""
    data = bytes([number]) * 250_000
    async with store.upload() as upload:
        await upload.write(data)
        sha256 = hashlib.sha256(data).digest()
        image = KeptImage(f"img-{number}", "me", sha256, len(data), "image/png", 3, 4, time.time() + 1000)
        await upload.save(image)


async def test_answers_and_uploads_make_room_together_the_oldest_first_and_no_more_than_needed(tmp_path: Path) -> None:
    async with opened(tmp_path, max_bytes=1_000_000) as store:
        ids = [f"img-{i}" for i in range(7)]
        for i in range(7):
            if i % 2:
                await put(store, kept(f"cmpl-{i}"), events(bytes([i]) * 250_000, f"img-{i}"))
            else:
                await uploaded(store, i)
            here = [await store.writer.call(lambda k=k: store.database.image("me", k, b"")) for k in ids[: i + 1]]  # type: ignore[misc]
            assert [one is not None for one in here] == [i - k < 3 for k in range(i + 1)], i


async def test_what_made_room_is_not_paid_for_again(tmp_path: Path) -> None:
    async with opened(tmp_path, max_bytes=1_000_000) as store:
        for i in range(5):
            given = kept(f"cmpl-{i}", request_id=ID if i == 0 else "")
            if i == 0:
                await store.claim(given)
            await put(store, given, events(bytes([i]) * 250_000, f"img-{i}"))
        found = await store.claim(kept("cmpl-9", request_id=ID))
        assert found is not None
        assert (found.completion_id, found.state, found.fingerprint) == ("cmpl-0", State.NOT_KEPT, b"f")
        for name in {"request_id": ID}, {"completion_id": "cmpl-0"}:
            again = await store.find("me", **name)
            assert again == found
            with pytest.raises(AnswerNotKept):
                await read(store, again)
        assert await store.image("me", image_id="img-0") is None
        assert "cmpl-0" not in [old.ident for old in await store.writer.call(lambda: store.database.oldest(9))]
        later = replace(found, completion_id="cmpl-l", expires=time.time() - 1, request_id=ID.replace("2", "3"))
        await store.writer.call(lambda: store.database.put(later))
        await store.writer.call(store._sweep.expire)
        assert await store.writer.call(lambda: store.database.by_id("cmpl-l")) is None


async def test_room_is_made_behind_many_that_are_drawn(tmp_path: Path) -> None:
    async with opened(tmp_path, max_bytes=1_000_000) as store:
        for i in range(70):
            drawn = kept(f"cmpl-{i}", owner=store.owner, created=1.0 + i)
            await store.writer.call(lambda drawn=drawn: store.database.put(drawn))  # type: ignore[misc]
        for i in range(6):
            await put(store, kept(f"cmpl-{100 + i}"), events(bytes([i]) * 250_000, f"img-{i}"))
        assert await total(store) <= 1_000_000


async def test_an_answer_that_its_caller_still_reads_makes_no_room(tmp_path: Path) -> None:
    async with opened(tmp_path, max_bytes=1_000_000) as store, opened(tmp_path, max_bytes=1_000_000) as other:
        recorder = store.record(kept(created=1.0))
        for batch in events(bytes(400_000)):
            recorder.add(batch)
        recorder.end(None, free=False)
        await store.flush()
        reading = store.read(kept(), 0, 0)
        await anext(reading)
        for i in range(4):
            await put(other, kept(f"cmpl-{i}-other"), events(bytes([i + 1]) * 250_000, f"img-{i}"))
        assert await store.find("me", completion_id="cmpl-1") is not None
        assert len([one async for one in reading]) > 3
        recorder.release()
        recorder.release()
        await store.flush()
        await put(other, kept("cmpl-5"), events(bytes([9]) * 400_000, "img-9"))
        assert await store.find("me", completion_id="cmpl-1") is None


async def test_an_answer_that_outgrows_the_store_is_read_to_its_end(tmp_path: Path) -> None:
    async with opened(tmp_path, max_bytes=1_000_000) as store:
        await put(store, kept("cmpl-0"), events(SMALL, "img-0"))
        given = kept(request_id=ID)
        await store.claim(given)
        recorder = store.record(given)
        arriving = events(bytes(1_000_000))
        for batch in arriving[:-2]:
            recorder.add(batch)
        await store.flush()
        assert recorder.failed
        assert not store.is_down
        reading = store.read(given, 0, 0)
        assert [len(await anext(reading)) for _ in range(3)] == [1, 1, 1]
        recorder.end(None, free=False)
        await store.flush()
        had, error = await until_error(reading, AnswerNotKept)  # memory has the rest
        assert (len(had) > 500_000, error.reason) == (True, "ANSWER_NOT_KEPT")
        recorder.release()
        await store.flush()
        assert await read(store, kept("cmpl-0")) == ([1, 2, 3, 4], SMALL)
        assert [file.name for file in files(tmp_path)] == []
        found = await store.claim(kept("cmpl-3", request_id=ID))
        assert found is not None
        assert found.state is State.NOT_KEPT


async def test_what_is_drawn_stays_where_there_is_no_room(tmp_path: Path) -> None:
    async with opened(tmp_path, max_bytes=300_000) as store:
        drawn = kept(request_id=ID)
        await store.claim(drawn)
        recorder = store.record(drawn)
        for batch in events(LARGE)[:-1]:
            recorder.add(batch)
        recorder.let_go()
        left = 300_000 - await total(store)
        await store.writer.call(lambda: store.database.put_upload("upload-1", store.owner, left))
        assert await store.writer.call(store.make_room)
        assert await total(store) == 300_000
        assert await store.find("me", completion_id="cmpl-1") is not None
        recorder.end(None, free=False)


async def test_what_is_named_is_removed_with_its_files(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        for ident, image in ("cmpl-1", "img-1"), ("cmpl-2", "img-2"):
            await put(store, kept(ident), events(LARGE, image))
        await store.writer.call(lambda: store._sweep.remove(["cmpl-1"], ["img-2"]))
        assert await store.writer.call(lambda: store.database.by_id("cmpl-1")) is None
        assert [file.name for file in files(tmp_path)] == ["cmpl-2"]  # its log


async def test_what_has_expired_is_gone(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await put(store, kept(expires=time.time() - 1), events(LARGE))
        assert await store.find("me", completion_id="cmpl-1") is None
        assert await store.image("me", image_id="img-1") is None
        await store.writer.call(store._sweep.expire)
        assert files(tmp_path) == []
        assert await total(store) == 0


async def test_what_has_expired_is_gone_behind_many_that_are_drawn(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        for i in range(70):
            drawn = kept(f"cmpl-{i}", owner=store.owner, expires=1.0 + i)
            await store.writer.call(lambda drawn=drawn: store.database.put(drawn))  # type: ignore[misc]
        await put(store, kept("cmpl-over", expires=time.time() - 1), events(SMALL))
        await store.writer.call(store._sweep.expire)
        left, _ = await store.writer.call(lambda: store.database.expired(99))
        assert sorted(one.completion_id for one in left) == sorted(f"cmpl-{i}" for i in range(70))


async def test_a_long_sweep_is_seen_to_go_on_and_holds_no_other_process(tmp_path: Path) -> None:
    async with opened(tmp_path, max_bytes=1_000_000) as store:
        await store.flush()  # behind the sweep that each store begins with
        (tmp_path / "objects/00").mkdir(exist_ok=True)
        for i in range(200):
            file = tmp_path / "objects/00" / f"{i:064x}"
            file.write_bytes(b"x")
            os.utime(file, (0, 0))
            answer = kept(f"cmpl-{i}", state=State.ENDED)
            await store.writer.call(lambda answer=answer: store.database.put(answer, 10_000))  # type: ignore[misc]
        over = [kept(f"over-{i}", state=State.ENDED, expires=1.0) for i in range(200)]
        seen: list[bool] = []
        store._sweep._goes_on = lambda: seen.append(store.database._db.in_transaction)

        def looks(work: Callable[[], None]) -> int:
            seen.clear()
            work()
            assert True not in seen
            return len(seen)

        for each in over:
            await store.writer.call(lambda each=each: store.database.put(each))  # type: ignore[misc]
        assert await store.writer.call(lambda: looks(store._sweep.expire)) >= 200 // 64
        assert await store.writer.call(lambda: looks(store._sweep.make_room)) >= 100 // 64
        assert await total(store) <= 900_000
        assert await store.writer.call(lambda: looks(store._sweep.collect)) >= 200
        assert not list((tmp_path / "objects/00").iterdir())


async def test_a_file_that_comes_into_use_as_it_is_looked_at_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as store:
        await store.flush()
        file = tmp_path / "objects/00" / f"{0:064x}"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"x")
        os.utime(file, (0, 0))
        looks: list[bool] = []

        def look(_: bytes) -> object:
            looks.append(store.database._db.in_transaction)
            return None if len(looks) == 1 else (1, None)

        monkeypatch.setattr(store.database, "object", look)
        await store.writer.call(store._sweep.collect)
        assert (looks, file.exists()) == ([False, True], True)


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


async def test_a_deleted_answer_has_its_request_id_only_where_it_may_have_been_charged(tmp_path: Path) -> None:
    charged, free = kept("cmpl-1", request_id=ID), kept("cmpl-2", request_id=ID.replace("2", "3"))
    async with opened(tmp_path) as store:
        await put(store, charged, events(LARGE, "img-1"))
        await put(store, free, events(LARGE, "img-2")[:-1], Overloaded("no slot"), free=True)
        await put(store, kept("cmpl-3"), events(LARGE, "img-3"))
        await uploaded(store, 9)
        await store.writer.call(lambda: store._sweep.release(["cmpl-1", "cmpl-2", "cmpl-3", "none"], ["img-9"]))
        left = [await store.writer.call(lambda k=k: store.database.by_id(f"cmpl-{k}")) for k in (1, 2, 3)]  # type: ignore[misc]
        assert [one and one.state for one in left] == [State.NOT_KEPT, None, None]
        assert (files(tmp_path), await total(store)) == ([], 0)


async def test_what_is_left_of_an_upload_goes_with_its_owner(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        for owner in store.owner, "nobody":
            (tmp_path / "parts" / f"upload-{owner}").write_bytes(b"x")
            await store.writer.call(lambda owner=owner: store.database.put_upload(f"upload-{owner}", owner, 1))  # type: ignore[misc]
        (tmp_path / "owners/left").touch()
        await store.writer.call(store._sweep.expire)
        assert [file.name for file in (tmp_path / "owners").iterdir()] == [store.owner]
        assert await store.writer.call(store.database.uploads) == [(f"upload-{store.owner}", store.owner)]
        assert [file.name for file in files(tmp_path)] == [f"upload-{store.owner}"]
