"""A local store within its bounds: of bytes, of time, and of files that nothing knows."""

import os
import time
from pathlib import Path

from tests.unit.core.store.local.stores import (
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
