"""A local store within its bounds: of bytes, of time, and of files that nothing knows."""

import hashlib
import os
import time
from pathlib import Path

from imagewire_server.core.store.records import KeptImage
from tests.unit.core.store.local.stores import (
    ID,
    LARGE,
    events,
    files,
    kept,
    opened,
    put,
    read,
    total,
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


async def test_uploaded_pictures_make_room_too(tmp_path: Path) -> None:
    async with opened(tmp_path, max_bytes=1_000_000) as store:
        for i in range(5):
            data = bytes([i]) * 250_000
            async with store.upload() as upload:
                await upload.write(data)
                sha256 = hashlib.sha256(data).digest()
                image = KeptImage(f"img-{i}", "me", sha256, len(data), "image/png", 3, 4, time.time() + 1000)
                await upload.save(image)
        await store.writer.call(store.make_room)
        assert await total(store) <= 1_000_000
        assert await store.writer.call(lambda: store.database.image("me", "img-0", b"")) is None


async def test_what_is_drawn_stays_where_there_is_no_room(tmp_path: Path) -> None:
    async with opened(tmp_path, max_bytes=100) as store:
        drawn = kept(request_id=ID)
        await store.claim(drawn)
        recorder = store.record(drawn)
        for batch in events(LARGE)[:-1]:
            recorder.add(batch)
        recorder.let_go()
        await store.writer.call(store.make_room)
        assert await total(store) > 100
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
